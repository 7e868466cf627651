(* Which of the strategies of Appendix C.3 are SymWanda scores: S1 and S3 are for every W,
   S2 and S4 are not, e.g. with ℓ1 norms on W = [[1, 1], [1, 2]].                    *)
From mathcomp Require Import all_ssreflect all_algebra.
From mathcomp.algebra_tactics Require Import ring.
From pruneproof Require Import norms lp_norms symwanda representability two_by_two lp.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.
Set Implicit Arguments.

Section Representable.
Context {R : rcfType} {b c : nat}.
Variables (m : 'I_b -> R) (n : 'I_c -> R) (W : 'M[R]_(b, c)).

Theorem lp_S1_is_symwanda a d (a_gt0 : (0 < a)%N) (d_gt0 : (0 < d)%N)
    (m_ge0 : forall j, 0 <= m j) (n_ge0 : forall k, 0 <= n k) :
  is_symwanda_score a d W (lp_S1 m n W).
Proof.
exists (with_column_norms (fun j => (m j)^-1)), (with_row_norms (fun k => (n k)^-1)) => j k.
by rewrite /symwanda with_column_normsE ?with_row_normsE ?invr_ge0.
Qed.

Theorem lp_S3_is_symwanda a d (a_gt0 : (0 < a)%N) (d_gt0 : (0 < d)%N)
    (m_ge0 : forall j, 0 <= m j) (n_ge0 : forall k, 0 <= n k) :
  is_symwanda_score a d W (lp_S3 m n W).
Proof.
exists (with_column_norms m), (with_row_norms n) => j k.
by rewrite /symwanda with_column_normsE ?with_row_normsE.
Qed.

End Representable.

Section Witness.
Context {R : rcfType}.
Let W : 'M[R]_2 := matrix22 1 1 1 2%:R.
Let m (j : 'I_2) := norm1 (row j W).
Let n (k : 'I_2) := norm1 (col k W).

Lemma witness_has_no_zero_weight : no_zero_weight W.
Proof. by move=> j k; rewrite mxE; case: ifP; case: ifP; rewrite ?pnatr_eq0 ?oner_eq0. Qed.

Lemma witness_norms : [/\ m 0 = 2%:R, m 1 = 3%:R, n 0 = 2%:R & n 1 = 3%:R].
Proof. by rewrite /m /n !norms1_22 normr1 normr_nat -(natrD _ 1 1) -(natrD _ 1 2). Qed.

Theorem lp_S2_is_not_symwanda a d : ~ is_symwanda_score a d W (lp_S2 m n W).
Proof.
move=> representable.
have [_ /(_ 0 1 0 1)] :=
  symwanda_score_has_no_mixed_difference witness_has_no_zero_weight representable.
have [m0 m1 n0 n1] := witness_norms.
rewrite /lp_S2 m0 m1 n0 n1 !entries22 normr1 normr_nat !divr1.
have -> : 1 / (2%:R + 2%:R) - 1 / (2%:R + 3%:R) = 20%:R^-1 :> R by field.
have -> : 1 / (3%:R + 2%:R) - 2%:R / (3%:R + 3%:R) / 2%:R = 30%:R^-1 :> R by field.
by move=> /invr_inj/eqP; rewrite eqr_nat.
Qed.

Theorem lp_S4_is_not_symwanda a d : ~ is_symwanda_score a d W (lp_S4 m n W).
Proof.
move=> representable.
have [_ /(_ 0 1 0 1)] :=
  symwanda_score_has_no_mixed_difference witness_has_no_zero_weight representable.
have [m0 m1 n0 n1] := witness_norms.
rewrite /lp_S4 m0 m1 n0 n1 !entries22 normr1 normr_nat !divr1.
have -> : 1 / (2%:R^-1 + 2%:R^-1) - 1 / (2%:R^-1 + 3%:R^-1) = - 5%:R^-1 :> R by field.
have -> : 1 / (3%:R^-1 + 2%:R^-1) - 2%:R / (3%:R^-1 + 3%:R^-1) / 2%:R = - (10%:R / 3%:R)^-1 :> R.
  by field.
move=> /oppr_inj/invr_inj/(congr1 ( *%R^~ 3%:R)); rewrite divfK ?pnatr_eq0 // -natrM => /eqP.
by rewrite eqr_nat.
Qed.

End Witness.
