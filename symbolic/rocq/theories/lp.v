(* Generalised relative importance with ℓp norms (§3.5.1 and Appendix C.3), and its
   constructions (Lemmas 3.8 and 3.9).

     lp_S1 m n W j k = |W_jk| (1/m_j + 1/n_k)        Eq. (3)
     lp_S2 m n W j k = |W_jk| / (m_j + n_k)
     lp_S3 m n W j k = |W_jk| (m_j + n_k)
     lp_S4 m n W j k = |W_jk| / (1/m_j + 1/n_k)

   m_j and n_k stand for ‖W_j:‖_p and ‖W_:k‖_p. The lemmas need no more of them than
   that they are positive where W's row or column is not zero, so they are stated for any
   such numbers and hold for every p, a real one too; [input_norms p W] and
   [output_norms p W] are the instances for p = 0, positive rational p, and ∞.       *)
From mathcomp Require Import all_ssreflect all_algebra.
From mathcomp.algebra_tactics Require Import ring.
From pruneproof Require Import sums norms lp_norms symwanda magnitude ri.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.
Set Implicit Arguments.

Section Scores.
Context {R : rcfType} {b c : nat}.
Variables (m : 'I_b -> R) (n : 'I_c -> R) (W : 'M[R]_(b, c)).

Definition lp_S1 j k : R := `|W j k| * ((m j)^-1 + (n k)^-1).
Definition lp_S2 j k : R := `|W j k| / (m j + n k).
Definition lp_S3 j k : R := `|W j k| * (m j + n k).
Definition lp_S4 j k : R := `|W j k| / ((m j)^-1 + (n k)^-1).

End Scores.

Definition input_norms {R : rcfType} {b c} p (W : 'M[R]_(b, c)) j : R := norm p (row j W).
Definition output_norms {R : rcfType} {b c} p (W : 'M[R]_(b, c)) k : R := norm p (col k W).

Lemma input_norms_gt0 {R : rcfType} {b c} p (W : 'M[R]_(b, c)) j :
  row j W != 0 -> 0 < input_norms p W j.
Proof. by rewrite norm_gt0. Qed.

Lemma output_norms_gt0 {R : rcfType} {b c} p (W : 'M[R]_(b, c)) k :
  col k W != 0 -> 0 < output_norms p W k.
Proof. by rewrite norm_gt0. Qed.

Theorem lp_S1_of_p_1_is_ri {R : rcfType} {b c} (W : 'M[R]_(b, c)) j k :
  lp_S1 (input_norms (natural_order 0) W) (output_norms (natural_order 0) W) W j k = ri W j k.
Proof. by rewrite /lp_S1 /input_norms /output_norms !norm_1E. Qed.

Section Constructions.
Context {R : rcfType} {a b c d : nat}.
Variables (m : 'I_b -> R) (n : 'I_c -> R).
Implicit Types W : 'M[R]_(b, c).

(* Lemma 3.8: X_:j is W_j:ᵀ scaled to the norm 1/m_j; this needs a = c and d = b. *)
Definition lp_aligned_X W : 'M[R]_(c, b) :=
  \matrix_(i, j) ((m j)^-1 * (norm2 (row j W))^-1 * W j i).
Definition lp_aligned_Y W : 'M[R]_(c, b) :=
  \matrix_(k, l) ((n k)^-1 * (norm2 (col k W))^-1 * W l k).

Lemma norm2_of_aligned_column W j (m_gt0 : 0 < m j) (alive_j : row j W != 0) :
  norm2 (col j (lp_aligned_X W)) = (m j)^-1.
Proof.
rewrite (@norm2_of_scaled_col _ _ _ _ ((m j)^-1 / norm2 (row j W)) (row j W)^T); last first.
  by move=> i; rewrite !mxE.
rewrite norm2_trans ger0_norm ?divr_ge0 ?invr_ge0 ?norm2_ge0 ?(ltW m_gt0) //.
by rewrite divfK // norm2_eq0.
Qed.

Lemma norm2_of_aligned_row W k (n_gt0 : 0 < n k) (alive_k : col k W != 0) :
  norm2 (row k (lp_aligned_Y W)) = (n k)^-1.
Proof.
rewrite (@norm2_of_scaled_row _ _ _ _ ((n k)^-1 / norm2 (col k W)) (col k W)^T); last first.
  by move=> l; rewrite !mxE.
rewrite norm2_trans ger0_norm ?divr_ge0 ?invr_ge0 ?norm2_ge0 ?(ltW n_gt0) //.
by rewrite divfK // norm2_eq0.
Qed.

Theorem aligned_vectors_give_lp W j k (m_gt0 : 0 < m j) (n_gt0 : 0 < n k)
    (alive_j : row j W != 0) (alive_k : col k W != 0) :
  is_sum_of_reciprocals (norm2 (col j (lp_aligned_X W)) + norm2 (row k (lp_aligned_Y W)))
    (m j) (n k).
Proof. by split; rewrite ?gt_eqF // norm2_of_aligned_column // norm2_of_aligned_row. Qed.

(* Lemma 3.9: any unit vectors u and v do, one for each column and row even. *)
Definition lp_unit_vectors_X (u : 'I_b -> 'cV[R]_a) : 'M[R]_(a, b) :=
  \matrix_(i, j) ((m j)^-1 * u j i 0).
Definition lp_unit_vectors_Y (v : 'I_c -> 'rV[R]_d) : 'M[R]_(c, d) :=
  \matrix_(k, l) ((n k)^-1 * v k 0 l).

Theorem unit_vectors_give_lp u v j k (m_gt0 : 0 < m j) (n_gt0 : 0 < n k)
    (unit_u : norm2 (u j) = 1) (unit_v : norm2 (v k) = 1) :
  is_sum_of_reciprocals
    (norm2 (col j (lp_unit_vectors_X u)) + norm2 (row k (lp_unit_vectors_Y v))) (m j) (n k).
Proof.
split; rewrite ?gt_eqF //.
rewrite (@norm2_of_scaled_col _ _ _ _ (m j)^-1 (u j)) => [|i]; last by rewrite mxE.
rewrite (@norm2_of_scaled_row _ _ _ _ (n k)^-1 (v k)) => [|l]; last by rewrite mxE.
by rewrite unit_u unit_v !mulr1 !ger0_norm // invr_ge0 ltW.
Qed.

(* Eq. (3): with these norms the score of Lemma 3.1 is S1. *)
Theorem symwanda_of_reciprocals_is_lp (X : 'M[R]_(a, b)) (Y : 'M[R]_(c, d)) W j k :
    is_sum_of_reciprocals (norm2 (col j X) + norm2 (row k Y)) (m j) (n k) ->
  symwanda X Y W j k = lp_S1 m n W j k.
Proof. by move=> [_ _ sum]; rewrite /symwanda sum. Qed.

End Constructions.

(* Lemma 3.8 as printed, for every norm of lp_norms.v *)
Theorem aligned_vectors_give_every_lp_norm {R : rcfType} {b c} p (W : 'M[R]_(b, c)) j k
    (alive_j : row j W != 0) (alive_k : col k W != 0) :
  symwanda (lp_aligned_X (input_norms p W) W) (lp_aligned_Y (output_norms p W) W) W j k =
    lp_S1 (input_norms p W) (output_norms p W) W j k.
Proof.
apply: symwanda_of_reciprocals_is_lp; apply: aligned_vectors_give_lp => //.
  exact: input_norms_gt0.
exact: output_norms_gt0.
Qed.

Section Strategies.
Context {R : rcfType} {b c : nat}.
Variables (m : 'I_b -> R) (n : 'I_c -> R) (W : 'M[R]_(b, c)) (j : 'I_b) (k : 'I_c).

Lemma squared_weight : `|W j k| * `|W j k| = W j k ^+ 2.
Proof. by rewrite -expr2 real_normK ?num_real. Qed.

Theorem lp_S1_times_S4_is_squared_weight (m_gt0 : 0 < m j) (n_gt0 : 0 < n k) :
  lp_S1 m n W j k * lp_S4 m n W j k = W j k ^+ 2.
Proof.
by rewrite mulrACA mulfV ?mulr1 ?squared_weight // gt_eqF // addr_gt0 ?invr_gt0.
Qed.

Theorem lp_S2_times_S3_is_squared_weight (m_gt0 : 0 < m j) (n_gt0 : 0 < n k) :
  lp_S2 m n W j k * lp_S3 m n W j k = W j k ^+ 2.
Proof.
by rewrite mulrC mulrACA mulfV ?mulr1 ?squared_weight // gt_eqF // addr_gt0.
Qed.

Lemma four_over_sum_le_sum_of_reciprocals (x y : R) (x_gt0 : 0 < x) (y_gt0 : 0 < y) :
  4%:R / (x + y) <= x^-1 + y^-1.
Proof.
have xy_neq0 : (x != 0) && (y != 0) by rewrite !gt_eqF.
have -> : x^-1 + y^-1 = (x + y) / (x * y) by field; rewrite andbC.
rewrite ler_pdivr_mulr ?addr_gt0 // mulrAC ler_pdivl_mulr ?mulr_gt0 // -subr_ge0.
have -> : (x + y) * (x + y) - 4%:R * (x * y) = (x - y) ^+ 2 by ring.
exact: sqr_ge0.
Qed.

Theorem lp_S1_is_at_least_4_S2 (m_gt0 : 0 < m j) (n_gt0 : 0 < n k) :
  4%:R * lp_S2 m n W j k <= lp_S1 m n W j k.
Proof. by rewrite /lp_S2 mulrCA ler_wpmul2l // four_over_sum_le_sum_of_reciprocals. Qed.

Theorem lp_S3_is_at_least_4_S4 (m_gt0 : 0 < m j) (n_gt0 : 0 < n k) :
  4%:R * lp_S4 m n W j k <= lp_S3 m n W j k.
Proof.
rewrite /lp_S4 mulrCA ler_wpmul2l // ler_pdivr_mulr ?addr_gt0 ?invr_gt0 //.
by rewrite mulrC -ler_pdivr_mulr ?addr_gt0 // four_over_sum_le_sum_of_reciprocals.
Qed.

End Strategies.

(* p = 0 on a matrix without zeros is a constant times magnitude. *)
Theorem lp_of_order_0_is_a_multiple_of_magnitude {R : rcfType} {b c} (W : 'M[R]_(b, c)) j k
    (W_neq0 : forall j k, W j k != 0) :
  lp_S1 (input_norms Zero W) (output_norms Zero W) W j k =
    magnitude W j k * (c%:R^-1 + b%:R^-1).
Proof.
rewrite /lp_S1 /input_norms /output_norms /= !number_of_nonzeros_dense ?mul1n ?muln1 //.
  by move=> i l; rewrite mxE.
by move=> i l; rewrite mxE.
Qed.
