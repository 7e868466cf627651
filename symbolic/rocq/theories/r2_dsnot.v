(* R²-DSnoT's rules as printed (§3.6): the regularisers of Eqs. (5) and (6) are constant
   in r, so they change no choice; D leaves the pruning candidates as they are; and
   Eq. (5) does not see the weight that it grows.

   q is an output neuron (a row of V, the pruned matrix W̃), r an input. E, variance and
   n stand for E[X_r], Var(X_r) and ‖X_r‖₂^α, s for sign(E[ε_q]).                    *)
From mathcomp Require Import all_ssreflect all_algebra.
From pruneproof Require Import norms lp_norms.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.
Set Implicit Arguments.

Definition is_argmax {R : rcfType} {I : Type} (P : I -> Prop) (f : I -> R) i :=
  P i /\ forall r, P r -> f r <= f i.
Definition is_argmin {R : rcfType} {I : Type} (P : I -> Prop) (f : I -> R) i :=
  P i /\ forall r, P r -> f i <= f r.

Section R2DSnoT.
Context {R : rcfType} {b c : nat}.
Variables (V : 'M[R]_(b, c)) (E variance n : 'I_c -> R) (s : R) (q : 'I_b).
Implicit Types (gamma : R) (p : order) (P : 'I_c -> Prop).

Definition relative_importance_D r : R := (norm1 (row q V))^-1 + (norm1 (col r V))^-1.

(* Eq. (5) *)
Definition growing_score gamma p r : R :=
  s * relative_importance_D r * (E r / variance r) + gamma * norm p (row q V).

(* Eq. (6) *)
Definition pruning_score gamma p r : R :=
  `|V q r| * relative_importance_D r * n r + gamma * norm p (row q V).

Theorem gamma_1_and_p_change_no_growing_choice gamma gamma' p p' P i :
  is_argmax P (growing_score gamma p) i <-> is_argmax P (growing_score gamma' p') i.
Proof.
by split=> -[P_i largest]; split=> // r P_r; move: (largest r P_r); rewrite !ler_add2r.
Qed.

Theorem gamma_2_and_p_change_no_pruning_choice gamma gamma' p p' P i :
  is_argmin P (pruning_score gamma p) i <-> is_argmin P (pruning_score gamma' p') i.
Proof.
by split=> -[P_i smallest]; split=> // r P_r; move: (smallest r P_r); rewrite !ler_add2r.
Qed.

(* Δ after Eq. (6) includes D; its sign does not need it. *)
Theorem D_keeps_the_pruning_candidates r
    (alive_q : row q V != 0) (alive_r : col r V != 0) :
  (s * (V q r * relative_importance_D r * E r) < 0) = (s * (V q r * E r) < 0).
Proof.
rewrite [V q r * _ * _]mulrAC [s * (_ * relative_importance_D r)]mulrA pmulr_llt0 //.
by rewrite addr_gt0 ?invr_gt0 ?norm1_gt0.
Qed.

(* Eq. (5) lacks DSnoT's factor W_qr: where D and E/Var agree it ties weights that DSnoT
   tells apart. *)
Theorem growing_score_ties_weights_that_dsnot_separates (w : 'I_c -> R) gamma p r r' :
    relative_importance_D r = relative_importance_D r' ->
    E r / variance r = E r' / variance r' -> E r / variance r != 0 -> s != 0 -> w r != w r' ->
  growing_score gamma p r = growing_score gamma p r' /\
  s * w r * (E r / variance r) != s * w r' * (E r' / variance r').
Proof.
move=> same_D same_E E_neq0 s_neq0 w_neq; rewrite /growing_score same_D same_E; split=> //.
by rewrite -same_E (inj_eq (mulIf E_neq0)) (inj_eq (mulfI s_neq0)).
Qed.

End R2DSnoT.
