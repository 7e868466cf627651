(* Stochastic relative importance (§3.5.2): both constructions of Lemma 3.10, what they
   need, and the distortion of Eq. (4).

     stochria W S T j k = |W_jk| (1/‖W_{j:S_j}‖₁ + 1/‖W_{T_k:k}‖₁)

   S_j are the sampled outputs of input j, T_k the sampled inputs of output k (the
   paper's S_k).                                                                   *)
From mathcomp Require Import all_ssreflect all_algebra.
From mathcomp.algebra_tactics Require Import ring.
From pruneproof Require Import sums norms symwanda magnitude ri.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.
Set Implicit Arguments.

Section Scores.
Context {R : rcfType} {b c : nat}.
Variables (W : 'M[R]_(b, c)) (S : 'I_b -> {set 'I_c}) (T : 'I_c -> {set 'I_b}).

Definition sampled_input_norm j : R := \sum_(k in S j) `|W j k|.
Definition sampled_output_norm k : R := \sum_(j in T k) `|W j k|.
Definition stochria j k : R :=
  `|W j k| * ((sampled_input_norm j)^-1 + (sampled_output_norm k)^-1).

Lemma sampled_input_norm_ge0 j : 0 <= sampled_input_norm j.
Proof. by apply: sumr_ge0 => k _; apply: normr_ge0. Qed.

Lemma sampled_output_norm_ge0 k : 0 <= sampled_output_norm k.
Proof. by apply: sumr_ge0 => j _; apply: normr_ge0. Qed.

End Scores.

(* Sampling everything is RI. *)
Theorem stochria_of_full_samples_is_ri {R : rcfType} {b c} (W : 'M[R]_(b, c)) j k :
  stochria W (fun=> setT) (fun=> setT) j k = ri W j k.
Proof.
rewrite /stochria /ri norm1_row norm1_col /sampled_input_norm /sampled_output_norm.
by congr (_ * (_^-1 + _^-1)); apply: eq_bigl => i; rewrite inE.
Qed.

Section Constructions.
Context {R : rcfType} {a b c d : nat}.
Variables (W : 'M[R]_(b, c)) (S : 'I_b -> {set 'I_c}) (T : 'I_c -> {set 'I_b}).

(* Lemma 3.10, first construction. The positions P_j in column j of X and Q_k in row k
   of Y may be any; the paper takes P = S and Q = T, for which the sampled indices must
   be row indices of X and column indices of Y. *)
Variables (tau : nat) (P : 'I_b -> {set 'I_a}) (Q : 'I_c -> {set 'I_d}).

Definition stochria_indicator_X : 'M[R]_(a, b) :=
  \matrix_(i, j) if i \in P j then (sampled_input_norm W S j * Num.sqrt tau%:R)^-1 else 0.
Definition stochria_indicator_Y : 'M[R]_(c, d) :=
  \matrix_(k, l) if l \in Q k then (sampled_output_norm W T k * Num.sqrt tau%:R)^-1 else 0.

Lemma norm2_of_indicator (I : finType) (s : R) (A : {set I}) : 0 <= s ->
  Num.sqrt (\sum_i (if i \in A then s else 0) ^+ 2) = Num.sqrt #|A|%:R * s.
Proof.
move=> s_ge0; rewrite (eq_bigr (fun i => if i \in A then s ^+ 2 else 0)); last first.
  by move=> i _; case: ifP; rewrite ?expr0n.
rewrite -big_mkcond sumr_const -mulr_natl sqrtrM ?ler0n //.
by rewrite sqrtr_sqr ger0_norm.
Qed.

Lemma norm2_of_indicator_X j :
  norm2 (col j stochria_indicator_X) =
    Num.sqrt #|P j|%:R / Num.sqrt tau%:R / sampled_input_norm W S j.
Proof.
rewrite norm2_col; under eq_bigr do rewrite mxE.
rewrite norm2_of_indicator; first by rewrite invfM mulrCA mulrC.
by rewrite invr_ge0 mulr_ge0 ?sampled_input_norm_ge0 ?sqrtr_ge0.
Qed.

Lemma norm2_of_indicator_Y k :
  norm2 (row k stochria_indicator_Y) =
    Num.sqrt #|Q k|%:R / Num.sqrt tau%:R / sampled_output_norm W T k.
Proof.
rewrite norm2_row; under eq_bigr do rewrite mxE.
rewrite norm2_of_indicator; first by rewrite invfM mulrCA mulrC.
by rewrite invr_ge0 mulr_ge0 ?sampled_output_norm_ge0 ?sqrtr_ge0.
Qed.

Theorem sampled_indicators_give_stochria j k (tau_gt0 : (0 < tau)%N)
    (size_P : #|P j| = tau) (size_Q : #|Q k| = tau)
    (alive_j : sampled_input_norm W S j != 0) (alive_k : sampled_output_norm W T k != 0) :
  is_sum_of_reciprocals
    (norm2 (col j stochria_indicator_X) + norm2 (row k stochria_indicator_Y))
    (sampled_input_norm W S j) (sampled_output_norm W T k).
Proof.
have root_neq0 : Num.sqrt tau%:R != 0 :> R by rewrite gt_eqF // sqrtr_gt0 ltr0n.
split=> //; rewrite norm2_of_indicator_X norm2_of_indicator_Y size_P size_Q.
by rewrite mulfV // !mul1r.
Qed.

(* The samples must hold exactly tau indices, in X's rows. *)
Theorem sampled_indicators_need_tau_indices j (tau_gt0 : (0 < tau)%N)
    (alive_j : sampled_input_norm W S j != 0) :
  (norm2 (col j stochria_indicator_X) == (sampled_input_norm W S j)^-1) = (#|P j| == tau).
Proof.
have root_neq0 : Num.sqrt tau%:R != 0 :> R by rewrite gt_eqF // sqrtr_gt0 ltr0n.
rewrite norm2_of_indicator_X -[X in _ == X]mul1r (inj_eq (mulIf _)) ?invr_eq0 //.
by rewrite -(inj_eq (mulIf root_neq0)) divfK // mul1r eqr_sqrt ?ler0n // eqr_nat.
Qed.

End Constructions.

(* Lemma 3.10, second construction: the sampled part of a row or column, scaled; this
   needs a = c and d = b. *)
Section Aligned.
Context {R : rcfType} {b c : nat}.
Variables (W : 'M[R]_(b, c)) (S : 'I_b -> {set 'I_c}) (T : 'I_c -> {set 'I_b}).

Definition sampled_input j : 'cV[R]_c := \col_k if k \in S j then W j k else 0.
Definition sampled_output k : 'rV[R]_b := \row_j if j \in T k then W j k else 0.

Definition stochria_aligned_X : 'M[R]_(c, b) :=
  \matrix_(i, j) ((sampled_input_norm W S j)^-1 / norm2 (sampled_input j) * sampled_input j i 0).
Definition stochria_aligned_Y : 'M[R]_(c, b) :=
  \matrix_(k, l) ((sampled_output_norm W T k)^-1 / norm2 (sampled_output k) * sampled_output k 0 l).

Lemma sampled_input_norm_eq0 j : sampled_input j = 0 -> sampled_input_norm W S j = 0.
Proof.
move=> zero; apply: big1 => k k_in; have /colP/(_ k) := zero.
by rewrite !mxE k_in => ->; rewrite normr0.
Qed.

Lemma sampled_output_norm_eq0 k : sampled_output k = 0 -> sampled_output_norm W T k = 0.
Proof.
move=> zero; apply: big1 => j j_in; have /rowP/(_ j) := zero.
by rewrite !mxE j_in => ->; rewrite normr0.
Qed.

Theorem sampled_vectors_give_stochria j k
    (alive_j : sampled_input_norm W S j != 0) (alive_k : sampled_output_norm W T k != 0) :
  is_sum_of_reciprocals
    (norm2 (col j stochria_aligned_X) + norm2 (row k stochria_aligned_Y))
    (sampled_input_norm W S j) (sampled_output_norm W T k).
Proof.
split=> //; congr (_ + _).
  rewrite (@norm2_of_scaled_col _ _ _ _ ((sampled_input_norm W S j)^-1 / norm2 (sampled_input j))
    (sampled_input j)) => [|i]; last by rewrite mxE.
  rewrite ger0_norm ?divr_ge0 ?invr_ge0 ?norm2_ge0 ?sampled_input_norm_ge0 // divfK //.
  by rewrite norm2_eq0; apply: contra alive_j => /eqP/sampled_input_norm_eq0 ->.
rewrite (@norm2_of_scaled_row _ _ _ _ ((sampled_output_norm W T k)^-1 / norm2 (sampled_output k))
  (sampled_output k)) => [|l]; last by rewrite mxE.
rewrite ger0_norm ?divr_ge0 ?invr_ge0 ?norm2_ge0 ?sampled_output_norm_ge0 // divfK //.
by rewrite norm2_eq0; apply: contra alive_k => /eqP/sampled_output_norm_eq0 ->.
Qed.

End Aligned.

(* Eq. (4): with these norms the score of Lemma 3.1 is StochRIA. *)
Theorem symwanda_of_reciprocals_is_stochria {R : rcfType} {a b c d}
    (X : 'M[R]_(a, b)) (Y : 'M[R]_(c, d)) (W : 'M[R]_(b, c)) S T j k :
    is_sum_of_reciprocals (norm2 (col j X) + norm2 (row k Y))
      (sampled_input_norm W S j) (sampled_output_norm W T k) ->
  symwanda X Y W j k = stochria W S T j k.
Proof. by move=> [_ _ sum]; rewrite /symwanda sum. Qed.

(* Eq. (4) does not approximate RI when b ≠ c. Where all weights have the same magnitude
   sampling cannot err, yet with one tau for rows and columns RI's input term comes out
   c/tau times too large and its output term b/tau times, whatever the samples: a
   relative distortion c/b, also at the largest tau. *)
Section Distortion.
Context {R : rcfType} {b c : nat}.
Variables (W : 'M[R]_(b, c)) (S : 'I_b -> {set 'I_c}) (T : 'I_c -> {set 'I_b}) (tau : nat).

Lemma norms_of_flat_weights j k (w : R) (flat : forall j k, `|W j k| = w) :
  [/\ sampled_input_norm W S j = #|S j|%:R * w, sampled_output_norm W T k = #|T k|%:R * w,
      norm1 (row j W) = c%:R * w & norm1 (col k W) = b%:R * w].
Proof.
have sum_flat (I : finType) (A : {pred I}) (f : I -> R) :
    (forall i, f i = w) -> \sum_(i in A) f i = #|A|%:R * w.
  by move=> f_flat; rewrite (eq_bigr (fun=> w)) // sumr_const mulr_natl.
by rewrite norm1_row norm1_col; split; rewrite ?[LHS]sum_flat ?card_ord.
Qed.

Lemma sizes_neq0 (j : 'I_b) (k : 'I_c) : (b%:R != 0 :> R) /\ (c%:R != 0 :> R).
Proof.
by rewrite !pnatr_eq0 -!lt0n; split; [case: j => j|case: k => k]; apply: leq_ltn_trans.
Qed.

Theorem flat_weights_show_the_distortion j k (w : R)
    (flat : forall j k, `|W j k| = w) (w_neq0 : w != 0) (tau_gt0 : (0 < tau)%N)
    (size_S : #|S j| = tau) (size_T : #|T k| = tau) :
  stochria W S T j k =
    c%:R / tau%:R * ri_input_term W j k + b%:R / tau%:R * ri_output_term W j k.
Proof.
have [b_neq0 c_neq0] := sizes_neq0 j k.
have tau_neq0 : tau%:R != 0 :> R by rewrite pnatr_eq0 -lt0n.
rewrite /stochria /ri_input_term /ri_output_term.
have [-> -> -> ->] := norms_of_flat_weights j k flat; rewrite flat size_S size_T.
by field; rewrite w_neq0 c_neq0 b_neq0 tau_neq0.
Qed.

(* The repair: sampled norms multiplied by c/tau and b/tau. *)
Definition stochria_length_corrected j k : R :=
  `|W j k| * ((c%:R / tau%:R * sampled_input_norm W S j)^-1
              + (b%:R / tau%:R * sampled_output_norm W T k)^-1).

Theorem flat_weights_show_no_distortion_when_length_corrected j k (w : R)
    (flat : forall j k, `|W j k| = w) (w_neq0 : w != 0) (tau_gt0 : (0 < tau)%N)
    (size_S : #|S j| = tau) (size_T : #|T k| = tau) :
  stochria_length_corrected j k = ri W j k.
Proof.
have [b_neq0 c_neq0] := sizes_neq0 j k.
have tau_neq0 : tau%:R != 0 :> R by rewrite pnatr_eq0 -lt0n.
rewrite /stochria_length_corrected /ri.
have [-> -> -> ->] := norms_of_flat_weights j k flat; rewrite flat size_S size_T.
by rewrite !mulrA !divfK.
Qed.

End Distortion.
