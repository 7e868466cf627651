(* Wanda is SymWanda with Y = 0 (Corollary 3.2), and what its scores are good for.

     wanda X W j k = |W_jk| ‖X_:j‖₂                                                *)
From mathcomp Require Import all_ssreflect all_algebra.
From pruneproof Require Import sums norms objectives symwanda magnitude.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.
Set Implicit Arguments.

Section Wanda.
Context {R : rcfType} {a b c d : nat}.
Implicit Types (X : 'M[R]_(a, b)) (W : 'M[R]_(b, c)).

Definition wanda X W j k : R := `|W j k| * norm2 (col j X).

(* Corollary 3.2 *)
Theorem symwanda_of_Y_0_is_wanda X W j k :
  symwanda X (0 : 'M[R]_(c, d)) W j k = wanda X W j k.
Proof. by rewrite /symwanda row0 norm2_of_0 addr0. Qed.

(* Removing one weight costs its squared Wanda score in f, the input reconstruction. *)
Theorem input_removal_costs_squared_wanda X W j k :
  input_reconstruction X W (remove W j k) = wanda X W j k ^+ 2.
Proof. by rewrite /input_reconstruction norm2_input_change. Qed.

(* Where the weights that leave one input are compared, Wanda orders like magnitude;
   this needs an input that is not dead. *)
Theorem wanda_orders_like_magnitude_within_an_input X W j k k' :
    col j X != 0 ->
  (wanda X W j k <= wanda X W j k') = (magnitude W j k <= magnitude W j k').
Proof. by move=> alive; rewrite /wanda ler_pmul2r // norm2_gt0. Qed.

(* Rescaling input j by t_j and its weights by 1/t_j changes no score. *)
Theorem wanda_is_invariant_under_rescaled_inputs X W (t : 'rV[R]_b) j k :
    (forall j, t 0 j != 0) ->
  wanda (X *m diag_mx t) (diag_mx (\row_j (t 0 j)^-1) *m W) j k = wanda X W j k.
Proof.
move=> t_neq0; rewrite /wanda mul_diag_mx mxE.
rewrite (@norm2_of_scaled_col _ _ _ _ (t 0 j) (col j X)); last first.
  by move=> i; rewrite mul_mx_diag !mxE mulrC.
by rewrite mxE normrM mulrACA -normrM mulVf // normr1 mul1r.
Qed.

End Wanda.
