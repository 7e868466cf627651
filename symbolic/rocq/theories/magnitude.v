(* Magnitude pruning is SymWanda with X = I and Y = 0 (Table 1, "Marginal"). *)
From mathcomp Require Import all_ssreflect all_algebra.
From pruneproof Require Import norms symwanda.
Import GRing.Theory Num.Theory.
Local Open Scope ring_scope.
Set Implicit Arguments.

Section Magnitude.
Context {R : rcfType} {b c d : nat}.
Implicit Types W : 'M[R]_(b, c).

Definition magnitude W j k : R := `|W j k|.

(* Table 1, Marginal *)
Theorem symwanda_of_identity_and_zero_is_magnitude W j k :
  symwanda 1%:M (0 : 'M[R]_(c, d)) W j k = magnitude W j k.
Proof.
rewrite /symwanda row0 norm2_of_0 addr0 (@norm2_of_single_col _ _ _ _ j).
  by rewrite mxE eqxx normr1 mulr1.
by move=> i /negPf i_neq; rewrite mxE i_neq.
Qed.

End Magnitude.
