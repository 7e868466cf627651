r"""The closed form of every score, as printed in the paper's formulas (repaired where noted).

Each function returns S_jk for given indices. RI's absolute factor, which Table 1 leaves out,
is present. `pruneproof.reference.scores` computes the same under the same names.
"""

from __future__ import annotations

import sympy
from sympy import Abs

from pruneproof.symbolic.notation import (
    HALF,
    A,
    B,
    W,
    X,
    Y,
    centred_norm,
    column_norm,
    input_norm,
    output_norm,
    row_norm,
)


def magnitude(j, k):
    """|W_jk|."""
    return Abs(W[j, k])


def wanda(j, k, alpha=1):
    """|W_jk|·‖X_:j‖₂^α, Corollary 3.2."""
    return Abs(W[j, k]) * column_norm(j, X) ** alpha


def owanda(j, k):
    """|W_jk|·‖Y_k:‖₂, Corollary 3.3."""
    return Abs(W[j, k]) * row_norm(k, Y)


def symwanda(j, k):
    """|W_jk|·(‖X_:j‖₂ + ‖Y_k:‖₂), Lemma 3.1."""
    return Abs(W[j, k]) * (column_norm(j, X) + row_norm(k, Y))


def symwanda_squared(j, k):
    """|W_jk|·√(‖X_:j‖₂² + ‖Y_k:‖₂²), Appendix B."""
    return Abs(W[j, k]) * (column_norm(j, X) ** 2 + row_norm(k, Y) ** 2) ** HALF


def symmetric(j, k):
    """|W_jk|·(‖W_j:‖₂ + ‖W_:k‖₂), Corollary 3.4."""
    return Abs(W[j, k]) * (input_norm(j, 2) + output_norm(k, 2))


def symmetric_squared(j, k):
    """|W_jk|·√(‖W_j:‖₂² + ‖W_:k‖₂²), Appendix B and Table 1."""
    return Abs(W[j, k]) * (input_norm(j, 2) ** 2 + output_norm(k, 2) ** 2) ** HALF


def ri(j, k):
    """|W_jk|·(1/‖W_j:‖₁ + 1/‖W_:k‖₁), Theorem 3.5."""
    return lp(j, k, 1)


def ria(j, k, alpha):
    """RI_jk·‖X_:j‖₂^α, Eq. (2)."""
    return ri(j, k) * column_norm(j, X) ** alpha


def general_diagonal(j, k):
    """|W_jk|·(‖A_:j‖₂/‖W_j:‖₁ + ‖B_k:‖₂/‖W_:k‖₁), Lemma 3.7."""
    first = column_norm(j, A) / input_norm(j)
    return Abs(W[j, k]) * (first + row_norm(k, B) / output_norm(k))


def lp(j, k, p, strategy="S1"):
    """The ℓp scores: S1 is Eq. (3), S2 to S4 are Appendix C.3."""
    r, q = input_norm(j, p), output_norm(k, p)
    factor = {"S1": 1 / r + 1 / q, "S2": 1 / (r + q), "S3": r + q, "S4": 1 / (1 / r + 1 / q)}
    return Abs(W[j, k]) * factor[strategy]


def stade(j, k):
    """|W_jk|·‖X_:j − μ_j‖₂, beyond the paper."""
    return Abs(W[j, k]) * centred_norm(j, X)


def sampled_norm(entry, indicator: sympy.IndexedBase, index, size):
    """‖·‖₁ over the entries that an indicator selects."""
    return sympy.Sum(indicator[index] * Abs(entry(index)), (index, 1, size))
