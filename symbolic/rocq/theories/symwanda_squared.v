(* SymWanda with squared norms (Appendix B): removing one weight costs its squared
   score, the special cases 1 to 3, the comparison with the unsquared score, and when
   RI can be had (case 4).

     symwanda_squared X Y W j k = |W_jk| √(‖X_:j‖₂² + ‖Y_k:‖₂²)                     *)
From mathcomp Require Import all_ssreflect all_algebra.
From mathcomp.algebra_tactics Require Import ring.
From pruneproof Require Import sums norms objectives symwanda representability.
From pruneproof Require Import wanda owanda symmetric ri.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.
Set Implicit Arguments.

Section Squared.
Context {R : rcfType} {a b c d : nat}.
Implicit Types (X : 'M[R]_(a, b)) (W : 'M[R]_(b, c)) (Y : 'M[R]_(c, d)).

Definition symwanda_squared X Y W j k : R :=
  `|W j k| * Num.sqrt (norm2 (col j X) ^+ 2 + norm2 (row k Y) ^+ 2).

Lemma sum_of_squares_ge0 (x y : R) : 0 <= x ^+ 2 + y ^+ 2.
Proof. by rewrite addr_ge0 ?sqr_ge0. Qed.

Lemma squared_symwanda_squaredE X Y W j k :
  symwanda_squared X Y W j k ^+ 2 =
    W j k ^+ 2 * (norm2 (col j X) ^+ 2 + norm2 (row k Y) ^+ 2).
Proof.
by rewrite /symwanda_squared exprMn real_normK ?num_real // sqr_sqrtr ?sum_of_squares_ge0.
Qed.

(* Appendix B: g′(W with W_jk = 0) = W_jk² (‖X_:j‖₂² + ‖Y_k:‖₂²) *)
Theorem removal_costs_its_squared_score X Y W j k :
  squared_objective X Y W (remove W j k) = symwanda_squared X Y W j k ^+ 2.
Proof.
rewrite squared_symwanda_squaredE /squared_objective.
by rewrite norm2_input_change norm2_output_change !exprMn real_normK ?num_real // -mulrDr.
Qed.

(* Appendix B, case 1 *)
Theorem symwanda_squared_of_X_0_is_owanda Y W j k :
  symwanda_squared (0 : 'M[R]_(a, b)) Y W j k = owanda Y W j k.
Proof.
rewrite /symwanda_squared col0 norm2_of_0 expr0n add0r sqrtr_sqr.
by rewrite [`|norm2 _|]ger0_norm ?norm2_ge0.
Qed.

(* Appendix B, case 2 *)
Theorem symwanda_squared_of_Y_0_is_wanda X W j k :
  symwanda_squared X (0 : 'M[R]_(c, d)) W j k = wanda X W j k.
Proof.
rewrite /symwanda_squared row0 norm2_of_0 expr0n addr0 sqrtr_sqr.
by rewrite [`|norm2 _|]ger0_norm ?norm2_ge0.
Qed.

(* The squared score lies within a factor √2 of the unsquared one. *)
Theorem symwanda_squared_is_at_most_symwanda X Y W j k :
  symwanda_squared X Y W j k <= symwanda X Y W j k.
Proof.
rewrite ler_wpmul2l // -[X in _ <= X]ger0_norm ?addr_ge0 ?norm2_ge0 // -sqrtr_sqr.
by rewrite ler_wsqrtr // sqrrD ler_add2r ler_addl mulrn_wge0 // mulr_ge0 ?norm2_ge0.
Qed.

Theorem symwanda_is_at_most_sqrt_2_symwanda_squared X Y W j k :
  symwanda X Y W j k <= Num.sqrt 2%:R * symwanda_squared X Y W j k.
Proof.
rewrite mulrCA ler_wpmul2l // -[X in X <= _]ger0_norm ?addr_ge0 ?norm2_ge0 // -sqrtr_sqr.
rewrite -sqrtrM ?ler0n // ler_wsqrtr // -subr_ge0.
set x := norm2 _; set y := norm2 _.
have -> : 2%:R * (x ^+ 2 + y ^+ 2) - (x + y) ^+ 2 = (x - y) ^+ 2 by ring.
exact: sqr_ge0.
Qed.

End Squared.

Section Transposes.
Context {R : rcfType} {b c : nat}.
Implicit Types W : 'M[R]_(b, c).

(* Appendix B, case 3 *)
Theorem symwanda_squared_of_transposes_is_symmetric_squared W j k :
  symwanda_squared W^T W^T W j k = symmetric_squared W j k.
Proof. by rewrite /symwanda_squared -tr_row -tr_col !norm2_trans. Qed.

(* G_jk = √((‖W_j:‖₂² + ‖W_:k‖₂²)/(b + c)) *)
Definition G W : 'M[R]_(b, c) :=
  \matrix_(j, k) Num.sqrt ((norm2 (row j W) ^+ 2 + norm2 (col k W) ^+ 2) / (b + c)%:R).

Lemma squared_GE W j k :
  G W j k ^+ 2 = (norm2 (row j W) ^+ 2 + norm2 (col k W) ^+ 2) / (b + c)%:R.
Proof. by rewrite mxE sqr_sqrtr // divr_ge0 ?ler0n ?sum_of_squares_ge0. Qed.

Theorem G_has_the_frobenius_norm_of_W W : norm2 (G W) = norm2 W.
Proof.
apply/eqP; rewrite -(@eqr_expn2 _ 2) ?norm2_ge0 //; apply/eqP.
have -> : norm2 (G W) ^+ 2 =
    (\sum_j \sum_k (norm2 (row j W) ^+ 2 + norm2 (col k W) ^+ 2)) / (b + c)%:R.
  rewrite norm2_squared mulr_suml; apply: eq_bigr => j _; rewrite mulr_suml.
  by apply: eq_bigr => k _; rewrite squared_GE.
have -> : \sum_j \sum_k (norm2 (row j W) ^+ 2 + norm2 (col k W) ^+ 2) =
    norm2 W ^+ 2 * (b + c)%:R.
  under eq_bigr do rewrite big_split sumr_const card_ord sum_of_squared_col_norms.
  rewrite big_split sumr_const card_ord /= sumrMnl sum_of_squared_row_norms.
  by rewrite -mulrnDr addnC mulr_natr.
have [/eqP|bc_neq0] := eqVneq (b + c)%N 0%N; last by rewrite mulfK // pnatr_eq0.
rewrite addn_eq0 => /andP[/eqP b0 _].
rewrite norm2_squared big1 ?mul0r // => j; have := ltn_ord j.
by rewrite {2}b0.
Qed.

(* S_jk²/((b + c)‖W‖_F²) = W_jk² G_jk²/‖W‖_F², both quotients existing *)
Theorem squared_score_over_total_is_weighted_G W j k (W_neq0 : W != 0) :
  [/\ (b + c)%:R * norm2 W ^+ 2 != 0, norm2 W ^+ 2 != 0
    & symmetric_squared W j k ^+ 2 / ((b + c)%:R * norm2 W ^+ 2) =
      W j k ^+ 2 * G W j k ^+ 2 / norm2 W ^+ 2].
Proof.
have norm_neq0 : norm2 W ^+ 2 != 0 by rewrite sqrf_eq0 norm2_eq0.
have size_neq0 : (b + c)%:R != 0 :> R.
  by rewrite pnatr_eq0 -lt0n addn_gt0 (leq_ltn_trans (leq0n j)).
split=> //; first by rewrite mulf_neq0.
rewrite -symwanda_squared_of_transposes_is_symmetric_squared squared_symwanda_squaredE.
by rewrite -tr_row -tr_col !norm2_trans squared_GE invfM !mulrA.
Qed.

(* Appendix B, case 4. The paper: "not always possible". Exactly: √(‖X_:j‖₂² + ‖Y_k:‖₂²)
   = 1/‖W_j:‖₁ + 1/‖W_:k‖₁ has a solution iff all rows or all columns have the same
   ℓ1 norm, since the square of the right side has the mixed difference
   2(r_j − r_j')(q_k − q_k'). *)
Definition squared_ri_is_possible a d W :=
  exists (X : 'M[R]_(a, b)) (Y : 'M[R]_(c, d)), forall j k,
    is_sum_of_reciprocals (Num.sqrt (norm2 (col j X) ^+ 2 + norm2 (row k Y) ^+ 2))
      (norm1 (row j W)) (norm1 (col k W)).

Theorem squared_ri_is_possible_iff_rows_or_columns_agree a d W
    (a_gt0 : (0 < a)%N) (d_gt0 : (0 < d)%N)
    (no_dead_input : no_zero_input W) (no_dead_output : no_zero_output W) :
  squared_ri_is_possible a d W <->
    (forall j j', norm1 (row j W) = norm1 (row j' W)) \/
    (forall k k', norm1 (col k W) = norm1 (col k' W)).
Proof.
pose r j := (norm1 (row j W))^-1; pose q k := (norm1 (col k W))^-1.
have r_ge0 j : 0 <= r j by rewrite invr_ge0 norm1_ge0.
have q_ge0 k : 0 <= q k by rewrite invr_ge0 norm1_ge0.
split=> [[X [Y reciprocals]]|agree].
  have no_mixed : no_mixed_difference (fun j k => (r j + q k) ^+ 2).
    have : nonnegative_sum (fun j k => (r j + q k) ^+ 2).
      exists (fun j => norm2 (col j X) ^+ 2), (fun k => norm2 (row k Y) ^+ 2).
      split=> [j|k|j k]; rewrite ?sqr_ge0 //.
      by have [_ _ <-] := reciprocals j k; rewrite sqr_sqrtr ?sum_of_squares_ge0.
    by case/nonnegative_sum_iff_no_mixed_difference.
  have product0 j j' k k' : (r j - r j') * (q k - q k') = 0.
    have /eqP := no_mixed j j' k k'; rewrite -subr_eq0.
    have -> : (r j + q k) ^+ 2 - (r j + q k') ^+ 2 - ((r j' + q k) ^+ 2 - (r j' + q k') ^+ 2)
        = (r j - r j') * (q k - q k') *+ 2 by ring.
    by rewrite mulrn_eq0 => /eqP.
  have [/forallP all_r|] := boolP [forall j, [forall j', r j == r j']].
    by left=> j j'; apply: invr_inj; have /forallP/(_ j')/eqP := all_r j.
  rewrite negb_forall => /existsP[j]; rewrite negb_forall => /existsP[j' r_neq].
  right=> k k'; apply/invr_inj/eqP; rewrite -subr_eq0.
  by have /eqP := product0 j j' k k'; rewrite mulf_eq0 [r j - _ == 0]subr_eq0 (negPf r_neq).
have possible (u : 'I_b -> R) (v : 'I_c -> R) :
    (forall j, 0 <= u j) -> (forall k, 0 <= v k) ->
    (forall j k, u j ^+ 2 + v k ^+ 2 = (r j + q k) ^+ 2) -> squared_ri_is_possible a d W.
  move=> u_ge0 v_ge0 sums; exists (with_column_norms u), (with_row_norms v) => j k.
  split; rewrite ?norm1_eq0 // with_column_normsE // with_row_normsE //.
  by rewrite sums sqrtr_sqr ger0_norm ?addr_ge0.
case: agree => agree.
  pose r0 := if [pick j : 'I_b] is Some j then r j else 0.
  have r0_ge0 : 0 <= r0 by rewrite /r0; case: pickP.
  apply: (possible (fun=> 0) (fun k => r0 + q k)) => [//|k|j k]; first exact: addr_ge0.
  rewrite expr0n add0r /r0; case: pickP => [j0 _|/(_ j)//].
  by rewrite /r (agree j0 j).
pose q0 := if [pick k : 'I_c] is Some k then q k else 0.
have q0_ge0 : 0 <= q0 by rewrite /q0; case: pickP.
apply: (possible (fun j => r j + q0) (fun=> 0)) => [j|//|j k]; first exact: addr_ge0.
rewrite expr0n addr0 /q0; case: pickP => [k0 _|/(_ k)//].
by rewrite /q (agree k0 k).
Qed.

End Transposes.
