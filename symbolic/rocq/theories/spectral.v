(* How far Wanda's lowest scores can be from the best mask in input reconstruction: at most
   the condition number of the features' correlation matrix, in squared error.

   X = U·Diag(‖X_:1‖₂, …, ‖X_:b‖₂), so UᵀU is the correlation matrix. lo and hi bound its
   Rayleigh quotient, lo‖z‖² ≤ ‖Uz‖² ≤ hi‖z‖² for all z; its extreme eigenvalues do. *)
From mathcomp Require Import all_ssreflect all_algebra.
From pruneproof Require Import sums norms objectives symwanda wanda masks.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.
Set Implicit Arguments.

Section Spectral.
Context {R : rcfType} {a b c : nat}.
Variables (X U : 'M[R]_(a, b)) (W : 'M[R]_(b, c)) (lo hi : R).
Implicit Types P Q : {set 'I_b * 'I_c}.

Let column_norms : 'M[R]_b := diag_mx (\row_j norm2 (col j X)).

Lemma norm2_of_product_by_columns (M : 'M[R]_(b, c)) :
  norm2 (U *m M) ^+ 2 = \sum_k norm2 (U *m col k M) ^+ 2.
Proof.
by rewrite -sum_of_squared_col_norms; apply: eq_bigr => k _; rewrite !colE mulmxA.
Qed.

Lemma norm2_of_scaled_change P :
  norm2 (column_norms *m (prune W P - W)) ^+ 2 = \sum_(p in P) wanda X W p.1 p.2 ^+ 2.
Proof.
rewrite norm2_squared.
rewrite (eq_bigr (fun j => \sum_k (prune W P - W) j k ^+ 2 * norm2 (col j X) ^+ 2)); last first.
  by move=> j _; apply: eq_bigr => k _; rewrite mul_diag_mx !mxE exprMn mulrC.
rewrite (sum_over_pruned W (fun j _ => norm2 (col j X) ^+ 2)).
by apply: eq_bigr => p _; rewrite exprMn real_normK ?num_real.
Qed.

Theorem wanda_scores_bound_the_reconstruction_from_below P
    (scaled : X = U *m column_norms)
    (below : forall z : 'cV[R]_b, lo * norm2 z ^+ 2 <= norm2 (U *m z) ^+ 2) :
  lo * (\sum_(p in P) wanda X W p.1 p.2 ^+ 2) <= input_reconstruction X W (prune W P).
Proof.
rewrite /input_reconstruction {2}scaled -mulmxA norm2_of_product_by_columns.
rewrite -norm2_of_scaled_change -sum_of_squared_col_norms mulr_sumr.
exact: ler_sum.
Qed.

Theorem wanda_scores_bound_the_reconstruction_from_above P
    (scaled : X = U *m column_norms)
    (above : forall z : 'cV[R]_b, norm2 (U *m z) ^+ 2 <= hi * norm2 z ^+ 2) :
  input_reconstruction X W (prune W P) <= hi * (\sum_(p in P) wanda X W p.1 p.2 ^+ 2).
Proof.
rewrite /input_reconstruction {1}scaled -mulmxA norm2_of_product_by_columns.
rewrite -norm2_of_scaled_change -sum_of_squared_col_norms mulr_sumr.
exact: ler_sum.
Qed.

Theorem lowest_wanda_scores_are_within_the_condition_number P Q
    (scaled : X = U *m column_norms) (lo_ge0 : 0 <= lo) (hi_ge0 : 0 <= hi)
    (below : forall z : 'cV[R]_b, lo * norm2 z ^+ 2 <= norm2 (U *m z) ^+ 2)
    (above : forall z : 'cV[R]_b, norm2 (U *m z) ^+ 2 <= hi * norm2 z ^+ 2)
    (same_size : #|P| = #|Q|)
    (lowest : forall p q, p \in P -> q \notin P -> wanda X W p.1 p.2 <= wanda X W q.1 q.2) :
  lo * input_reconstruction X W (prune W P) <= hi * input_reconstruction X W (prune W Q).
Proof.
have sums : \sum_(p in P) wanda X W p.1 p.2 ^+ 2 <= \sum_(q in Q) wanda X W q.1 q.2 ^+ 2.
  apply: (lowest_scores_have_the_lowest_sum (fun p => wanda X W p.1 p.2 ^+ 2)) => // p q p_in q_out.
  by rewrite ler_sqr ?nnegrE ?mulr_ge0 ?norm2_ge0 // lowest.
have lower := wanda_scores_bound_the_reconstruction_from_below Q scaled below.
have upper := wanda_scores_bound_the_reconstruction_from_above P scaled above.
apply: le_trans (ler_wpmul2l lo_ge0 upper) _; rewrite mulrCA.
apply: ler_wpmul2l => //; apply: le_trans _ lower.
exact: ler_wpmul2l.
Qed.

End Spectral.
