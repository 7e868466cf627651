r"""What low scores guarantee when many weights are removed at once ("beyond the paper" 1 and 2).

Lemma 3.1 prices one removal. For sets: bounds of ‖XΔ‖² by ΣS² through the spectrum of the
correlation matrix C of the features, and exact optimality when the Gram matrices are diagonal.
The bounds of C are given as certificates, C − λI = LᵀL and μI − C = LᵀL, which exist exactly
when λ and μ bound its eigenvalues; for two features they are explicit, and a zero feature is
excluded.
"""

from __future__ import annotations

import sympy
from sympy import Abs, IndexedBase, Integer, KroneckerDelta, Sum, Symbol, sign

from pruneproof.symbolic.claim import Assumption, AtMost, Claim, Condition, Equal, Implies
from pruneproof.symbolic.notation import (
    HALF,
    W,
    X,
    a,
    b,
    c,
    column_norm,
    i,
    u,
    v,
    w,
)
from pruneproof.symbolic.world import BINARY, NONNEGATIVE, REAL, World

BEYOND = "beyond the paper"
D = IndexedBase("Delta", real=True)
L, R = IndexedBase("L", real=True), IndexedBase("R", real=True)
x, y = IndexedBase("x", nonnegative=True), IndexedBase("y", nonnegative=True)
M = IndexedBase("M", nonnegative=True)
U, V = IndexedBase("U", nonnegative=True), IndexedBase("V", nonnegative=True)
lower, upper = Symbol("lambda", real=True), Symbol("mu", real=True)
ZERO, ONE = Integer(0), Integer(1)

CORRELATED = World(
    arrays={D: ((b,), REAL), L: ((b, b), REAL), x: ((b,), NONNEGATIVE)},
    scalars={lower: REAL, upper: REAL},
)
"""Δ removed from one output, norms x_j = ‖X_:j‖₂, and the factor of the certificate."""


TWO_FEATURES = World(arrays={X: ((a, Integer(2)), REAL), D: ((Integer(2),), REAL)})
"""Two features, and the weights removed from one output."""


def squared_scores() -> sympy.Expr:
    """ΣS², Wanda's scores of the removed weights."""
    return Sum(x[u] ** 2 * D[u] ** 2, (u, 1, b))


def error(correlation) -> sympy.Expr:
    """‖XΔ‖₂² = Σ x_j x_l C_jl Δ_j Δ_l, in terms of the features' correlations."""
    return Sum(x[u] * x[w] * correlation(u, w) * D[u] * D[w], (w, 1, b), (u, 1, b))


def factor_product(first: sympy.Expr, second: sympy.Expr) -> sympy.Expr:
    """(LᵀL)_jl."""
    return Sum(L[i, first] * L[i, second], (i, 1, b))


def certificate() -> sympy.Expr:
    """‖L·Diag(x)·Δ‖₂²."""
    return Sum(Sum(L[i, u] * x[u] * D[u], (u, 1, b)) ** 2, (i, 1, b))


def the_error_is_at_least_lambda_times_the_squared_scores() -> Claim:
    """The bound from below."""
    correlated = error(
        lambda first, second: lower * KroneckerDelta(first, second) + factor_product(first, second)
    )
    return Claim(
        id="the_error_is_at_least_lambda_times_the_squared_scores",
        locus=BEYOND,
        form="beyond",
        title="If C − λI = LᵀL, removing any weights of an output costs ‖XΔ‖² ≥ λ·ΣS².",
        statements=(AtMost(lower * squared_scores(), correlated, extra=certificate()),),
        world=CORRELATED,
        note="S is Wanda's score and C the correlation matrix of the features, written as "
        "λI + LᵀL. Such an L exists exactly for λ ≤ λ_min(C). Outputs add up.",
    )


def the_error_is_at_most_mu_times_the_squared_scores() -> Claim:
    """The bound from above."""
    correlated = error(
        lambda first, second: upper * KroneckerDelta(first, second) - factor_product(first, second)
    )
    return Claim(
        id="the_error_is_at_most_mu_times_the_squared_scores",
        locus=BEYOND,
        form="beyond",
        title="If μI − C = LᵀL, removing any weights of an output costs ‖XΔ‖² ≤ μ·ΣS².",
        statements=(AtMost(correlated, upper * squared_scores(), extra=certificate()),),
        world=CORRELATED,
        note="C is written as μI − LᵀL. Such an L exists exactly for μ ≥ λ_max(C). Outputs add up.",
    )


def wandas_mask_is_within_the_condition_number_of_the_best() -> Claim:
    """What the two bounds say of a choice by scores."""
    chosen, other, chosen_scores, other_scores = sympy.symbols("e e' s s'", real=True)
    low, high = Symbol("lambda", nonnegative=True), Symbol("mu", nonnegative=True)
    return Claim(
        id="wandas_mask_is_within_the_condition_number_of_the_best",
        locus=BEYOND,
        form="beyond",
        title="Where λ·ΣS² ≤ ‖XΔ‖²_F ≤ μ·ΣS² for both, a set of removed weights with the smaller "
        "ΣS² costs at most μ/λ times as much as the other.",
        statements=(
            Implies(
                given=(
                    Condition(chosen, high * chosen_scores, strict=False),
                    Condition(low * other_scores, other, strict=False),
                    Condition(chosen_scores, other_scores, strict=False),
                ),
                small=low * chosen,
                large=high * other,
                strict=False,
                terms=((low, (0,)), (high, (1,)), (low * high, (2,))),
            ),
        ),
        world=World(
            scalars={
                **dict.fromkeys((chosen, other, chosen_scores, other_scores), REAL),
                low: NONNEGATIVE,
                high: NONNEGATIVE,
            }
        ),
        note="e and s are ‖XΔ‖²_F and ΣS² of the chosen set, e' and s' of any other: with the "
        "two bounds, Wanda's mask is within κ(C) = λ_max/λ_min of the optimum, for any budget.",
    )


def two_features_bound_the_error_by_one_minus_and_plus_rho() -> Claim:
    """The bounds with explicit constants, for two features."""
    first, second, inner = _two_features()
    rho = Abs(inner) / (first * second)
    cost = Sum((X[i, 1] * D[1] + X[i, 2] * D[2]) ** 2, (i, 1, a))
    total = first**2 * D[1] ** 2 + second**2 * D[2] ** 2

    def rest(direction: int) -> sympy.Expr:
        return rho * (first * D[1] + direction * sign(inner) * second * D[2]) ** 2

    return Claim(
        id="two_features_bound_the_error_by_one_minus_and_plus_rho",
        locus=BEYOND,
        form="beyond",
        title="For two features with correlation ρ, (1 − |ρ|)·ΣS² ≤ ‖XΔ‖² ≤ (1 + |ρ|)·ΣS².",
        statements=(
            AtMost((1 - rho) * total, cost, extra=rest(1)),
            AtMost(cost, (1 + rho) * total, extra=rest(-1)),
        ),
        world=TWO_FEATURES.having(nonzero=(first, second)),
        assumptions=(Assumption("neither feature is zero", without=TWO_FEATURES),),
        note="b = 2 only, for any number of tokens. Outputs add up.",
    )


def two_features_attain_both_bounds() -> Claim:
    """1 ± ρ are the eigenvalues of their correlation matrix."""
    first, second, inner = _two_features()

    def attained(direction: int) -> Equal:
        along = Sum((X[i, 1] * second + direction * X[i, 2] * first) ** 2, (i, 1, a))
        scores_squared = 2 * first**2 * second**2
        return Equal(along, (1 + direction * inner / (first * second)) * scores_squared)

    return Claim(
        id="two_features_attain_both_bounds",
        locus=BEYOND,
        form="beyond",
        title="Weights Δ = (‖X_:2‖, ±‖X_:1‖) of two features with correlation ρ have "
        "‖XΔ‖² = (1 ± ρ)·ΣS².",
        statements=(attained(1), attained(-1)),
        world=TWO_FEATURES.having(nonzero=(first, second)),
        assumptions=(Assumption("neither feature is zero", without=TWO_FEATURES),),
        note="b = 2 only, for any number of tokens.",
    )


def _two_features() -> tuple[sympy.Expr, sympy.Expr, sympy.Expr]:
    """‖X_:1‖, ‖X_:2‖ and their inner product."""
    inner = Sum(X[i, 1] * X[i, 2], (i, 1, a))
    return column_norm(ONE), column_norm(Integer(2)), inner


def _removed(entries: IndexedBase) -> sympy.Expr:
    return Sum(entries[u, v] * W[u, v] ** 2 * (x[u] ** 2 + y[v] ** 2), (u, 1, b), (v, 1, c))


def _terms(entries: IndexedBase) -> tuple[sympy.Expr, sympy.Expr]:
    """‖XΔ‖²_F and ‖ΔY‖²_F where XᵀX = Diag(x²) and YYᵀ = Diag(y²)."""

    def delta(row, column):
        return entries[row, column] * W[row, column]

    inputs = x[u] ** 2 * KroneckerDelta(u, w) * delta(u, v) * delta(w, v)
    outputs = y[v] ** 2 * KroneckerDelta(v, w) * delta(u, v) * delta(u, w)
    return (
        Sum(inputs, (w, 1, b), (u, 1, b), (v, 1, c)),
        Sum(outputs, (w, 1, c), (v, 1, c), (u, 1, b)),
    )


SETS = World(
    arrays={
        W: ((b, c), REAL),
        x: ((b,), NONNEGATIVE),
        y: ((c,), NONNEGATIVE),
        U: ((b, c), BINARY),
        V: ((b, c), BINARY),
    }
)
"""Two sets of weights to remove, U and V, and the activation norms."""


def with_diagonal_gram_matrices_squared_scores_add_up() -> Claim:
    """When features, and outputs, are uncorrelated, g′ is a sum over weights."""
    inputs, outputs = _terms(U)
    return Claim(
        id="with_diagonal_gram_matrices_squared_scores_add_up",
        locus=BEYOND,
        form="beyond",
        title="If XᵀX and YYᵀ are diagonal, g′ of any set of weights is the sum of their squared "
        "scores, so that removing the lowest ones is optimal.",
        statements=(Equal(inputs + outputs, _removed(U)),),
        world=SETS,
        note="The squared scores are those of Appendix B, W²(x_j² + y_k²), with x_j = ‖X_:j‖ and "
        "y_k = ‖Y_k:‖.",
    )


def with_diagonal_gram_matrices_the_lowest_squared_scores_minimise_g() -> Claim:
    """The same for g without squares: false."""
    one, entries = ((1, 1), (1, 2), (2, 1), (2, 2)), {}
    for base, kept in ((U, (1, 1)), (V, (2, 2))):
        entries[base] = {place: int(place == kept) for place in one}
    small, large = (sum(term**HALF for term in _terms(chosen)) for chosen in (U, V))
    return Claim(
        id="with_diagonal_gram_matrices_the_lowest_squared_scores_minimise_g",
        locus=BEYOND,
        form="beyond",
        title="If XᵀX and YYᵀ are diagonal, a set with the lowest squared scores minimises g too.",
        statements=(
            Implies(
                given=(Condition(_removed(U), _removed(V), strict=False),),
                small=small,
                large=large,
                strict=False,
            ),
        ),
        world=SETS,
        witness={
            b: 2,
            c: 2,
            W: dict.fromkeys(one, 1),
            x: {(1,): 3, (2,): 5},
            y: {(1,): 3, (2,): 0},
            **entries,
        },
        note="g adds two roots: 3² + 3² < 5² + 0², yet 3 + 3 > 5 + 0. Here one weight is removed "
        "in each case, and Lemma 3.1's own score decides rightly.",
    )


CLAIMS = (
    the_error_is_at_least_lambda_times_the_squared_scores(),
    the_error_is_at_most_mu_times_the_squared_scores(),
    wandas_mask_is_within_the_condition_number_of_the_best(),
    two_features_bound_the_error_by_one_minus_and_plus_rho(),
    two_features_attain_both_bounds(),
    with_diagonal_gram_matrices_squared_scores_add_up(),
    with_diagonal_gram_matrices_the_lowest_squared_scores_minimise_g(),
)
