r"""The formulas of §3.6: what DSnoT and R²-DSnoT look at before they move a weight.

Here, as in DSnoT's code, a row q of W is an output neuron and r is an input, so W is c × b,
the transpose of §3.1's, and X is b × a, one row for each input and one column for each token.
M is the keep mask, and W̃ = M ∘ W. The statistics μ_r = E[X_r] and V_r = Var(X_r) are numbers
of their own: the formulas use nothing else of them.

Where the paper prints X_q, the statistics of the row with the *output's* number, the formulas
take the index as an argument: `q` is what is printed, `r` what is meant.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy
from sympy import Abs, IndexedBase, KroneckerDelta, Sum, Symbol, sign

from pruneproof.symbolic.notation import HALF, W, X, a, b, c, norm

q, r, t = sympy.symbols("q r t", integer=True, positive=True)
r2 = Symbol("r'", integer=True, positive=True)
u = Symbol("u", integer=True, positive=True)
M = IndexedBase("M", nonnegative=True)
mu = IndexedBase("mu", real=True)
V = IndexedBase("V", real=True)

Mask = Callable[[sympy.Expr], sympy.Expr]
"""Which weights of output q are kept: 1 or 0 for each input."""


def mask(index: sympy.Expr) -> sympy.Expr:
    """M_q·, the weights that are kept now."""
    return M[q, index]


def grown(r: sympy.Expr, before: Mask = mask) -> Mask:
    """The mask with weight r there, whether or not it was."""
    return lambda index: before(index) + (1 - before(index)) * KroneckerDelta(index, r)


def pruned(r: sympy.Expr, before: Mask = mask) -> Mask:
    """The mask without weight r, whether or not it was there."""
    return lambda index: before(index) * (1 - KroneckerDelta(index, r))


def activation_norm(index: sympy.Expr) -> sympy.Expr:
    """‖X_r‖₂."""
    return norm(lambda token: X[index, token], t, a)


def expected_error(kept: Mask = mask) -> sympy.Expr:
    """E[ε_q] = Σ_r (W_qr − W̃_qr)·μ_r: what output q loses to pruning, on average."""
    return Sum((1 - kept(u)) * W[q, u] * mu[u], (u, 1, b))


def direction() -> sympy.Expr:
    """sign(E[ε_q])."""
    return sign(expected_error())


def dsnot_growing(r: sympy.Expr, index: sympy.Expr) -> sympy.Expr:
    """sign(E[ε_q])·W_qr·E[X]/Var(X)."""
    return direction() * W[q, r] * mu[index] / V[index]


def dsnot_pruning(r: sympy.Expr, index: sympy.Expr) -> sympy.Expr:
    """|W̃_qr|·‖X‖₂."""
    return mask(r) * Abs(W[q, r]) * activation_norm(index)


def dsnot_delta(r: sympy.Expr, index: sympy.Expr) -> sympy.Expr:
    """Δ(q, r) = sign(E[ε_q])·W̃_qr·E[X]: only weights with a negative Δ may be pruned."""
    return direction() * mask(r) * W[q, r] * mu[index]


def pruned_output_norm(order: sympy.Expr = sympy.S.One) -> sympy.Expr:
    """‖W̃_q:‖_p, over the weights that output q still has."""
    total = Sum(mask(u) * Abs(W[q, u]) ** order, (u, 1, b))
    return total if order == 1 else total ** (1 / order)


def pruned_input_norm(r: sympy.Expr) -> sympy.Expr:
    """‖W̃_:r‖₁, over the weights that input r still has."""
    return Sum(M[u, r] * Abs(W[u, r]), (u, 1, c))


def relative_importance(r: sympy.Expr) -> sympy.Expr:
    """D_qr = 1/‖W̃_q:‖₁ + 1/‖W̃_:r‖₁."""
    return 1 / pruned_output_norm() + 1 / pruned_input_norm(r)


def r2_growing(r: sympy.Expr, index: sympy.Expr, gamma: sympy.Expr, p: sympy.Expr) -> sympy.Expr:
    """sign(E[ε_q])·D_qr·E[X]/Var(X) + γ₁‖W̃_q‖_p, Eq. (5)."""
    fidelity = direction() * relative_importance(r) * mu[index] / V[index]
    return fidelity + gamma * pruned_output_norm(p)


def r2_pruning(
    r: sympy.Expr, index: sympy.Expr, alpha: sympy.Expr, gamma: sympy.Expr, p: sympy.Expr
) -> sympy.Expr:
    """|W̃_qr|·D_qr·‖X‖₂^α + γ₂‖W̃_q‖_p, Eq. (6)."""
    fidelity = mask(r) * Abs(W[q, r]) * relative_importance(r) * activation_norm(index) ** alpha
    return fidelity + gamma * pruned_output_norm(p)


def removal_cost(r: sympy.Expr) -> sympy.Expr:
    """‖(W̃_q − W̃_q without r)·X‖₂: what pruning weight r costs the output."""
    change = (mask(u) - pruned(r)(u)) * W[q, u]
    return Sum(Sum(change * X[u, t], (u, 1, b)) ** 2, (t, 1, a)) ** HALF
