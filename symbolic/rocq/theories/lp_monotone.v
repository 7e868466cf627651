(* ℓp norms fall as p grows, so S1's scores rise: for natural p and for p = ∞. *)
From mathcomp Require Import all_ssreflect all_algebra.
From pruneproof Require Import sums norms lp_norms lp.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.
Set Implicit Arguments.

Section Monotone.
Context {R : rcfType} {m n : nat}.
Implicit Types A : 'M[R]_(m, n).

Lemma natural_norm_powerE s A :
  norm (natural_order s) A ^+ s.+1 = \sum_i \sum_j `|A i j| ^+ s.+1.
Proof.
rewrite /= /rational_norm expr1 nth_rootK ger0_norm ?sum_of_powers_ge0 //.
by do 2!(apply: eq_bigr => ? _); rewrite nth_root0E.
Qed.

Lemma entry_le_natural_norm s A i j : `|A i j| <= norm (natural_order s) A.
Proof.
rewrite -(@ler_pexpn2r _ s.+1) ?nnegrE ?norm_ge0 // natural_norm_powerE pair_bigA /=.
apply: (term_le_sum (fun ij : 'I_m * 'I_n => `|A ij.1 ij.2| ^+ s.+1) (i, j)) => ij.
by rewrite exprn_ge0.
Qed.

Theorem natural_norm_falls_with_p s t A (s_le_t : (s <= t)%N) :
  norm (natural_order t) A <= norm (natural_order s) A.
Proof.
set N := norm (natural_order s) A; have N_ge0 : 0 <= N by apply: norm_ge0.
rewrite -(@ler_pexpn2r _ t.+1) ?nnegrE ?norm_ge0 // natural_norm_powerE.
have -> : N ^+ t.+1 = N ^+ (t - s) * N ^+ s.+1 by rewrite -exprD addnS subnK.
rewrite /N natural_norm_powerE mulr_sumr; apply: ler_sum => i _.
rewrite mulr_sumr; apply: ler_sum => j _.
rewrite -(subnK s_le_t) -addnS exprD ler_wpmul2r ?exprn_ge0 //.
by rewrite subnK // ler_expn2r ?nnegrE ?norm_ge0 // entry_le_natural_norm.
Qed.

Theorem infinity_norm_is_below_natural_norms s A :
  norm Infinity A <= norm (natural_order s) A.
Proof.
rewrite /= /norm_infinity; elim/big_ind: _ => [|x y x_le y_le|ij _].
- exact: (norm_ge0 (natural_order s) A).
- by rewrite le_maxl x_le.
exact: entry_le_natural_norm.
Qed.

End Monotone.

Theorem lp_S1_rises_with_p {R : rcfType} {b c} s t (W : 'M[R]_(b, c)) j k
    (s_le_t : (s <= t)%N) (alive_j : row j W != 0) (alive_k : col k W != 0) :
  let score p := lp_S1 (input_norms p W) (output_norms p W) W j k in
  score (natural_order s) <= score (natural_order t).
Proof.
rewrite /= ler_wpmul2l // ler_add // lef_pinv ?posrE ?input_norms_gt0 ?output_norms_gt0 //.
  exact: natural_norm_falls_with_p.
exact: natural_norm_falls_with_p.
Qed.
