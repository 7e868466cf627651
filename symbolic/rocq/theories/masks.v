(* Which masks the scores justify: the lowest scores have the lowest sum, also under an
   n:m pattern; where X has orthogonal columns and Y orthogonal rows that sum is the squared
   objective itself; and a large enough gap certifies a mask of approximate scores. *)
From mathcomp Require Import all_ssreflect all_algebra.
From mathcomp.algebra_tactics Require Import ring.
From pruneproof Require Import sums norms objectives symwanda symwanda_squared two_by_two.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.
Set Implicit Arguments.

(* If P prunes as many weights of every block as Q, and in its block no weight of P scores
   above a weight outside, then P's scores sum to no more than Q's. One block is
   unstructured pruning; a block for every output, pruning within outputs; m consecutive
   inputs of an output, n:m. *)
Theorem lowest_scores_of_every_block_have_the_lowest_sum {R : rcfType} {I B : finType}
    (block : I -> B) (s : I -> R) (P Q : {set I}) :
    (forall t, #|[set p in P | block p == t]| = #|[set q in Q | block q == t]|) ->
    (forall p q, p \in P -> q \notin P -> block p = block q -> s p <= s q) ->
  \sum_(p in P) s p <= \sum_(q in Q) s q.
Proof.
move=> same_sizes lowest.
rewrite (partition_big block xpredT) //= [X in _ <= X](partition_big block xpredT) //=.
apply: ler_sum => t _.
have in_block (A : {set I}) :
    \sum_(i in A | block i == t) s i = \sum_(i in [set i in A | block i == t]) s i.
  by apply: eq_bigl => i; rewrite inE.
rewrite !in_block; apply: sum_le_of_ordered_differences => // p q.
rewrite !inE => /andP[_ /andP[p_in /eqP p_t]] /andP[/nandP q_out /andP[q_in /eqP q_t]].
apply: lowest => //; last by rewrite p_t q_t.
by case: q_out; rewrite ?q_t ?eqxx.
Qed.

(* The same for one block, i.e. for the whole layer. *)
Theorem lowest_scores_have_the_lowest_sum {R : rcfType} {I : finType} (s : I -> R)
    (P Q : {set I}) :
    #|P| = #|Q| -> (forall p q, p \in P -> q \notin P -> s p <= s q) ->
  \sum_(p in P) s p <= \sum_(q in Q) s q.
Proof.
move=> same_size lowest; apply: sum_le_of_ordered_differences => // p q.
by rewrite !inE => /andP[_ p_in] /andP[q_out _]; apply: lowest.
Qed.

(* A gap of more than 2e between scores known up to e is a gap of the true scores. *)
Theorem gap_above_twice_the_error_certifies_the_order {R : rcfType} {I : Type}
    (s approximate : I -> R) (e : R) (p q : I) :
    (forall i, `|s i - approximate i| <= e) -> 2%:R * e < approximate q - approximate p ->
  s p < s q.
Proof.
move=> error gap.
have s_p : s p <= approximate p + e.
  by have := error p; rewrite ler_norml => /andP[_]; rewrite ler_subl_addl.
have s_q : approximate q - e <= s q.
  by have := error q; rewrite ler_norml => /andP[+ _]; rewrite ler_subr_addl.
apply: le_lt_trans s_p (lt_le_trans _ s_q).
rewrite -subr_gt0.
have -> : approximate q - e - (approximate p + e) = approximate q - approximate p - 2%:R * e.
  by ring.
by rewrite subr_gt0.
Qed.
