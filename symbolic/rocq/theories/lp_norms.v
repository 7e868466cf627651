(* The ℓp norms ‖A‖_p for p = 0, every positive rational p, and ∞, of a matrix of any
   shape over any real closed field; norm (natural_order s) is the one with p = s + 1.

   A power with an irrational exponent does not exist in every real closed field
   (2^√2 is not an algebraic number), so a real p would need the real numbers of
   mathcomp-analysis, which rest on axioms. Where only the sign of a norm matters the
   other files take any positive numbers in its place, and so cover real p too.     *)
From mathcomp Require Import all_ssreflect all_algebra.
From pruneproof Require Import sums norms.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.
Set Implicit Arguments.

Section Roots.
Context {R : rcfType}.
Implicit Types x y : R.

(* y is the root of degree n + 1 of |x| *)
Definition is_root_of n x y := (0 <= y) && (y ^+ n.+1 == `|x|).

Lemma some_root n x : exists y, is_root_of n x y.
Proof.
pose P : {poly R} := 'X^n.+1 - `|x|%:P.
have P_at y : P.[y] = y ^+ n.+1 - `|x| by rewrite /P hornerD hornerXn hornerN hornerC.
have [|y /andP[y_ge0 _] /rootP] := @poly_ivt R P 0 (1 + `|x|) (addr_ge0 ler01 (normr_ge0 x)).
  rewrite !P_at expr0n sub0r oppr_le0 normr_ge0 subr_ge0 exprS.
  have base_ge1 : 1 <= 1 + `|x| by rewrite ler_addl.
  rewrite -[X in X <= _]mulr1 ler_pmul ?exprn_ege1 //.
  by rewrite ler_addr.
rewrite P_at => /eqP; rewrite subr_eq0 => power_y.
by exists y; apply/andP.
Qed.

Definition nth_root n x : R := xchoose (some_root n x).

Lemma nth_root_ge0 n x : 0 <= nth_root n x.
Proof. by have /andP[] := xchooseP (some_root n x). Qed.

Lemma nth_rootK n x : nth_root n x ^+ n.+1 = `|x|.
Proof. by have /andP[_ /eqP] := xchooseP (some_root n x). Qed.

Lemma nth_root_unique n x y : 0 <= y -> y ^+ n.+1 = `|x| -> nth_root n x = y.
Proof.
move=> y_ge0 power_y; apply/eqP; rewrite -(@eqr_expn2 _ n.+1) ?nth_root_ge0 //.
by rewrite nth_rootK power_y.
Qed.

Lemma nth_root_eq0 n x : (nth_root n x == 0) = (x == 0).
Proof. by rewrite -[x == 0]normr_eq0 -(nth_rootK n) expf_eq0. Qed.

Lemma nth_root0E x : nth_root 0 x = `|x|.
Proof. exact: nth_root_unique (normr_ge0 x) (expr1 _). Qed.

Lemma nth_root1E x : 0 <= x -> nth_root 1 x = Num.sqrt x.
Proof.
by move=> x_ge0; apply: nth_root_unique; rewrite ?sqrtr_ge0 // sqr_sqrtr // ger0_norm.
Qed.

End Roots.

Inductive order :=
  | Zero                          (* p = 0: the number of non-zero entries *)
  | Rational of nat & nat         (* Rational s t is p = (s + 1)/(t + 1) *)
  | Infinity.

Definition natural_order s := Rational s 0.

Section Definitions.
Context {R : rcfType} {m n : nat}.
Implicit Types A : 'M[R]_(m, n).

Definition number_of_nonzeros A : nat := \sum_i \sum_j (A i j != 0%R).

Definition norm_infinity A : R := \big[Num.max/0]_(ij : 'I_m * 'I_n) `|A ij.1 ij.2|.

(* Σ |A_ij|^p and its power 1/p, for p = (s + 1)/(t + 1) *)
Definition sum_of_powers s t A : R := \sum_i \sum_j nth_root t (A i j) ^+ s.+1.
Definition rational_norm s t A : R := nth_root s (sum_of_powers s t A) ^+ t.+1.

Definition norm (p : order) A : R :=
  match p with
  | Zero => (number_of_nonzeros A)%:R
  | Rational s t => rational_norm s t A
  | Infinity => norm_infinity A
  end.

Lemma entry_le_norm_infinity A i j : `|A i j| <= norm_infinity A.
Proof.
rewrite /norm_infinity; have := mem_index_enum (i, j).
elim: (index_enum _) => // ij rest bound; rewrite inE big_cons le_maxr.
by case/predU1P => [<-|/bound ->]; rewrite ?lexx ?orbT.
Qed.

Lemma norm_infinity_ge0 A : 0 <= norm_infinity A.
Proof.
by rewrite /norm_infinity; elim/big_ind: _ => // x y x_ge0 y_ge0; rewrite le_maxr x_ge0.
Qed.

Lemma norm_infinity_eq0 A : (norm_infinity A == 0) = (A == 0).
Proof.
apply/eqP/eqP => [bound0|->].
  apply/matrixP => i j; apply/eqP; rewrite mxE -normr_eq0 eq_le normr_ge0 andbT.
  by rewrite -bound0 entry_le_norm_infinity.
rewrite /norm_infinity; elim/big_ind: _ => // [x y -> ->|ij _]; first by rewrite maxxx.
by rewrite mxE normr0.
Qed.

Lemma number_of_nonzeros_eq0 A : (number_of_nonzeros A == 0%N) = (A == 0).
Proof.
apply/idP/eqP => [|->]; last first.
  by rewrite /number_of_nonzeros big1 // => i _; rewrite big1 // => j _; rewrite mxE eqxx.
rewrite sum_nat_eq0 => /forallP zero; apply/matrixP => i j; rewrite mxE.
by have := zero i; rewrite /= sum_nat_eq0 => /forallP/(_ j) /=; rewrite eqb0 negbK => /eqP.
Qed.

Lemma number_of_nonzeros_dense A : (forall i j, A i j != 0) -> number_of_nonzeros A = (m * n)%N.
Proof.
move=> dense; rewrite /number_of_nonzeros (eq_bigr (fun=> n)).
  by rewrite sum_nat_const card_ord.
move=> i _; rewrite (eq_bigr (fun=> 1%N)) => [|j _]; last by rewrite dense.
by rewrite sum1_card card_ord.
Qed.

Lemma sum_of_powers_ge0 s t A : 0 <= sum_of_powers s t A.
Proof. by apply: sum_ge0 => i; apply: sum_ge0 => j; rewrite exprn_ge0 ?nth_root_ge0. Qed.

Lemma rational_norm_ge0 s t A : 0 <= rational_norm s t A.
Proof. by rewrite exprn_ge0 ?nth_root_ge0. Qed.

Lemma rational_norm_eq0 s t A : (rational_norm s t A == 0) = (A == 0).
Proof.
rewrite expf_eq0 /= nth_root_eq0.
rewrite (entrywise_sum_eq0 _ (fun x => nth_root t x ^+ s.+1)) // => x.
  by rewrite exprn_ge0 ?nth_root_ge0.
by rewrite expf_eq0 nth_root_eq0.
Qed.

Lemma norm_ge0 p A : 0 <= norm p A.
Proof. by case: p => [|s t|]; rewrite ?ler0n ?rational_norm_ge0 ?norm_infinity_ge0. Qed.

(* Every ℓp norm is positive exactly at a non-zero matrix. *)
Lemma norm_gt0 p A : (0 < norm p A) = (A != 0).
Proof.
rewrite lt0r norm_ge0 andbT; congr (~~ _).
case: p => [|s t|] /=; last exact: norm_infinity_eq0; last exact: rational_norm_eq0.
by rewrite pnatr_eq0 number_of_nonzeros_eq0.
Qed.

Lemma norm_1E A : norm (natural_order 0) A = norm1 A.
Proof.
rewrite /= /rational_norm expr1 nth_root0E ger0_norm ?sum_of_powers_ge0 //.
by do 2!(apply: eq_bigr => ? _); rewrite expr1 nth_root0E.
Qed.

Lemma norm_2E A : norm (natural_order 1) A = norm2 A.
Proof.
rewrite /= /rational_norm expr1 nth_root1E ?sum_of_powers_ge0 //; congr Num.sqrt.
by do 2!(apply: eq_bigr => ? _); rewrite nth_root0E real_normK // num_real.
Qed.

End Definitions.
