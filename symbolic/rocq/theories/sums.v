(* Facts about finite sums of real numbers that the other files need and
   mathcomp does not have: the inequality of Cauchy and Schwarz, Minkowski's
   inequality, "some term reaches the mean", and a comparison of the sums over two
   equally large sets. Nothing here knows about pruning.                       *)
From mathcomp Require Import all_ssreflect all_algebra.
From mathcomp.algebra_tactics Require Import ring.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.
Set Implicit Arguments.

Section Sums.
Context {R : rcfType} {I : finType}.
Implicit Types f g : I -> R.

Lemma sum_ge0 f : (forall i, 0 <= f i) -> 0 <= \sum_i f i.
Proof. by move=> f_ge0; apply: sumr_ge0. Qed.

Lemma sum_squares_ge0 f : 0 <= \sum_i f i ^+ 2.
Proof. by apply: sum_ge0 => i; apply: sqr_ge0. Qed.

Lemma term_le_sum f i : (forall i', 0 <= f i') -> f i <= \sum_i' f i'.
Proof.
by move=> f_ge0; rewrite (bigD1 i) //= ler_addl; apply: sumr_ge0.
Qed.

(* (Σ f g)² ≤ (Σ f²)(Σ g²), since half of Σᵢⱼ (fᵢgⱼ − fⱼgᵢ)² is their difference. *)
Lemma cauchy_schwarz f g :
  (\sum_i f i * g i) ^+ 2 <= (\sum_i f i ^+ 2) * (\sum_i g i ^+ 2).
Proof.
have lagrange : \sum_i \sum_j (f i * g j - f j * g i) ^+ 2 =
    ((\sum_i f i ^+ 2) * (\sum_i g i ^+ 2) - (\sum_i f i * g i) ^+ 2) *+ 2.
  pose t i j := f i ^+ 2 * g j ^+ 2 + g i ^+ 2 * f j ^+ 2
                - (f i * g i) * (f j * g j) *+ 2.
  rewrite (eq_bigr (fun i => \sum_j t i j)); last first.
    by move=> i _; apply: eq_bigr => j _; rewrite /t; ring.
  rewrite (eq_bigr (fun i => f i ^+ 2 * (\sum_j g j ^+ 2)
      + g i ^+ 2 * (\sum_j f j ^+ 2) - f i * g i * (\sum_j f j * g j) *+ 2)); last first.
    by move=> i _; rewrite /t !mulr_sumr -sumrMnl -big_split -sumrB.
  rewrite sumrB big_split /= sumrMnl -!mulr_suml.
  by rewrite [X in _ + X - _]mulrC -mulr2n -expr2 -mulrnBl.
rewrite -subr_ge0 -(pmulrn_lge0 _ (ltn0Sn 1)) -lagrange.
by apply: sum_ge0 => i; apply: sum_squares_ge0.
Qed.

(* √Σ(f + g)² ≤ √Σf² + √Σg² *)
Lemma minkowski f g :
  Num.sqrt (\sum_i (f i + g i) ^+ 2)
    <= Num.sqrt (\sum_i f i ^+ 2) + Num.sqrt (\sum_i g i ^+ 2).
Proof.
have root_ge0 (x : R) : 0 <= Num.sqrt x by apply: sqrtr_ge0.
rewrite -ler_sqr ?nnegrE ?addr_ge0 // sqrrD !sqr_sqrtr ?sum_squares_ge0 //.
rewrite (eq_bigr (fun i => f i ^+ 2 + f i * g i *+ 2 + g i ^+ 2)); last first.
  by move=> i _; rewrite sqrrD.
rewrite !big_split /= ler_add2r ler_add2l -mulr2n ler_muln2r /=.
rewrite -sqrtrM ?sum_squares_ge0 //.
apply: le_trans (ler_norm _) _.
by rewrite -sqrtr_sqr ler_wsqrtr // cauchy_schwarz.
Qed.

Lemma some_term_reaches_the_mean f (s : R) :
  (0 < #|I|)%N -> s <= \sum_i f i -> exists i, s / #|I|%:R <= f i.
Proof.
move=> I_gt0 s_le; apply/existsP; apply: contraLR s_le.
rewrite negb_exists => /forallP below; rewrite -ltNge.
have n_gt0 : 0 < #|I|%:R :> R by rewrite ltr0n.
have /card_gt0P [i0 _] := I_gt0.
have -> : s = \sum_(i : I) s / #|I|%:R.
  by rewrite sumr_const -mulr_natr divfK // gt_eqF.
rewrite (bigD1 i0) //= [X in _ < X](bigD1 i0) //=; apply: ltr_le_add.
  by rewrite ltNge below.
by apply: ler_sum => i _; rewrite ltW // ltNge below.
Qed.

End Sums.

(* If P and Q are equally large and no score of P∖Q is above one of Q∖P, then P's scores
   sum to no more than Q's. *)
Lemma sum_le_of_ordered_differences {R : rcfType} {I : finType} (s : I -> R) (P Q : {set I}) :
    #|P| = #|Q| -> (forall p q, p \in P :\: Q -> q \in Q :\: P -> s p <= s q) ->
  \sum_(i in P) s i <= \sum_(i in Q) s i.
Proof.
move=> same_size ordered.
have card_diff : #|P :\: Q| = #|Q :\: P|.
  apply/eqP; rewrite -(eqn_add2l #|P :&: Q|) cardsID same_size.
  by rewrite setIC cardsID.
rewrite (big_setID Q) [X in _ <= X](big_setID P) /= setIC ler_add2l.
have [/eqP empty|nonempty] := boolP (#|P :\: Q| == 0%N).
  have -> : P :\: Q = set0 by apply/eqP; rewrite -cards_eq0 empty.
  have -> : Q :\: P = set0 by apply/eqP; rewrite -cards_eq0 -card_diff empty.
  by rewrite !big_set0.
have n_gt0 : 0 < #|P :\: Q|%:R :> R by rewrite ltr0n lt0n.
rewrite -(ler_pmul2l n_gt0).
pose D := P :\: Q; pose E := Q :\: P.
have -> : #|D|%:R * (\sum_(p in D) s p) = \sum_(p in D) \sum_(q in E) s p.
  by rewrite mulr_sumr; apply: eq_bigr => p _; rewrite sumr_const -card_diff mulr_natl.
have -> : #|D|%:R * (\sum_(q in E) s q) = \sum_(p in D) \sum_(q in E) s q.
  by rewrite sumr_const mulr_natl.
by apply: ler_sum => p p_in; apply: ler_sum => q q_in; apply: ordered.
Qed.
