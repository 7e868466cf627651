(* The objectives of the paper and what it means to remove weights.

   X : a × b (tokens × inputs), W : b × c (inputs × outputs), Y : c × d.
     input_reconstruction X W W'     f(W') = ‖X(W' − W)‖_F²               (InpRecon)
     symmetric_objective X Y W W'    g(W') = ‖X(W' − W)‖_F + ‖(W' − W)Y‖_F     (Sym)
     squared_objective X Y W W'      g′(W'), both norms squared         (Appendix B)
     prune W P, remove W j k         W with the entries in P, or W_jk, set to 0    *)
From mathcomp Require Import all_ssreflect all_algebra.
From pruneproof Require Import sums norms.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.
Set Implicit Arguments.

Section Objectives.
Context {R : rcfType} {a b c d : nat}.
Implicit Types (X : 'M[R]_(a, b)) (W : 'M[R]_(b, c)) (Y : 'M[R]_(c, d)).

Definition input_reconstruction X W W' := norm2 (X *m (W' - W)) ^+ 2.

Definition symmetric_objective X Y W W' :=
  norm2 (X *m (W' - W)) + norm2 ((W' - W) *m Y).

Definition squared_objective X Y W W' :=
  norm2 (X *m (W' - W)) ^+ 2 + norm2 ((W' - W) *m Y) ^+ 2.

Definition prune W (P : {set 'I_b * 'I_c}) : 'M[R]_(b, c) :=
  \matrix_(j, k) if (j, k) \in P then 0 else W j k.

Definition remove W j k := prune W [set (j, k)].

End Objectives.

Section Removal.
Context {R : rcfType} {b c : nat}.
Implicit Types W : 'M[R]_(b, c).

Lemma prune_changes W P :
  prune W P - W = - \sum_(p in P) W p.1 p.2 *: delta_mx p.1 p.2.
Proof.
apply/matrixP => j k; rewrite !mxE summxE.
under eq_bigr do rewrite !mxE.
have [in_P|out_P] := ifPn; last first.
  rewrite subrr big1 ?oppr0 // => -[j' k'] in_P /=; rewrite -xpair_eqE.
  by case: eqP => [same|_]; rewrite ?mulr0 //; case/negP: out_P; rewrite same.
rewrite sub0r (bigD1 (j, k)) //= !eqxx mulr1 big1 ?addr0 // => -[j' k'] /=.
by rewrite eq_sym -xpair_eqE => /andP[_ /negPf ->]; rewrite mulr0.
Qed.

Lemma remove_changes W j k : remove W j k - W = - (W j k *: delta_mx j k).
Proof. by rewrite prune_changes big_set1. Qed.

(* A weighted sum of squares of the change runs over the removed weights only. *)
Lemma sum_over_pruned W (f : 'I_b -> 'I_c -> R) P :
  \sum_j \sum_k ((prune W P - W) j k ^+ 2 * f j k) =
    \sum_(p in P) W p.1 p.2 ^+ 2 * f p.1 p.2.
Proof.
rewrite pair_bigA [RHS]big_mkcond; apply: eq_bigr => -[j k] _ /=.
by rewrite !mxE; case: ifP => _; rewrite ?sub0r ?sqrrN // subrr expr0n mul0r.
Qed.

Lemma norm2_mul_delta a (X : 'M[R]_(a, b)) j k :
  norm2 (X *m delta_mx j k : 'M[R]_(a, c)) = norm2 (col j X).
Proof.
apply/eqP; rewrite -(@eqr_expn2 _ 2) ?norm2_ge0 // norm2_col_squared norm2_squared.
apply/eqP/eq_bigr => i _; rewrite (bigD1 k) //= big1 ?addr0 => [|k' /negPf k'_neq].
  rewrite mxE (bigD1 j) //= big1 => [|j' /negPf j'_neq].
    by rewrite mxE !eqxx mulr1 addr0.
  by rewrite mxE j'_neq mulr0.
by rewrite mxE big1 ?expr0n // => j' _; rewrite mxE k'_neq andbF mulr0.
Qed.

End Removal.

Lemma norm2_delta_mul {R : rcfType} {b c} d (Y : 'M[R]_(c, d)) j k :
  norm2 (delta_mx j k *m Y : 'M[R]_(b, d)) = norm2 (row k Y).
Proof.
by rewrite -norm2_trans trmx_mul trmx_delta norm2_mul_delta -tr_row norm2_trans.
Qed.
