(* Two by two matrices, the size of most witnesses, and the norms of their rows and
   columns: matrix22 p q r s = [[p, q], [r, s]].                                *)
From mathcomp Require Import all_ssreflect all_algebra.
From pruneproof Require Import norms.
Import GRing.Theory Num.Theory.
Local Open Scope ring_scope.
Set Implicit Arguments.

Section TwoByTwo.
Context {R : rcfType}.
Implicit Types p q r s : R.

Definition matrix22 p q r s : 'M[R]_2 :=
  \matrix_(j, k) if j == 0 then (if k == 0 then p else q) else (if k == 0 then r else s).

Lemma entries22 p q r s :
  (matrix22 p q r s 0 0 = p) * (matrix22 p q r s 0 1 = q) *
  (matrix22 p q r s 1 0 = r) * (matrix22 p q r s 1 1 = s).
Proof. by rewrite !mxE. Qed.

Lemma sum2 (f : 'I_2 -> R) : \sum_i f i = f 0 + f 1.
Proof. by rewrite !big_ord_recl big_ord0 addr0; congr (_ + f _); apply: val_inj. Qed.

Lemma norms1_22 p q r s :
  (norm1 (row 0 (matrix22 p q r s)) = `|p| + `|q|) *
  (norm1 (row 1 (matrix22 p q r s)) = `|r| + `|s|) *
  (norm1 (col 0 (matrix22 p q r s)) = `|p| + `|r|) *
  (norm1 (col 1 (matrix22 p q r s)) = `|q| + `|s|).
Proof. by rewrite !norm1_row !norm1_col !sum2 !entries22. Qed.

Lemma norms2_22 p q r s :
  (norm2 (row 0 (matrix22 p q r s)) = Num.sqrt (p ^+ 2 + q ^+ 2)) *
  (norm2 (row 1 (matrix22 p q r s)) = Num.sqrt (r ^+ 2 + s ^+ 2)) *
  (norm2 (col 0 (matrix22 p q r s)) = Num.sqrt (p ^+ 2 + r ^+ 2)) *
  (norm2 (col 1 (matrix22 p q r s)) = Num.sqrt (q ^+ 2 + s ^+ 2)).
Proof. by rewrite !norm2_row !norm2_col !sum2 !entries22. Qed.

End TwoByTwo.
