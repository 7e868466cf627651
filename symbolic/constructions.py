"""The paper's X and Y for each score, entry by entry, as formulas in W and the activations.

`pruneproof.reference.constructions` builds the same matrices in torch, under the same names.
Where the paper prints an index or a size that cannot be meant, the construction is the
repaired one; the claims say what is printed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy
from sympy import Abs, Integer, KroneckerDelta, sqrt

from pruneproof.symbolic.notation import (
    A,
    B,
    C,
    W,
    X,
    Y,
    a,
    alpha,
    b,
    c,
    column_norm,
    d,
    i,
    input_norm,
    mean,
    norm,
    output_norm,
    tau,
    w,
)
from pruneproof.symbolic.scores import sampled_norm

u_vector = sympy.IndexedBase("u", real=True)
v_vector = sympy.IndexedBase("v", real=True)
chi = sympy.IndexedBase("chi", nonnegative=True)
eta = sympy.IndexedBase("eta", nonnegative=True)

Entry = Callable[[sympy.Expr, sympy.Expr], sympy.Expr]


@dataclass(frozen=True)
class Construction:
    """X and Y by their entries.

    Attributes:
        x: X_ij for a token i and an input j.
        y: Y_kl for an output k and a column l.
        rows: how many rows X has (the paper's a).
        columns: how many columns Y has (the paper's d).
    """

    x: Entry
    y: Entry
    rows: sympy.Expr
    columns: sympy.Expr

    def lengths(self, j: sympy.Expr, k: sympy.Expr) -> sympy.Expr:
        """‖X_:j‖₂ + ‖Y_k:‖₂."""
        column = norm(lambda index: self.x(index, j), i, self.rows)
        return column + norm(lambda index: self.y(k, index), w, self.columns)

    def score(self, j: sympy.Expr, k: sympy.Expr) -> sympy.Expr:
        """|W_jk|(‖X_:j‖₂ + ‖Y_k:‖₂), the score that Lemma 3.1 gives this pair."""
        return Abs(W[j, k]) * self.lengths(j, k)


def zero(first: sympy.Expr, second: sympy.Expr) -> sympy.Expr:
    """The zero matrix."""
    return Integer(0)


def magnitude() -> Construction:
    """X = I, Y = 0 (Table 1)."""
    return Construction(KroneckerDelta, zero, b, d)


def wanda() -> Construction:
    """X given, Y = 0 (Corollary 3.2)."""
    return Construction(lambda i, j: X[i, j], zero, a, d)


def stade() -> Construction:
    """X less the mean of each feature, Y = 0 (beyond the paper)."""
    return Construction(lambda i, j: X[i, j] - mean(j), zero, a, d)


def owanda() -> Construction:
    """X = 0, Y given (Corollary 3.3)."""
    return Construction(zero, lambda k, n: Y[k, n], a, d)


def symmetric() -> Construction:
    """X = Y = Wᵀ (Corollary 3.4), so a = c and d = b."""
    return Construction(lambda i, j: W[j, i], lambda k, n: W[n, k], c, b)


def ri_constant() -> Construction:
    """Theorem 3.5, first: constant columns of X and rows of Y, any a and d."""
    return Construction(
        lambda i, j: 1 / (sqrt(a) * input_norm(j)),
        lambda k, n: 1 / (sqrt(d) * output_norm(k)),
        a,
        d,
    )


def ri_diagonal() -> Construction:
    """Theorem 3.5, second: diagonal X and Y, a = b and d = c."""
    return Construction(
        lambda i, j: KroneckerDelta(i, j) / input_norm(j),
        lambda k, n: KroneckerDelta(k, n) / output_norm(k),
        b,
        c,
    )


def ria_pointwise(j: sympy.Expr, k: sympy.Expr) -> Construction:
    """Lemma 3.6 with p = j and s = k: right for this one weight (j, k) only."""
    activation = column_norm(j, C) ** alpha
    return Construction(
        lambda row, column: (
            KroneckerDelta(row, j) * KroneckerDelta(column, j) * activation / input_norm(j)
        ),
        lambda row, column: (
            KroneckerDelta(row, k) * KroneckerDelta(column, k) * activation / output_norm(k)
        ),
        a,
        d,
    )


def general_diagonal() -> Construction:
    """X = A·D_X and Y = D_Y·B (Lemma 3.7)."""
    return Construction(
        lambda i, j: A[i, j] / input_norm(j), lambda k, n: B[k, n] / output_norm(k), a, d
    )


def lp_aligned(p: sympy.Expr) -> Construction:
    """Lemma 3.8: X_:j along W_j:, Y_k: along W_:k, so a = c and d = b."""
    return Construction(
        lambda i, j: W[j, i] / (input_norm(j, p) * input_norm(j, 2)),
        lambda k, n: W[n, k] / (output_norm(k, p) * output_norm(k, 2)),
        c,
        b,
    )


def lp_unit_vectors(p: sympy.Expr) -> Construction:
    """Lemma 3.9: X_:j along a unit vector u of length a, Y_k: along v of length d."""
    return Construction(
        lambda i, j: u_vector[i] / input_norm(j, p),
        lambda k, n: v_vector[n] / output_norm(k, p),
        a,
        d,
    )


def stochria_indicator(j: sympy.Expr, k: sympy.Expr) -> Construction:
    """Lemma 3.10: χ marks S_j among the outputs, η marks S_k among the inputs; a = c, d = b."""
    input_sample, output_sample = stochria_norms(j, k)
    return Construction(
        lambda row, column: chi[row] / (input_sample * sqrt(tau)),
        lambda row, column: eta[column] / (output_sample * sqrt(tau)),
        c,
        b,
    )


def stochria_aligned(j: sympy.Expr, k: sympy.Expr) -> Construction:
    """Lemma 3.10, second construction: along the sampled weights themselves."""
    input_sample, output_sample = stochria_norms(j, k)
    input_length = norm(lambda index: chi[index] * W[j, index], i, c)
    output_length = norm(lambda index: eta[index] * W[index, k], w, b)
    return Construction(
        lambda row, column: chi[row] * W[j, row] / (input_sample * input_length),
        lambda row, column: eta[column] * W[column, k] / (output_sample * output_length),
        c,
        b,
    )


def stochria_norms(j: sympy.Expr, k: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
    """‖W_j:S_j‖₁ and ‖W_S_k:k‖₁ for the samples that χ and η mark."""
    from_input = sampled_norm(lambda index: W[j, index], chi, i, c)
    into_output = sampled_norm(lambda index: W[index, k], eta, w, b)
    return from_input, into_output
