(* Which scores are SymWanda scores? By Lemma 3.1 those for which |W_jk| (u_j + v_k)
   has non-negative u and v: the column norms of X and the row norms of Y can be chosen
   freely, one number each. So a score S of a matrix W without zeros is SymWanda for
   some X and Y iff S/|W| is non-negative and additive, i.e. has no mixed differences. *)
From mathcomp Require Import all_ssreflect all_algebra.
From pruneproof Require Import sums norms symwanda.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.
Set Implicit Arguments.

Definition no_zero_weight {R : rcfType} b c (W : 'M[R]_(b, c)) := forall j k, W j k != 0.

(* T_jk = u_j + v_k for some non-negative u and v *)
Definition nonnegative_sum {R : rcfType} b c (T : 'I_b -> 'I_c -> R) :=
  exists u v, [/\ forall j, 0 <= u j, forall k, 0 <= v k & forall j k, T j k = u j + v k].

Definition no_mixed_difference {R : rcfType} b c (T : 'I_b -> 'I_c -> R) :=
  forall j j' k k', T j k - T j k' = T j' k - T j' k'.

Lemma nonnegative_sum_iff_no_mixed_difference {R : rcfType} {b c} (T : 'I_b -> 'I_c -> R) :
  nonnegative_sum T <-> (forall j k, 0 <= T j k) /\ no_mixed_difference T.
Proof.
split=> [[u [v [u_ge0 v_ge0 T_sum]]]|[T_ge0 no_mixed]].
  split=> [j k|j j' k k']; first by rewrite T_sum addr_ge0.
  have cancel x y z : (x + y) - (x + z) = y - z :> R by rewrite opprD addrACA subrr add0r.
  by rewrite !T_sum !cancel.
have [j0 _|no_j] := pickP (@predT 'I_b); last first.
  by exists (fun=> 0), (fun=> 0); split=> // j; have := no_j j.
have [k1 _|no_k] := pickP (@predT 'I_c); last first.
  by exists (fun=> 0), (fun=> 0); split=> // j k; have := no_k k.
case: (arg_minP (T j0) (erefl : predT k1)) => k0 _ k0_min.
exists (T^~ k0), (fun k => T j0 k - T j0 k0); split=> // [k|j k].
  by rewrite subr_ge0 k0_min.
by rewrite (no_mixed j0 j) addrC subrK.
Qed.

(* S is the SymWanda score of W for some X with a rows and some Y with d columns *)
Definition is_symwanda_score {R : rcfType} a d {b c} (W : 'M[R]_(b, c)) S :=
  exists (X : 'M[R]_(a, b)) (Y : 'M[R]_(c, d)), forall j k, symwanda X Y W j k = S j k.

Section Norms.
Context {R : rcfType} {a b c d : nat}.
Implicit Types (X : 'M[R]_(a, b)) (W : 'M[R]_(b, c)) (Y : 'M[R]_(c, d)).

(* X with the column norms u_j, Y with the row norms v_k *)
Definition with_column_norms (u : 'I_b -> R) : 'M[R]_(a, b) :=
  \matrix_(i, j) (u j / Num.sqrt a%:R).
Definition with_row_norms (v : 'I_c -> R) : 'M[R]_(c, d) :=
  \matrix_(k, l) (v k / Num.sqrt d%:R).

Lemma with_column_normsE (u : 'I_b -> R) j :
  (0 < a)%N -> 0 <= u j -> norm2 (col j (with_column_norms u)) = u j.
Proof.
move=> a_gt0 u_ge0; rewrite norm2_col.
under eq_bigr do rewrite mxE expr_div_n sqr_sqrtr ?ler0n //.
rewrite sumr_const card_ord -mulr_natr divfK ?sqrtr_sqr ?ger0_norm //.
by rewrite pnatr_eq0 -lt0n.
Qed.

Lemma with_row_normsE (v : 'I_c -> R) k :
  (0 < d)%N -> 0 <= v k -> norm2 (row k (with_row_norms v)) = v k.
Proof.
move=> d_gt0 v_ge0; rewrite norm2_row.
under eq_bigr do rewrite mxE expr_div_n sqr_sqrtr ?ler0n //.
rewrite sumr_const card_ord -mulr_natr divfK ?sqrtr_sqr ?ger0_norm //.
by rewrite pnatr_eq0 -lt0n.
Qed.

Lemma symwanda_score_has_no_mixed_difference W (S : 'I_b -> 'I_c -> R) :
    no_zero_weight W -> is_symwanda_score a d W S ->
  (forall j k, 0 <= S j k / `|W j k|) /\ no_mixed_difference (fun j k => S j k / `|W j k|).
Proof.
move=> W_neq0 [X [Y scores]].
apply/(nonnegative_sum_iff_no_mixed_difference (fun j k => S j k / `|W j k|)).
exists (fun j => norm2 (col j X)), (fun k => norm2 (row k Y)).
by split=> [j|k|j k]; rewrite ?norm2_ge0 // -scores /symwanda mulrC mulKf ?normr_eq0.
Qed.

Theorem symwanda_score_iff_no_mixed_difference W (S : 'I_b -> 'I_c -> R) :
    (0 < a)%N -> (0 < d)%N -> no_zero_weight W ->
  is_symwanda_score a d W S <->
    (forall j k, 0 <= S j k) /\ no_mixed_difference (fun j k => S j k / `|W j k|).
Proof.
move=> a_gt0 d_gt0 W_neq0.
have W_gt0 j k : 0 < `|W j k| by rewrite normr_gt0.
have S_ge0 : (forall j k, 0 <= S j k) <-> (forall j k, 0 <= S j k / `|W j k|).
  by split=> ge0 j k; move: (ge0 j k); rewrite ler_pdivl_mulr // mul0r.
rewrite S_ge0; split=> [|/nonnegative_sum_iff_no_mixed_difference].
  exact: symwanda_score_has_no_mixed_difference.
move=> [u [v [u_ge0 v_ge0 S_sum]]].
exists (with_column_norms u), (with_row_norms v) => j k.
by rewrite /symwanda with_column_normsE // with_row_normsE // -S_sum mulrC divfK ?gt_eqF.
Qed.

End Norms.
