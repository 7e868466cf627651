(* RIA, relative importance times activations, is SymWanda one entry at a time
   (Lemma 3.6), but for no fixed X and Y, unless all activations or all output norms
   agree.

     ria W n j k = RI_jk n_j,   n_j standing for ‖C_:j‖₂^α ≥ 0

   The numbers n_j are arbitrary, so every exponent α is covered, a real one too.   *)
From mathcomp Require Import all_ssreflect all_algebra.
From mathcomp.algebra_tactics Require Import ring.
From pruneproof Require Import sums norms objectives symwanda representability ri two_by_two.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.
Set Implicit Arguments.

Definition ria {R : rcfType} {b c} (W : 'M[R]_(b, c)) (n : 'I_b -> R) j k : R :=
  ri W j k * n j.

Lemma ria_terms {R : rcfType} (w r q n : R) : w * (n * r + n * q) = w * (r + q) * n.
Proof. by ring. Qed.

Section Pointwise.
Context {R : rcfType} {a b c d : nat}.
Variables (W : 'M[R]_(b, c)) (n : 'I_b -> R) (j : 'I_b) (k : 'I_c).

(* Lemma 3.6's matrices with the indices that Lemma 3.1 needs: the one non-zero entry
   of A stands in column j (in any row i), that of B in row k (in any column l). *)
Definition ria_A (i : 'I_a) : 'M[R]_(a, b) := (n j / norm1 (row j W)) *: delta_mx i j.
Definition ria_B (l : 'I_d) : 'M[R]_(c, d) := (n j / norm1 (col k W)) *: delta_mx k l.

Theorem ria_holds_at_one_weight i l (n_ge0 : 0 <= n j)
    (alive_j : row j W != 0) (alive_k : col k W != 0) :
  [/\ norm1 (row j W) != 0, norm1 (col k W) != 0
    & symwanda (ria_A i) (ria_B l) W j k = ria W n j k].
Proof.
split; rewrite ?norm1_eq0 // /symwanda.
rewrite (@norm2_of_single_col _ _ _ _ i) => [|i' /negPf other]; last first.
  by rewrite !mxE other mulr0.
rewrite (@norm2_of_single_row _ _ _ _ _ l) => [|l' /negPf other]; last first.
  by rewrite !mxE other andbF mulr0.
rewrite !mxE !eqxx !mulr1 ![`|_ / _|]ger0_norm ?divr_ge0 ?norm1_ge0 //.
exact: ria_terms.
Qed.

End Pointwise.

(* Lemma 3.6 as printed puts A's non-zero entry at (j, p) and B's at (s, k), with p and s
   free. When p ≠ j and s ≠ k, column j of A and row k of B are zero, and so is the
   score, whatever RIA is. *)
Theorem ria_as_printed_scores_0 {R : rcfType} b c (W : 'M[R]_(b, c)) (n : 'I_b -> R)
    j p k s (p_neq_j : p != j) (s_neq_k : s != k) :
  symwanda ((n j / norm1 (row j W)) *: delta_mx j p : 'M[R]_b)
           ((n j / norm1 (col k W)) *: delta_mx s k : 'M[R]_c) W j k = 0.
Proof.
rewrite /symwanda.
have col_j : col j (delta_mx j p : 'M[R]_b) = 0.
  by apply/colP => i; rewrite !mxE [j == p]eq_sym (negPf p_neq_j) andbF.
have row_k : row k (delta_mx s k : 'M[R]_c) = 0.
  by apply/rowP => l; rewrite !mxE [k == s]eq_sym (negPf s_neq_k).
by rewrite !linearZ /= col_j row_k !scaler0 !norm2_of_0 addr0 mulr0.
Qed.

Section Global.
Context {R : rcfType} {b c : nat}.
Implicit Types W : 'M[R]_(b, c).

Lemma ria_ratio W (n : 'I_b -> R) j k (W_neq0 : no_zero_weight W) :
  ria W n j k / `|W j k| = ((norm1 (row j W))^-1 + (norm1 (col k W))^-1) * n j.
Proof. by rewrite /ria /ri mulrC -mulrA mulKf // normr_eq0. Qed.

(* RIA/|W| = (r_j + q_k) n_j has the mixed difference (n_j − n_j')(q_k − q_k'). *)
Lemma ria_mixed_difference W (n : 'I_b -> R) j j' k k' (W_neq0 : no_zero_weight W) :
    no_mixed_difference (fun j k => ria W n j k / `|W j k|) ->
  (n j - n j') * ((norm1 (col k W))^-1 - (norm1 (col k' W))^-1) = 0.
Proof.
move=> /(_ j j' k k')/eqP; rewrite !ria_ratio // -subr_eq0 => /eqP <-; ring.
Qed.

Theorem ria_is_symwanda_iff_activations_or_outputs_agree a d W (n : 'I_b -> R)
    (a_gt0 : (0 < a)%N) (d_gt0 : (0 < d)%N)
    (n_ge0 : forall j, 0 <= n j) (W_neq0 : no_zero_weight W) :
  is_symwanda_score a d W (ria W n) <->
    (forall j j', n j = n j') \/ (forall k k', norm1 (col k W) = norm1 (col k' W)).
Proof.
rewrite symwanda_score_iff_no_mixed_difference //; split=> [[_ no_mixed]|agree].
  have [/forallP all_n|] := boolP [forall j, [forall j', n j == n j']].
    by left=> j j'; have /forallP/(_ j')/eqP := all_n j.
  rewrite negb_forall => /existsP[j]; rewrite negb_forall => /existsP[j' n_neq].
  right=> k k'; apply/invr_inj/eqP; rewrite -subr_eq0.
  have /eqP := ria_mixed_difference n j j' k k' W_neq0 no_mixed.
  by rewrite mulf_eq0 [n j - _ == 0]subr_eq0 (negPf n_neq).
split=> [j k|j j' k k'].
  by rewrite /ria mulr_ge0 // /ri mulr_ge0 ?addr_ge0 ?invr_ge0 ?norm1_ge0.
rewrite !ria_ratio //; case: agree => agree.
  by rewrite (agree j' j); ring.
by rewrite (agree k' k) !subrr.
Qed.

(* A global objective that does give RIA, unlike any g: scale the change with diagonal
   matrices on both sides. *)
Definition ria_objective W (n : 'I_b -> R) (W' : 'M[R]_(b, c)) : R :=
  norm2 (diag_mx (\row_j (n j / norm1 (row j W))) *m (W' - W)) +
  norm2 (diag_mx (\row_j n j) *m (W' - W) *m diag_mx (\row_k (norm1 (col k W))^-1)).

Theorem removal_costs_ria W (n : 'I_b -> R) j k (n_ge0 : forall j, 0 <= n j)
    (alive_j : row j W != 0) (alive_k : col k W != 0) :
  [/\ norm1 (row j W) != 0, norm1 (col k W) != 0
    & ria_objective W n (remove W j k) = ria W n j k].
Proof.
split; rewrite ?norm1_eq0 // /ria_objective norm2_input_change.
rewrite (@norm2_of_single_col _ _ _ _ j) => [|j' /negPf other]; last first.
  by rewrite !mxE other mulr0n.
have -> : diag_mx (\row_j n j) *m (remove W j k - W) *m diag_mx (\row_k (norm1 (col k W))^-1)
    = - (W j k * (n j / norm1 (col k W))) *: delta_mx j k.
  apply/matrixP => j' k'; rewrite remove_changes mul_mx_diag mxE mul_diag_mx !mxE.
  by case: eqP => [->|_]; case: eqP => [->|_] /=; rewrite ?mulr1n ?mulr0n; ring.
rewrite norm2_scale norm2_delta normrN normrM !mxE eqxx mulr1n mulr1 -mulrDr.
by rewrite ![`|_ / _|]ger0_norm ?divr_ge0 ?norm1_ge0 //; exact: ria_terms.
Qed.

End Global.

(* The smallest witness: W = [[2, 1], [1, 1]] and n = (1, 1/2). *)
Theorem ria_is_not_symwanda {R : rcfType} a d :
  let W : 'M[R]_2 := matrix22 2%:R 1 1 1 in
  let n (j : 'I_2) := if j == 0 then 1 else 2%:R^-1 in
  ~ is_symwanda_score a d W (ria W n).
Proof.
have W_neq0 : no_zero_weight (matrix22 2%:R 1 1 1 : 'M[R]_2).
  by move=> j k; rewrite mxE; case: ifP; case: ifP; rewrite ?pnatr_eq0 ?oner_eq0.
move=> W n /symwanda_score_has_no_mixed_difference [//|_ no_mixed].
have /eqP := ria_mixed_difference n 0 1 0 1 W_neq0 no_mixed.
rewrite !norms1_22 normr_nat normr1 -(natrD _ 2 1) -(natrD _ 1 1) mulf_eq0 !subr_eq0 /=.
rewrite /n /= => /orP[] /eqP/(congr1 GRing.inv); rewrite ?invr1 !invrK => /eqP.
  by rewrite eq_sym pnatr_eq1.
by rewrite eqr_nat.
Qed.
