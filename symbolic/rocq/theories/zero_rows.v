(* Where the hypotheses "row j is not zero" and "column k is not zero" are needed.

   In Rocq 0⁻¹ = 0, so an equation between reciprocals may hold at a zero row although the
   paper's has no meaning there. The theorems therefore also claim that their denominators
   are not zero (is_sum_of_reciprocals). Here each of them is shown to fail when such a
   hypothesis is dropped: for every matrix with a dead row or column, or on a witness. *)
From mathcomp Require Import all_ssreflect all_algebra.
From pruneproof Require Import sums norms lp_norms symwanda wanda owanda ri ria.
From pruneproof Require Import general_diagonal lp stochria.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.
Set Implicit Arguments.

(* What the convention hides: 1/0 satisfies the equation of Theorem 3.5 without being a
   reciprocal of 0. *)
Theorem inverse_of_zero_is_not_a_reciprocal {R : rcfType} : (0 : R) * 0^-1 != 1.
Proof. by rewrite mul0r eq_sym oner_neq0. Qed.

Section DeadRowOrColumn.
Context {R : rcfType} {a b c d : nat}.
Implicit Types (X : 'M[R]_(a, b)) (W : 'M[R]_(b, c)) (Y : 'M[R]_(c, d)).

(* Theorem 3.5, and through it Eq. (7): no X and Y whatever serve a dead row or column. *)
Theorem no_X_Y_give_ri_at_a_zero_row_or_column X Y W j k :
    row j W = 0 \/ col k W = 0 ->
  ~ is_sum_of_reciprocals (norm2 (col j X) + norm2 (row k Y))
      (norm1 (row j W)) (norm1 (col k W)).
Proof. by move=> [] dead []; rewrite !norm1_eq0 dead eqxx. Qed.

(* Lemma 3.8 with norm values that are not zero at the dead row: its column of X is 0. *)
Theorem aligned_vectors_miss_lp_at_a_zero_row (m : 'I_b -> R) (n : 'I_c -> R) W j k
    (m_gt0 : 0 < m j) (n_gt0 : 0 < n k) (dead_j : row j W = 0) (alive_k : col k W != 0) :
  ~ is_sum_of_reciprocals (norm2 (col j (lp_aligned_X m W)) + norm2 (row k (lp_aligned_Y n W)))
      (m j) (n k).
Proof.
move=> [_ _].
have -> : col j (lp_aligned_X m W) = 0.
  apply/colP => i; rewrite !mxE; have /rowP/(_ i) := dead_j.
  by rewrite !mxE => ->; rewrite mulr0.
rewrite norm2_of_0 norm2_of_aligned_row // => /eqP.
by rewrite add0r -subr_eq0 opprD addrCA subrr addr0 oppr_eq0 invr_eq0 gt_eqF.
Qed.

(* ΣRI = b + c at a dead row: its input terms are worth 0, not 1. *)
Theorem ri_scores_of_a_zero_row_are_0 W j k (dead_j : row j W = 0) : ri W j k = 0.
Proof.
have /rowP/(_ k) := dead_j; rewrite !mxE => W_jk0.
by rewrite /ri W_jk0 normr0 mul0r.
Qed.

(* so no threshold θ ≥ 0 on RI keeps a weight of it. *)
Theorem ri_threshold_empties_a_zero_row W j (theta : R) (dead_j : row j W = 0) :
  0 <= theta -> ~ exists k, theta < ri W j k.
Proof. by move=> theta_ge0 [k]; rewrite ri_scores_of_a_zero_row_are_0 // ltNge theta_ge0. Qed.

(* Wanda and OWanda do not order like magnitude at a dead input or output: all tie. *)
Theorem wanda_ties_within_a_dead_input X W j k k' (dead_j : col j X = 0) :
  wanda X W j k = wanda X W j k'.
Proof. by rewrite /wanda dead_j norm2_of_0 !mulr0. Qed.

Theorem owanda_ties_within_a_dead_output Y W j j' k (dead_k : row k Y = 0) :
  owanda Y W j k = owanda Y W j' k.
Proof. by rewrite /owanda dead_k norm2_of_0 !mulr0. Qed.

End DeadRowOrColumn.

(* ΣRI ≠ b + c on the zero matrix. *)
Theorem ri_scores_of_the_zero_matrix_do_not_sum_to_b_plus_c {R : rcfType} b c :
  (0 < b + c)%N -> \sum_j \sum_k ri (0 : 'M[R]_(b, c)) j k != b%:R + c%:R.
Proof.
move=> size_gt0; rewrite big1 => [|j _].
  by rewrite eq_sym -natrD pnatr_eq0 -lt0n.
by rewrite big1 // => k _; rewrite ri_scores_of_a_zero_row_are_0 ?row0.
Qed.

(* StochRIA: a row that is not zero, whose sample is. *)
Theorem sampled_norm_may_vanish_on_a_live_row {R : rcfType} :
  exists (W : 'M[R]_(1, 2)) (S : {set 'I_2}),
    [/\ row 0 W != 0, #|S| = 1%N & sampled_input_norm W (fun=> S) 0 = 0].
Proof.
exists (\row_k (k == 0)%:R), [set 1]; split; rewrite ?cards1 //.
  by apply/eqP => /rowP/(_ 0)/eqP; rewrite !mxE oner_eq0.
by rewrite /sampled_input_norm big_set1 !mxE normr0.
Qed.
