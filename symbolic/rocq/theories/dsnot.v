(* One DSnoT step lowers the expected error of its output neuron exactly when the change
   has the error's sign and is less than twice as large; the guard is not in §3.6.

   Of one output neuron: w_r its weights, mu_r = E[X_r], kept the kept positions, so the
   expected reconstruction error E[ε] is the sum of w_r mu_r over the pruned positions.
   A step grows a pruned position i and prunes a kept position j.                  *)
From mathcomp Require Import all_ssreflect all_algebra.
From mathcomp.algebra_tactics Require Import ring.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.
Set Implicit Arguments.

Section DSnoT.
Context {R : rcfType} {b : nat}.
Variables (w mu : 'I_b -> R).
Implicit Types kept : {set 'I_b}.

Definition expected_error kept : R := \sum_(r in ~: kept) w r * mu r.
Definition dsnot_step kept i j : {set 'I_b} := (i |: kept) :\ j.

Lemma expected_error_after_step kept i j : i \notin kept -> j \in kept ->
  expected_error (dsnot_step kept i j) = expected_error kept - (w i * mu i - w j * mu j).
Proof.
move=> i_out j_in; have i_neq_j : i != j by apply: contraNneq i_out => ->.
rewrite /expected_error /dsnot_step (bigD1 j) ?inE ?eqxx //=.
rewrite [in RHS](bigD1 i) ?inE //= [RHS]addrAC subKr; congr (_ + _).
apply: eq_bigl => r; rewrite !inE; have [->|r_neq_j] := eqVneq r j.
  by rewrite j_in.
by rewrite /= andbT negb_or andbC.
Qed.

Theorem dsnot_step_lowers_the_error_iff_guarded kept i j
    (i_pruned : i \notin kept) (j_kept : j \in kept) :
  (`|expected_error (dsnot_step kept i j)| < `|expected_error kept|) =
    (0 < Num.sg (expected_error kept) * (w i * mu i - w j * mu j)
       < 2%:R * `|expected_error kept|).
Proof.
rewrite expected_error_after_step //.
set e := expected_error kept; set change := _ - _.
rewrite ltr_norml; case: sgrP => [e_eq0|e_gt0|e_lt0].
- by rewrite mul0r ltxx oppr0 e_eq0 sub0r [LHS]lt_asym.
- rewrite mul1r andbC.
  have -> : (e - change < e) = (0 < change) by rewrite ltr_subl_addl -subr_gt0 addrK.
  have -> : (- e < e - change) = (change < 2%:R * e); last by [].
  by rewrite -subr_gt0 -[RHS]subr_gt0; congr (0 < _); ring.
rewrite mulN1r.
have -> : (- - e < e - change) = (0 < - change).
  by rewrite -subr_gt0; congr (0 < _); ring.
have -> : (e - change < - e) = (- change < 2%:R * - e); last by [].
by rewrite -subr_gt0 -[RHS]subr_gt0; congr (0 < _); ring.
Qed.

End DSnoT.
