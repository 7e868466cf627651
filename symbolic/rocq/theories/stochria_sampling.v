(* A sampled norm is tau/c of the whole norm on average, over all samples of tau of the c
   outputs. Multiplying it by c/tau, as the repaired Eq. (4) does, therefore makes it an
   unbiased estimate; as printed, Eq. (4) is biased for every tau < c.               *)
From mathcomp Require Import all_ssreflect all_algebra.
From mathcomp.algebra_tactics Require Import ring.
From pruneproof Require Import sums norms stochria.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.
Set Implicit Arguments.

Definition samples c tau : {set {set 'I_c}} := [set A : {set 'I_c} | #|A| == tau].

Definition mean {R : rcfType} {I : finType} (A : {set I}) (f : I -> R) : R :=
  (\sum_(i in A) f i) / #|A|%:R.

(* Every output is in equally many samples: in those not among the other c - 1 outputs. *)
Lemma number_of_samples_with c tau (k : 'I_c) :
  #|[set A in samples c tau | k \in A]| = ('C(c, tau) - 'C(c.-1, tau))%N.
Proof.
have without : #|samples c tau :\: [set A : {set 'I_c} | k \in A]| = 'C(c.-1, tau).
  transitivity #|[set A : {set 'I_c} | A \subset [set~ k] & #|A| == tau]|.
    by apply: eq_card => A; rewrite !inE subsetC sub1set inE.
  by rewrite cards_draws cardsC1 card_ord.
have := cardsID [set A : {set 'I_c} | k \in A] (samples c tau).
rewrite without card_draws card_ord => <-; rewrite addnK.
by apply: eq_card => A; rewrite !inE.
Qed.

Lemma sum_over_samples {R : rcfType} c tau (f : 'I_c -> R) :
  c%:R * (\sum_(A in samples c tau) \sum_(k in A) f k) =
    (#|samples c tau| * tau)%:R * \sum_k f k.
Proof.
have exchanged (g : 'I_c -> R) : \sum_(A in samples c tau) \sum_(k in A) g k =
    ('C(c, tau) - 'C(c.-1, tau))%:R * \sum_k g k.
  under eq_bigr do rewrite big_mkcond.
  rewrite exchange_big mulr_sumr; apply: eq_bigr => k _.
  rewrite -big_mkcondr /= -(number_of_samples_with tau k) mulr_natl -sumr_const.
  by apply: eq_bigl => A; rewrite !inE.
have count : ('C(c, tau) - 'C(c.-1, tau))%:R * c%:R = (#|samples c tau| * tau)%:R :> R.
  have := exchanged (fun=> 1); rewrite sumr_const card_ord => <-.
  rewrite (eq_bigr (fun=> tau%:R)) => [|A]; last by rewrite inE sumr_const => /eqP ->.
  by rewrite sumr_const -mulrnA mulnC.
by rewrite exchanged -count mulrA [c%:R * _]mulrC.
Qed.

Theorem sampled_norms_average_tau_over_c_of_the_norm {R : rcfType} {b c} tau
    (W : 'M[R]_(b, c)) j (tau_gt0 : (0 < tau)%N) (tau_le_c : (tau <= c)%N) :
  mean (samples c tau) (fun A => sampled_input_norm W (fun=> A) j) =
    tau%:R / c%:R * norm1 (row j W).
Proof.
have c_neq0 : c%:R != 0 :> R by rewrite pnatr_eq0 -lt0n (leq_trans tau_gt0).
have size_neq0 : #|samples c tau|%:R != 0 :> R.
  by rewrite pnatr_eq0 card_draws card_ord -lt0n bin_gt0.
apply: (mulfI c_neq0); rewrite /mean mulrA sum_over_samples natrM norm1_row.
have cancel (s t x n : R) : s != 0 -> n != 0 -> s * t * x / s = n * (t / n * x).
  by move=> s_neq0 n_neq0; field; apply/andP.
exact: cancel.
Qed.
