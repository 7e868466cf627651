(* Output Wanda is SymWanda with X = 0 (Corollary 3.3), and Wanda transposed.

     owanda Y W j k = |W_jk| ‖Y_k:‖₂                                               *)
From mathcomp Require Import all_ssreflect all_algebra.
From pruneproof Require Import norms symwanda magnitude wanda.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.
Set Implicit Arguments.

Section OWanda.
Context {R : rcfType} {a b c d : nat}.
Implicit Types (W : 'M[R]_(b, c)) (Y : 'M[R]_(c, d)).

Definition owanda Y W j k : R := `|W j k| * norm2 (row k Y).

(* Corollary 3.3 *)
Theorem symwanda_of_X_0_is_owanda Y W j k :
  symwanda (0 : 'M[R]_(a, b)) Y W j k = owanda Y W j k.
Proof. by rewrite /symwanda col0 norm2_of_0 add0r. Qed.

Theorem owanda_is_wanda_of_the_transposes Y W j k : owanda Y W j k = wanda Y^T W^T k j.
Proof. by rewrite /owanda /wanda mxE -tr_row norm2_trans. Qed.

(* Where the weights into one output are compared, OWanda orders like magnitude; this
   needs an output that is not dead. *)
Theorem owanda_orders_like_magnitude_within_an_output Y W j j' k :
    row k Y != 0 ->
  (owanda Y W j k <= owanda Y W j' k) = (magnitude W j k <= magnitude W j' k).
Proof. by move=> alive; rewrite /owanda ler_pmul2r // norm2_gt0. Qed.

End OWanda.
