(* Which masks are Wanda's for some positive norms of the inputs: exactly those without a cycle of
   inputs whose pruned weights have a larger product than its kept ones.                        *)
From mathcomp Require Import all_ssreflect all_algebra.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.
Set Implicit Arguments.

Section Cycles.
Context {R : realFieldType} {I : eqType}.
Implicit Types (x : I -> R) (i : nat -> I) (P K : nat -> R).

(* n pairs of weights: in the s-th, P s of input i s was pruned and K s of input i (s + 1) was
   kept in the same group. Along them the norms cancel but for the first and the last one. *)
Lemma norms_cancel_along_a_path x i P K n :
    (forall s, 0 <= P s) -> (forall s, 0 <= K s) ->
    (forall s, (s < n)%N -> P s * x (i s) <= K s * x (i s.+1)) ->
  (\prod_(s < n) P s) * x (i 0%N) <= (\prod_(s < n) K s) * x (i n).
Proof.
move=> P_ge0 K_ge0; elim: n => [|n IH] ordered; first by rewrite !big_ord0.
rewrite !big_ord_recr /= mulrAC.
apply: (@le_trans _ _ ((\prod_(s < n) K s) * x (i n) * P n)).
  by apply: ler_wpmul2r => //; apply: IH => s s_n; apply: ordered; apply: ltnW.
rewrite -!mulrA; apply: ler_wpmul2l; first by apply: prodr_ge0.
by rewrite mulrC; apply: ordered.
Qed.

(* If no kept score is below the pruned one of its pair, a cycle of any length has a product of at
   most 1: one above 1 excludes all positive norms. *)
Theorem norms_keep_every_cycle_at_most_1 x i P K n :
    (forall s, 0 <= P s) -> (forall s, 0 <= K s) -> (forall j, 0 < x j) ->
    (forall s, (s < n)%N -> P s * x (i s) <= K s * x (i s.+1)) -> i n = i 0%N ->
  \prod_(s < n) P s <= \prod_(s < n) K s.
Proof.
move=> P_ge0 K_ge0 x_gt0 ordered closed.
have := norms_cancel_along_a_path x i P K n P_ge0 K_ge0 ordered.
by rewrite closed ler_pmul2r.
Qed.

(* Where norms may be 0, the first input of a cycle above 1, hence every one of it, is dead. *)
Theorem a_cycle_above_1_has_a_dead_input x i P K n :
    (forall s, 0 <= P s) -> (forall s, 0 <= K s) -> (forall j, 0 <= x j) ->
    (forall s, (s < n)%N -> P s * x (i s) <= K s * x (i s.+1)) -> i n = i 0%N ->
    \prod_(s < n) K s < \prod_(s < n) P s ->
  x (i 0%N) = 0.
Proof.
move=> P_ge0 K_ge0 x_ge0 ordered closed above.
have := norms_cancel_along_a_path x i P K n P_ge0 K_ge0 ordered.
rewrite closed; apply: contraTeq => x_neq0; rewrite -ltNge ltr_pmul2r //.
by rewrite lt_def x_neq0 x_ge0.
Qed.

End Cycles.

Section Paths.
Context {R : realFieldType} {I : finType}.
Implicit Types (r : I -> I -> R) (a j : I) (s : seq I).

(* r i j is the largest quotient of a pruned weight of i over a kept one of j in one group, and 0
   where there are none; `walk r a s` is the product along the path from a through s. *)
Fixpoint walk r a s : R := if s is j :: s' then r a j * walk r j s' else 1.

Lemma walk_cat r a s t : walk r a (s ++ t) = walk r a s * walk r (last a s) t.
Proof. by elim: s a => [|j s IH] a /=; rewrite ?mul1r // IH mulrA. Qed.

Lemma walk_ge0 r a s : (forall i j, 0 <= r i j) -> 0 <= walk r a s.
Proof. by move=> r_ge0; elim: s a => [|j s IH] a /=; [exact: ler01 | exact: mulr_ge0]. Qed.

(* Where no cycle is above 1, no path is better than one that visits no input twice. *)
Lemma paths_without_repetition_are_best r a s :
    (forall i j, 0 <= r i j) -> (forall i t, last i t = i -> walk r i t <= 1) ->
  exists t, [/\ uniq (a :: t), last a t = last a s & walk r a s <= walk r a t].
Proof.
move=> r_ge0 cycles; elim: s a => [|j s IH] a; first by exists [::].
have [t [uniq_t last_t better]] := IH j.
have longer : walk r a (j :: s) <= walk r a (j :: t) by rewrite /= ler_wpmul2l.
have [a_in|a_out] := boolP (a \in j :: t); last first.
  by exists (j :: t); rewrite cons_uniq a_out uniq_t.
have [t1 [t2 split_t]] : exists t1 t2, j :: t = rcons t1 a ++ t2.
  by case/splitPr: a_in => t1 t2; exists t1, t2; rewrite cat_rcons.
exists t2; split.
- by move: uniq_t; rewrite split_t cat_rcons cat_uniq => /and3P[].
- rewrite -[last a (j :: s)]/(last j s) -last_t -[last j t]/(last a (j :: t)) split_t.
  by rewrite last_cat last_rcons.
apply: le_trans longer _; rewrite split_t walk_cat last_rcons -[leRHS]mul1r.
by apply: ler_wpmul2r; [apply: walk_ge0 | apply: cycles; rewrite last_rcons].
Qed.

Fixpoint short n : seq (seq I) :=
  if n is n'.+1 then [::] :: [seq j :: s | j <- enum I, s <- short n'] else [:: [::]].

Lemma mem_short n s : (size s <= n)%N -> s \in short n.
Proof.
elim: n s => [|n IH] [|j s] //= s_n; rewrite inE /=.
by apply/allpairsP; exists (j, s); rewrite mem_enum IH.
Qed.

Definition paths_to j : seq (I * seq I) :=
  [seq p <- [seq (a, s) | a <- enum I, s <- short #|I|] | last p.1 p.2 == j].

Definition best_path r j : R := foldr Num.max 1 [seq walk r p.1 p.2 | p <- paths_to j].

Lemma max_is_above (values : seq R) v : v \in values -> v <= foldr Num.max 1 values.
Proof.
elim: values => //= w values IH; rewrite inE le_maxr => /orP[/eqP -> |/IH ->].
  by rewrite lexx.
by rewrite orbT.
Qed.

Lemma max_is_at_least_1 (values : seq R) : 1 <= foldr Num.max 1 values.
Proof. by elim: values => //= w values IH; rewrite le_maxr IH orbT. Qed.

Lemma max_is_below (values : seq R) c :
  1 <= c -> (forall v, v \in values -> v <= c) -> foldr Num.max 1 values <= c.
Proof.
move=> c_ge1; elim: values => //= w values IH below.
rewrite le_maxl below ?inE ?eqxx //=; apply: IH => v v_in.
by apply: below; rewrite inE v_in orbT.
Qed.

Lemma best_path_is_above r a s :
    (forall i j, 0 <= r i j) -> (forall i t, last i t = i -> walk r i t <= 1) ->
  walk r a s <= best_path r (last a s).
Proof.
move=> r_ge0 cycles.
have [t [uniq_t last_t better]] := paths_without_repetition_are_best r a s r_ge0 cycles.
apply: le_trans better _; apply: max_is_above; apply/mapP; exists (a, t) => //.
rewrite mem_filter /= last_t eqxx /=; apply/allpairsP; exists (a, t); rewrite mem_enum /=.
split=> //; apply: mem_short; apply: ltnW.
by have := max_card (mem (a :: t)); rewrite (card_uniqP uniq_t).
Qed.

(* The other direction: where no cycle is above 1, there are positive norms under which no kept
   score is below a pruned one. *)
Theorem cycles_at_most_1_have_norms r :
    (forall i j, 0 <= r i j) -> (forall i t, last i t = i -> walk r i t <= 1) ->
  exists x : I -> R, (forall j, 0 < x j) /\ (forall i j, r i j * x i <= x j).
Proof.
move=> r_ge0 cycles; exists (best_path r); split=> [j|i j].
  by apply: lt_le_trans ltr01 (max_is_at_least_1 _).
have [r_eq0|r_neq0] := eqVneq (r i j) 0.
  by rewrite r_eq0 mul0r; apply: le_trans ler01 (max_is_at_least_1 _).
have r_gt0 : 0 < r i j by rewrite lt_def r_neq0 r_ge0.
rewrite mulrC -ler_pdivl_mulr //; apply: max_is_below.
  rewrite ler_pdivl_mulr // mul1r.
  by have := best_path_is_above r i [:: j] r_ge0 cycles; rewrite /= mulr1.
move=> v /mapP[[a s]]; rewrite mem_filter /= => /andP[/eqP last_i _] ->.
rewrite ler_pdivl_mulr //.
have := best_path_is_above r a (s ++ [:: j]) r_ge0 cycles.
by rewrite last_cat /= walk_cat last_i /= mulr1.
Qed.

End Paths.
