(* Relative importance is SymWanda for both constructions of Theorem 3.5, and what its
   scores sum to.

     ri W j k = |W_jk| (1/‖W_j:‖₁ + 1/‖W_:k‖₁)

   Zero rows and columns. Rocq puts 0⁻¹ = 0, so an equation between reciprocals could
   hold where the paper's is meaningless. [is_sum_of_reciprocals x m n] therefore says
   that x = 1/m + 1/n *and* that neither m nor n is zero; every statement below that
   needs a non-zero row or column has it as a hypothesis, and zero_rows.v shows that
   dropping it makes the statement false. Statements without such a hypothesis hold for
   a dead row or column too, whose score is then 0.                                *)
From mathcomp Require Import all_ssreflect all_algebra.
From pruneproof Require Import sums norms symwanda magnitude representability two_by_two.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.
Set Implicit Arguments.

Definition is_sum_of_reciprocals {R : rcfType} (x m n : R) :=
  [/\ m != 0, n != 0 & x = m^-1 + n^-1].

Section RI.
Context {R : rcfType} {a b c d : nat}.
Implicit Types W : 'M[R]_(b, c).

Definition no_zero_input W := forall j, row j W != 0.
Definition no_zero_output W := forall k, col k W != 0.

Definition ri_input_term W j k : R := `|W j k| / norm1 (row j W).
Definition ri_output_term W j k : R := `|W j k| / norm1 (col k W).
Definition ri W j k : R := `|W j k| * ((norm1 (row j W))^-1 + (norm1 (col k W))^-1).

Lemma riE W j k : ri W j k = ri_input_term W j k + ri_output_term W j k.
Proof. exact: mulrDr. Qed.

Lemma ri_terms_ge0 W j k : (0 <= ri_input_term W j k) * (0 <= ri_output_term W j k).
Proof. by rewrite !divr_ge0 ?norm1_ge0. Qed.

(* Theorem 3.5, first strategy: constant columns t_j = 1/(√a ‖W_j:‖₁), s_k = 1/(√d ‖W_:k‖₁) *)
Definition ri_constant_X W : 'M[R]_(a, b) :=
  \matrix_(i, j) (Num.sqrt a%:R * norm1 (row j W))^-1.
Definition ri_constant_Y W : 'M[R]_(c, d) :=
  \matrix_(k, l) (Num.sqrt d%:R * norm1 (col k W))^-1.

Theorem constant_columns_give_ri W j k (a_gt0 : (0 < a)%N) (d_gt0 : (0 < d)%N)
    (alive_j : row j W != 0) (alive_k : col k W != 0) :
  is_sum_of_reciprocals (norm2 (col j (ri_constant_X W)) + norm2 (row k (ri_constant_Y W)))
    (norm1 (row j W)) (norm1 (col k W)).
Proof.
split; rewrite ?norm1_eq0 //.
have -> : ri_constant_X W = with_column_norms (fun j => (norm1 (row j W))^-1).
  by apply/matrixP => i j'; rewrite !mxE invfM mulrC.
have -> : ri_constant_Y W = with_row_norms (fun k => (norm1 (col k W))^-1).
  by apply/matrixP => k' l; rewrite !mxE invfM mulrC.
by rewrite with_column_normsE ?with_row_normsE ?invr_ge0 ?norm1_ge0.
Qed.

(* Theorem 3.5, second strategy: diagonal matrices *)
Definition ri_diagonal_X W : 'M[R]_b := diag_mx (\row_j (norm1 (row j W))^-1).
Definition ri_diagonal_Y W : 'M[R]_c := diag_mx (\row_k (norm1 (col k W))^-1).

Theorem diagonal_matrices_give_ri W j k
    (alive_j : row j W != 0) (alive_k : col k W != 0) :
  is_sum_of_reciprocals (norm2 (col j (ri_diagonal_X W)) + norm2 (row k (ri_diagonal_Y W)))
    (norm1 (row j W)) (norm1 (col k W)).
Proof.
split; rewrite ?norm1_eq0 // (@norm2_of_single_col _ _ _ _ j) => [|j' /negPf other].
  rewrite (@norm2_of_single_row _ _ _ _ _ k) => [|k' /negPf other].
    by rewrite !mxE !eqxx !mulr1n !ger0_norm ?invr_ge0 ?norm1_ge0.
  by rewrite !mxE eq_sym other mulr0n.
by rewrite !mxE other mulr0n.
Qed.

(* Eq. (7) and what follows it: with these norms the score of Lemma 3.1 is RI. *)
Theorem symwanda_of_reciprocals_is_ri (X : 'M[R]_(a, b)) (Y : 'M[R]_(c, d)) W j k :
    is_sum_of_reciprocals (norm2 (col j X) + norm2 (row k Y))
      (norm1 (row j W)) (norm1 (col k W)) ->
  symwanda X Y W j k = ri W j k.
Proof. by move=> [_ _ sum]; rewrite /symwanda sum. Qed.

(* The input terms of one input sum to 1, as do the output terms of one output. *)
Lemma ri_input_terms_sum_to_1 W j (alive : row j W != 0) : \sum_k ri_input_term W j k = 1.
Proof. by rewrite -mulr_suml -norm1_row mulfV ?norm1_eq0. Qed.

Lemma ri_output_terms_sum_to_1 W k (alive : col k W != 0) : \sum_j ri_output_term W j k = 1.
Proof. by rewrite -mulr_suml -norm1_col mulfV ?norm1_eq0. Qed.

Theorem ri_scores_sum_to_b_plus_c W
    (no_dead_input : no_zero_input W) (no_dead_output : no_zero_output W) :
  \sum_j \sum_k ri W j k = b%:R + c%:R.
Proof.
have -> : \sum_j \sum_k ri W j k =
    \sum_j \sum_k ri_input_term W j k + \sum_k \sum_j ri_output_term W j k.
  rewrite [X in _ = _ + X]exchange_big -big_split; apply: eq_bigr => j _.
  by rewrite -big_split; apply: eq_bigr => k _; rewrite riE.
under eq_bigr do rewrite ri_input_terms_sum_to_1 //.
under [X in _ + X]eq_bigr do rewrite ri_output_terms_sum_to_1 //.
by rewrite !sumr_const !card_ord.
Qed.

Theorem ri_is_at_most_2 W j k : ri W j k <= 2%:R.
Proof.
have share (m : R) : `|W j k| <= m -> `|W j k| / m <= 1.
  have [-> _|m_neq0 W_le] := eqVneq m 0; first by rewrite invr0 mulr0 ler01.
  by rewrite ler_pdivr_mulr ?mul1r // lt0r m_neq0 (le_trans (normr_ge0 _) W_le).
by rewrite riE -[2%:R]/(1 + 1) ler_add // share ?entry_le_norm1_row ?entry_le_norm1_col.
Qed.

(* A threshold on RI below 1/c keeps a weight of every input, one below 1/b keeps a
   weight of every output. *)
Theorem ri_threshold_below_1_over_c_empties_no_input W j (theta : R)
    (low : theta < c%:R^-1) (alive : row j W != 0) :
  exists k, theta < ri W j k.
Proof.
have c_gt0 : (0 < c)%N.
  by case: c W alive {low} => // W0; rewrite (thinmx0 (row j W0)) eqxx.
have [||k mean_le] := some_term_reaches_the_mean (ri_input_term W j) 1.
- by rewrite card_ord.
- by rewrite ri_input_terms_sum_to_1.
exists k; apply: (lt_le_trans low); rewrite card_ord mul1r in mean_le.
by rewrite riE; apply: le_trans mean_le _; rewrite ler_addl ri_terms_ge0.
Qed.

Theorem ri_threshold_below_1_over_b_empties_no_output W k (theta : R)
    (low : theta < b%:R^-1) (alive : col k W != 0) :
  exists j, theta < ri W j k.
Proof.
have b_gt0 : (0 < b)%N.
  by case: b W alive {low} => // W0; rewrite (flatmx0 (col k W0)) eqxx.
have [||j mean_le] := some_term_reaches_the_mean (fun j => ri_output_term W j k) 1.
- by rewrite card_ord.
- by rewrite ri_output_terms_sum_to_1.
exists j; apply: (lt_le_trans low); rewrite card_ord mul1r in mean_le.
by rewrite riE; apply: le_trans mean_le _; rewrite ler_addr ri_terms_ge0.
Qed.

(* RI does not see the scale of a matrix, and turns with it. *)
Theorem ri_is_invariant_under_scalars (t : R) W j k : t != 0 -> ri (t *: W) j k = ri W j k.
Proof.
move=> t_neq0; rewrite /ri !linearZ /= !norm1_scale mxE normrM !invfM -mulrDr.
by rewrite mulrACA mulfV ?normr_eq0 // mul1r.
Qed.

(* Where the weights into one output are compared, RI's output term orders like
   magnitude; this needs an output that is not dead. *)
Theorem ri_output_term_orders_like_magnitude_within_an_output W j j' k :
    col k W != 0 ->
  (ri_output_term W j k <= ri_output_term W j' k) = (magnitude W j k <= magnitude W j' k).
Proof. by move=> alive; rewrite /ri_output_term ler_pmul2r // invr_gt0 norm1_gt0. Qed.

End RI.

Theorem ri_of_the_transpose {R : rcfType} {b c} (W : 'M[R]_(b, c)) j k : ri W^T k j = ri W j k.
Proof. by rewrite /ri mxE -tr_row -tr_col !norm1_trans addrC. Qed.

(* Unlike Wanda, RI sees a rescaled input: doubling one row of the all-ones matrix. *)
Theorem ri_is_not_invariant_under_rescaled_inputs {R : rcfType} :
  ri (matrix22 1 1 2%:R 2%:R : 'M[R]_2) 0 0 != ri (matrix22 1 1 1 1 : 'M[R]_2) 0 0.
Proof.
rewrite /ri !norms1_22 !entries22 normr1 normr_nat !mul1r (inj_eq (addrI _)).
by rewrite (inj_eq invr_inj) -(natrD _ 1 2) -(natrD _ 1 1) eqr_nat.
Qed.
