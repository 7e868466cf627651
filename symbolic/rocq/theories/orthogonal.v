(* When the lowest scores are optimal, not just a bound: if the columns of X are orthogonal,
   and the rows of Y, the squared objective of Appendix B is the sum of the squared scores of
   the removed weights. The unsquared objective is not, and its lowest scores can lose. *)
From mathcomp Require Import all_ssreflect all_algebra.
From mathcomp.algebra_tactics Require Import ring.
From pruneproof Require Import sums norms objectives symwanda symwanda_squared masks two_by_two.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.
Set Implicit Arguments.

(* XᵀX is diagonal *)
Definition orthogonal_columns {R : rcfType} {m n} (X : 'M[R]_(m, n)) :=
  forall j j', j != j' -> \sum_i X i j * X i j' = 0.

Lemma pythagoras {R : rcfType} {a b c} (X : 'M[R]_(a, b)) (D : 'M[R]_(b, c)) :
    orthogonal_columns X ->
  norm2 (X *m D) ^+ 2 = \sum_j \sum_k D j k ^+ 2 * norm2 (col j X) ^+ 2.
Proof.
move=> orthogonal; rewrite -sum_of_squared_col_norms exchange_big; apply: eq_bigr => k _.
rewrite norm2_col_squared.
have square i : (X *m D) i k ^+ 2 =
    \sum_j \sum_j' (X i j * X i j') * (D j k * D j' k).
  rewrite mxE expr2 mulr_suml; apply: eq_bigr => j _; rewrite mulr_sumr.
  by apply: eq_bigr => j' _; rewrite mulrACA.
under eq_bigr do rewrite square.
rewrite exchange_big; apply: eq_bigr => j _; rewrite exchange_big (bigD1 j) //=.
rewrite [X in _ + X]big1 ?addr0 => [|j' j'_neq]; last first.
  by rewrite -mulr_suml orthogonal ?mul0r // eq_sym.
by rewrite -mulr_suml -expr2 mulrC norm2_col_squared; congr (_ * _); apply: eq_bigr.
Qed.

Section Optimal.
Context {R : rcfType} {a b c d : nat}.
Variables (X : 'M[R]_(a, b)) (W : 'M[R]_(b, c)) (Y : 'M[R]_(c, d)).
Hypotheses (orthogonal_X : orthogonal_columns X) (orthogonal_Y : orthogonal_columns Y^T).
Implicit Types P Q : {set 'I_b * 'I_c}.

Theorem pruning_costs_the_sum_of_squared_scores P :
  squared_objective X Y W (prune W P) =
    \sum_(p in P) symwanda_squared X Y W p.1 p.2 ^+ 2.
Proof.
rewrite /squared_objective pythagoras // -[X in _ + X ^+ 2]norm2_trans trmx_mul pythagoras //.
rewrite (sum_over_pruned W) [X in _ + X]exchange_big /=.
under [X in _ + X]eq_bigr do under eq_bigr do rewrite [_^T _ _]mxE -tr_row norm2_trans.
rewrite (sum_over_pruned W (fun _ k => norm2 (row k Y) ^+ 2)) -big_split /=.
by apply: eq_bigr => p _; rewrite squared_symwanda_squaredE mulrDr.
Qed.

Theorem lowest_squared_scores_are_optimal P Q :
    #|P| = #|Q| ->
    (forall p q, p \in P -> q \notin P ->
       symwanda_squared X Y W p.1 p.2 <= symwanda_squared X Y W q.1 q.2) ->
  squared_objective X Y W (prune W P) <= squared_objective X Y W (prune W Q).
Proof.
move=> same_size lowest; rewrite !pruning_costs_the_sum_of_squared_scores.
apply: (lowest_scores_have_the_lowest_sum (fun p => symwanda_squared X Y W p.1 p.2 ^+ 2)) => //.
by move=> p q p_in q_out; rewrite ler_sqr ?nnegrE ?mulr_ge0 ?sqrtr_ge0 // lowest.
Qed.

End Optimal.

(* The unsquared objective: with X = Y = Diag(1, 0) and W = [[8, 15], [15, 1]] the three
   lowest scores (0, 15, 15) cost 30, but pruning all except W_10 costs 25. *)
Theorem lowest_scores_may_lose_for_the_unsquared_objective {R : rcfType} :
  exists (X W Y : 'M[R]_2) (P Q : {set 'I_2 * 'I_2}),
    [/\ orthogonal_columns X, orthogonal_columns Y^T, #|P| = #|Q|,
        forall p q, p \in P -> q \notin P -> symwanda X Y W p.1 p.2 < symwanda X Y W q.1 q.2
      & symmetric_objective X Y W (prune W Q) < symmetric_objective X Y W (prune W P)].
Proof.
pose E : 'M[R]_2 := matrix22 1 0 0 0.
pose W : 'M[R]_2 := matrix22 8%:R 15%:R 15%:R 1.
have two (i : 'I_2) : i = 0 \/ i = 1.
  by case: i => -[|[|//]] lt; [left|right]; apply: val_inj.
have orthogonal : orthogonal_columns E.
  move=> j j'; rewrite sum2; case: (two j) => ->; case: (two j') => ->; rewrite ?eqxx //.
    by rewrite !entries22 mulr0 mul0r addr0.
  by rewrite !entries22 !mul0r addr0.
have orthogonal_T : orthogonal_columns E^T.
  move=> j j' /orthogonal; rewrite !sum2 !mxE.
  by case: (two j) => ->; case: (two j') => ->.
exists E, W, E, [set~ (0, 0)], [set~ (1, 0)]; split=> //.
- by rewrite !cardsC1.
- have [c0 r0 c1 r1] : [/\ norm2 (col 0 E) = 1, norm2 (row 0 E) = 1,
      norm2 (col 1 E) = 0 & norm2 (row 1 E) = 0].
    by rewrite !norms2_22 !expr0n expr1n !addr0 sqrtr1 sqrtr0.
  move=> [j k] q; rewrite !inE negbK => other /eqP -> /=; move: other; rewrite /symwanda.
  case: (two j) => ->; case: (two k) => ->; rewrite ?eqxx // => _.
  + by rewrite c0 r0 r1 !entries22 !normr_nat addr0 -(natrD _ 1 1) mulr1 -natrM ltr_nat.
  + by rewrite c0 c1 r0 !entries22 !normr_nat add0r -(natrD _ 1 1) mulr1 -natrM ltr_nat.
  + by rewrite c0 c1 r0 r1 !entries22 !normr_nat addr0 mulr0 -(natrD _ 1 1) -natrM ltr0n.
have left (D : 'M[R]_2) : norm2 (E *m D) = Num.sqrt (D 0 0 ^+ 2 + D 0 1 ^+ 2).
  by rewrite /norm2 !sum2 !mxE !sum2 !entries22 !mul1r !mul0r !addr0 expr0n /= !addr0.
have right (D : 'M[R]_2) : norm2 (D *m E) = Num.sqrt (D 0 0 ^+ 2 + D 1 0 ^+ 2).
  by rewrite /norm2 !sum2 !mxE !sum2 !entries22 !mulr1 !mulr0 !addr0 expr0n /= !addr0.
rewrite /symmetric_objective !left !right ![(prune _ _ - _) _ _]mxE ![(- W) _ _]mxE.
rewrite ![prune _ _ _ _]mxE !inE !entries22 /=.
have -> : (0 - 8%:R) ^+ 2 + (0 - 15%:R) ^+ 2 = 17%:R ^+ 2 :> R by ring.
have -> : (0 - 8%:R) ^+ 2 + (15%:R - 15%:R) ^+ 2 = 8%:R ^+ 2 :> R by ring.
have -> : (8%:R - 8%:R) ^+ 2 + (0 - 15%:R) ^+ 2 = 15%:R ^+ 2 :> R by ring.
by rewrite !sqrtr_sqr !normr_nat -!natrD ltr_nat.
Qed.
