(* Scaling arbitrary A and B by the reciprocal ℓ1 norms divides their norms (Lemma 3.7).

     general_diagonal A B W j k = |W_jk| (‖A_:j‖₂/‖W_j:‖₁ + ‖B_k:‖₂/‖W_:k‖₁)        *)
From mathcomp Require Import all_ssreflect all_algebra.
From pruneproof Require Import norms symwanda ri.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.
Set Implicit Arguments.

Section GeneralDiagonal.
Context {R : rcfType} {a b c d : nat}.
Implicit Types (A : 'M[R]_(a, b)) (W : 'M[R]_(b, c)) (B : 'M[R]_(c, d)).

Definition general_diagonal A B W j k : R :=
  `|W j k| * (norm2 (col j A) / norm1 (row j W) + norm2 (row k B) / norm1 (col k W)).

(* Lemma 3.7, with D_X and D_Y the diagonal matrices of Theorem 3.5 *)
Theorem diagonal_scaling_divides_the_norms A B W j k
    (alive_j : row j W != 0) (alive_k : col k W != 0) :
  [/\ norm1 (row j W) != 0, norm1 (col k W) != 0
    & norm2 (col j (A *m ri_diagonal_X W)) + norm2 (row k (ri_diagonal_Y W *m B)) =
      norm2 (col j A) / norm1 (row j W) + norm2 (row k B) / norm1 (col k W)].
Proof.
split; rewrite ?norm1_eq0 //; congr (_ + _).
  rewrite (@norm2_of_scaled_col _ _ _ (A *m _) (norm1 (row j W))^-1 (col j A)); last first.
    by move=> i; rewrite /ri_diagonal_X mul_mx_diag !mxE mulrC.
  by rewrite ger0_norm ?invr_ge0 ?norm1_ge0 // mulrC.
rewrite (@norm2_of_scaled_row _ _ _ (_ *m B) (norm1 (col k W))^-1 (row k B)); last first.
  by move=> l; rewrite /ri_diagonal_Y mul_diag_mx !mxE.
by rewrite ger0_norm ?invr_ge0 ?norm1_ge0 // mulrC.
Qed.

(* Table 1, General (diag.), with the factor |W_jk| that the table leaves out *)
Theorem symwanda_of_scaled_matrices_is_general_diagonal A B W j k
    (alive_j : row j W != 0) (alive_k : col k W != 0) :
  [/\ norm1 (row j W) != 0, norm1 (col k W) != 0
    & symwanda (A *m ri_diagonal_X W) (ri_diagonal_Y W *m B) W j k =
      general_diagonal A B W j k].
Proof.
have [? ? norms] := diagonal_scaling_divides_the_norms A B W j k alive_j alive_k.
by split=> //; rewrite /symwanda norms.
Qed.

End GeneralDiagonal.
