(* Frobenius, Euclidean and ℓ1 norms, entry by entry, of a matrix of any shape over
   any real closed field. One definition serves whole matrices and, through [row j W]
   and [col k W], single rows and columns:
     norm2 A             ‖A‖_F, and ‖v‖₂ for a row or a column v
     norm1 A             Σ |A_ij|, so norm1 (row j W) is the paper's ‖W_j:‖₁        *)
From mathcomp Require Import all_ssreflect all_algebra.
From pruneproof Require Import sums.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.
Set Implicit Arguments.

Definition norm2 {R : rcfType} m n (A : 'M[R]_(m, n)) : R :=
  Num.sqrt (\sum_i \sum_j A i j ^+ 2).

Definition norm1 {R : rcfType} m n (A : 'M[R]_(m, n)) : R :=
  \sum_i \sum_j `|A i j|.

Section OneMatrix.
Context {R : rcfType} {m n : nat}.
Implicit Types A B : 'M[R]_(m, n).

Lemma norm2_ge0 A : 0 <= norm2 A.
Proof. exact: sqrtr_ge0. Qed.

Lemma norm1_ge0 A : 0 <= norm1 A.
Proof. by apply: sum_ge0 => i; apply: sum_ge0 => j; apply: normr_ge0. Qed.

Lemma norm2_squared A : norm2 A ^+ 2 = \sum_i \sum_j A i j ^+ 2.
Proof. by rewrite sqr_sqrtr //; apply: sum_ge0 => i; apply: sum_squares_ge0. Qed.

(* A sum of non-negative terms, one an entry, vanishes only at the zero matrix. *)
Lemma entrywise_sum_eq0 A (h : R -> R) :
    (forall x, 0 <= h x) -> (forall x, (h x == 0) = (x == 0)) ->
  (\sum_i \sum_j h (A i j) == 0) = (A == 0).
Proof.
move=> h_ge0 h_eq0; have row_ge0 i : 0 <= \sum_j h (A i j) by apply: sum_ge0.
apply/eqP/eqP => [sum0|-> ]; last first.
  by rewrite big1 // => i _; rewrite big1 // => j _; apply/eqP; rewrite mxE h_eq0.
apply/matrixP => i j; rewrite mxE; apply/eqP; rewrite -h_eq0; apply/eqP.
have row0 := psumr_eq0P (fun i _ => row_ge0 i) sum0 (i := i) isT.
exact: (psumr_eq0P (fun j _ => h_ge0 (A i j)) row0).
Qed.

Lemma norm2_eq0 A : (norm2 A == 0) = (A == 0).
Proof.
rewrite -sqrf_eq0 norm2_squared.
by rewrite (entrywise_sum_eq0 _ (fun x => x ^+ 2)) // => x; rewrite ?sqr_ge0 ?sqrf_eq0.
Qed.

Lemma norm1_eq0 A : (norm1 A == 0) = (A == 0).
Proof. by apply: entrywise_sum_eq0 => x; rewrite ?normr_ge0 ?normr_eq0. Qed.

Lemma norm2_gt0 A : (0 < norm2 A) = (A != 0).
Proof. by rewrite lt0r norm2_ge0 norm2_eq0 andbT. Qed.

Lemma norm1_gt0 A : (0 < norm1 A) = (A != 0).
Proof. by rewrite lt0r norm1_ge0 norm1_eq0 andbT. Qed.

Lemma norm2_of_0 : norm2 (0 : 'M[R]_(m, n)) = 0.
Proof. by apply/eqP; rewrite norm2_eq0. Qed.

Lemma norm2_scale (t : R) A : norm2 (t *: A) = `|t| * norm2 A.
Proof.
rewrite -sqrtr_sqr -sqrtrM ?sqr_ge0 // mulr_sumr; congr Num.sqrt.
apply: eq_bigr => i _; rewrite mulr_sumr; apply: eq_bigr => j _.
by rewrite mxE exprMn.
Qed.

Lemma norm1_scale (t : R) A : norm1 (t *: A) = `|t| * norm1 A.
Proof.
rewrite /norm1 mulr_sumr; apply: eq_bigr => i _; rewrite mulr_sumr.
by apply: eq_bigr => j _; rewrite mxE normrM.
Qed.

Lemma norm2_opp A : norm2 (- A) = norm2 A.
Proof. by rewrite -scaleN1r norm2_scale normrN1 mul1r. Qed.

Lemma norm2_trans A : norm2 A^T = norm2 A.
Proof.
rewrite /norm2 exchange_big; congr Num.sqrt.
by do 2!(apply: eq_bigr => ? _); rewrite mxE.
Qed.

Lemma norm1_trans A : norm1 A^T = norm1 A.
Proof. by rewrite /norm1 exchange_big; do 2!(apply: eq_bigr => ? _); rewrite mxE. Qed.

Lemma norm2_delta i j : norm2 (delta_mx i j : 'M[R]_(m, n)) = 1.
Proof.
rewrite /norm2 (bigD1 i) //= (bigD1 j) //= mxE !eqxx expr1n !big1 ?addr0 ?sqrtr1 //.
  by move=> i' /negPf other; rewrite big1 // => j' _; rewrite mxE other expr0n.
by move=> j' /negPf other; rewrite mxE other andbF expr0n.
Qed.

Lemma norm2_triangle A B : norm2 (A + B) <= norm2 A + norm2 B.
Proof.
rewrite /norm2 !pair_bigA /=.
under eq_bigr do rewrite mxE.
exact: (minkowski (fun ij => A ij.1 ij.2) (fun ij => B ij.1 ij.2)).
Qed.

End OneMatrix.

Section RowsAndColumns.
Context {R : rcfType} {m n : nat}.
Implicit Types A : 'M[R]_(m, n).

Lemma norm1_row A j : norm1 (row j A) = \sum_k `|A j k|.
Proof. by rewrite /norm1 big_ord1; apply: eq_bigr => k _; rewrite mxE. Qed.

Lemma norm1_col A k : norm1 (col k A) = \sum_j `|A j k|.
Proof. by rewrite /norm1; apply: eq_bigr => j _; rewrite big_ord1 mxE. Qed.

Lemma norm2_row_squared A j : norm2 (row j A) ^+ 2 = \sum_k A j k ^+ 2.
Proof. by rewrite norm2_squared big_ord1; apply: eq_bigr => k _; rewrite mxE. Qed.

Lemma norm2_col_squared A k : norm2 (col k A) ^+ 2 = \sum_j A j k ^+ 2.
Proof. by rewrite norm2_squared; apply: eq_bigr => j _; rewrite big_ord1 mxE. Qed.

Lemma norm2_row A j : norm2 (row j A) = Num.sqrt (\sum_k A j k ^+ 2).
Proof. by rewrite -norm2_row_squared sqrtr_sqr ger0_norm ?norm2_ge0. Qed.

Lemma norm2_col A k : norm2 (col k A) = Num.sqrt (\sum_j A j k ^+ 2).
Proof. by rewrite -norm2_col_squared sqrtr_sqr ger0_norm ?norm2_ge0. Qed.

Lemma sum_of_squared_row_norms A : \sum_j norm2 (row j A) ^+ 2 = norm2 A ^+ 2.
Proof. by rewrite norm2_squared; apply: eq_bigr => j _; rewrite norm2_row_squared. Qed.

Lemma sum_of_squared_col_norms A : \sum_k norm2 (col k A) ^+ 2 = norm2 A ^+ 2.
Proof.
rewrite norm2_squared exchange_big.
by apply: eq_bigr => j _; rewrite norm2_col_squared.
Qed.

Lemma entry_le_norm1_row A j k : `|A j k| <= norm1 (row j A).
Proof. by rewrite norm1_row (term_le_sum (fun k => `|A j k|)) // => ?; apply: normr_ge0. Qed.

Lemma entry_le_norm1_col A j k : `|A j k| <= norm1 (col k A).
Proof. by rewrite norm1_col (term_le_sum (fun j => `|A j k|)) // => ?; apply: normr_ge0. Qed.

(* A column or row t·u, as every construction of the paper has them. *)
Lemma norm2_of_scaled_col (A : 'M[R]_(m, n)) (t : R) (u : 'cV[R]_m) k :
  (forall i, A i k = t * u i 0) -> norm2 (col k A) = `|t| * norm2 u.
Proof.
by move=> scaled; rewrite -norm2_scale; congr norm2; apply/colP => i; rewrite !mxE.
Qed.

Lemma norm2_of_scaled_row (A : 'M[R]_(m, n)) (t : R) (v : 'rV[R]_n) j :
  (forall k, A j k = t * v 0 k) -> norm2 (row j A) = `|t| * norm2 v.
Proof.
by move=> scaled; rewrite -norm2_scale; congr norm2; apply/rowP => k; rewrite !mxE.
Qed.

(* A column or row with one entry, as in Lemma 3.6 and for a diagonal matrix. *)
Lemma norm2_of_single_col A i k :
  (forall i', i' != i -> A i' k = 0) -> norm2 (col k A) = `|A i k|.
Proof.
move=> single; rewrite norm2_col (bigD1 i) //= big1 ?addr0 ?sqrtr_sqr // => i' i'_neq.
by rewrite single // expr0n.
Qed.

Lemma norm2_of_single_row A j k :
  (forall k', k' != k -> A j k' = 0) -> norm2 (row j A) = `|A j k|.
Proof.
move=> single; rewrite norm2_row (bigD1 k) //= big1 ?addr0 ?sqrtr_sqr // => k' k'_neq.
by rewrite single // expr0n.
Qed.

End RowsAndColumns.
