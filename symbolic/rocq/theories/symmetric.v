(* The symmetric score is SymWanda with X = Y = Wᵀ (Corollary 3.4).

     symmetric W j k         = |W_jk| (‖W_j:‖₂ + ‖W_:k‖₂)
     symmetric_squared W j k = |W_jk| √(‖W_j:‖₂² + ‖W_:k‖₂²)   as Table 1 prints it

   The two do not prune the same weights: see table_1_symmetric_ranks_differently. *)
From mathcomp Require Import all_ssreflect all_algebra.
From mathcomp.algebra_tactics Require Import ring.
From pruneproof Require Import norms symwanda two_by_two.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.
Set Implicit Arguments.

Section Symmetric.
Context {R : rcfType} {b c : nat}.
Implicit Types W : 'M[R]_(b, c).

Definition symmetric W j k : R := `|W j k| * (norm2 (row j W) + norm2 (col k W)).

Definition symmetric_squared W j k : R :=
  `|W j k| * Num.sqrt (norm2 (row j W) ^+ 2 + norm2 (col k W) ^+ 2).

(* Corollary 3.4 *)
Theorem symwanda_of_transposes_is_symmetric W j k :
  symwanda W^T W^T W j k = symmetric W j k.
Proof. by rewrite /symwanda -tr_row -tr_col !norm2_trans. Qed.

End Symmetric.

(* Table 1 prints the root of Appendix B in the row of Corollary 3.4. On
   W = [[1, 2], [6, 1]] the sum ranks W_00 below W_01 and the root above it. *)
Theorem table_1_symmetric_ranks_differently {R : rcfType} :
  let W : 'M[R]_2 := matrix22 1 2%:R 6%:R 1 in
  symmetric W 0 0 < symmetric W 0 1 /\ symmetric_squared W 0 1 < symmetric_squared W 0 0.
Proof.
rewrite /= /symmetric /symmetric_squared !entries22 !norms2_22 normr1 normr_nat !mul1r.
have -> : 1 ^+ 2 + 2%:R ^+ 2 = 5%:R :> R by ring.
have -> : 1 ^+ 2 + 6%:R ^+ 2 = 37%:R :> R by ring.
have -> : 2%:R ^+ 2 + 1 ^+ 2 = 5%:R :> R by ring.
rewrite !sqr_sqrtr ?ler0n //; set s5 := Num.sqrt 5%:R; split.
  have -> : 2%:R * (s5 + s5) = s5 + 3%:R * s5 by ring.
  rewrite ltr_add2l -[3%:R]ger0_norm ?ler0n // -sqrtr_sqr -sqrtrM ?sqr_ge0 //.
  by rewrite ltr_sqrt -?natrX -?natrM ?ltr_nat ?ltr0n.
rewrite -[2%:R]ger0_norm ?ler0n // -sqrtr_sqr -sqrtrM ?sqr_ge0 //.
by rewrite ltr_sqrt -?natrX -?natrD -?natrM ?ltr_nat ?ltr0n.
Qed.
