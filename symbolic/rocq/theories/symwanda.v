(* SymWanda: removing one weight costs exactly its score (Lemma 3.1), and removing a
   set of weights costs at most the sum of their scores.

     symwanda X Y W j k = |W_jk| (‖X_:j‖₂ + ‖Y_k:‖₂)                               *)
From mathcomp Require Import all_ssreflect all_algebra.
From pruneproof Require Import sums norms objectives.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.
Set Implicit Arguments.

Section SymWanda.
Context {R : rcfType} {a b c d : nat}.
Implicit Types (X : 'M[R]_(a, b)) (W : 'M[R]_(b, c)) (Y : 'M[R]_(c, d)).

Definition symwanda X Y W j k : R := `|W j k| * (norm2 (col j X) + norm2 (row k Y)).

Lemma norm2_input_change X W j k :
  norm2 (X *m (remove W j k - W)) = `|W j k| * norm2 (col j X).
Proof.
by rewrite remove_changes mulmxN norm2_opp -scalemxAr norm2_scale norm2_mul_delta.
Qed.

Lemma norm2_output_change Y W j k :
  norm2 ((remove W j k - W) *m Y) = `|W j k| * norm2 (row k Y).
Proof.
by rewrite remove_changes mulNmx norm2_opp -scalemxAl norm2_scale norm2_delta_mul.
Qed.

(* Lemma 3.1: g(W with W_jk = 0) = |W_jk| (‖X_:j‖₂ + ‖Y_k:‖₂). *)
Theorem removal_costs_its_score X Y W j k :
  symmetric_objective X Y W (remove W j k) = symwanda X Y W j k.
Proof.
by rewrite /symmetric_objective norm2_input_change norm2_output_change -mulrDr.
Qed.

Lemma norm2_sum_le m n (I : finType) (P : {set I}) (F : I -> 'M[R]_(m, n)) :
  norm2 (\sum_(p in P) F p) <= \sum_(p in P) norm2 (F p).
Proof.
apply: (big_ind2 (fun A t => norm2 A <= t)) => [|A s B t A_le B_le|//].
  by rewrite norm2_of_0.
by apply: (le_trans (norm2_triangle A B)); apply: ler_add.
Qed.

(* g is subadditive: the scores of a set bound its cost from above. *)
Theorem pruning_costs_at_most_the_sum_of_scores X Y W (P : {set 'I_b * 'I_c}) :
  symmetric_objective X Y W (prune W P) <= \sum_(p in P) symwanda X Y W p.1 p.2.
Proof.
rewrite /symmetric_objective prune_changes mulmxN mulNmx !norm2_opp.
rewrite mulmx_sumr mulmx_suml; under [X in _ <= X]eq_bigr do rewrite /symwanda mulrDr.
rewrite big_split; apply: ler_add; apply: (le_trans (norm2_sum_le _ _)).
  by apply: ler_sum => p _; rewrite -scalemxAr norm2_scale norm2_mul_delta.
by apply: ler_sum => p _; rewrite -scalemxAl norm2_scale norm2_delta_mul.
Qed.

(* "Extended iteratively" (after Lemma 3.1) changes nothing while X and Y are fixed:
   removing one weight leaves the score of every other as it was. *)
Theorem removal_keeps_the_other_scores X Y W j k j' k' :
  (j', k') != (j, k) -> symwanda X Y (remove W j k) j' k' = symwanda X Y W j' k'.
Proof. by move=> /negPf other; rewrite /symwanda mxE inE other. Qed.

End SymWanda.

(* The largest score in a set is not a lower bound of the set's cost: with X = (1, -1)
   and W = (1, 1)ᵀ the two removals cancel. *)
Theorem largest_score_is_no_lower_bound {R : rcfType} :
  exists (X : 'M[R]_(1, 2)) (Y : 'M[R]_(1, 1)) (W : 'M[R]_(2, 1)),
    symmetric_objective X Y W (prune W setT) < symwanda X Y W 0 0.
Proof.
exists (\matrix_(i, j) (-1) ^+ j), 0, (const_mx 1).
have -> : prune (const_mx 1 : 'M[R]_(2, 1)) setT = 0.
  by apply/matrixP => j k; rewrite !mxE inE.
rewrite /symmetric_objective /symwanda mulmx0 norm2_of_0 sub0r mulmxN norm2_opp.
have -> : (\matrix_(i, j) (-1) ^+ j : 'M[R]_(1, 2)) *m const_mx 1 = 0 :> 'M[R]_(1, 1).
  apply/matrixP => i k; rewrite !mxE !big_ord_recl big_ord0 !mxE /=.
  by rewrite expr0 expr1 !mulr1 addr0 subrr.
rewrite row0 !norm2_of_0 !addr0 mxE normr1 mul1r norm2_gt0.
by apply/eqP => /matrixP/(_ 0 0)/eqP; rewrite !mxE expr0 oner_eq0.
Qed.
