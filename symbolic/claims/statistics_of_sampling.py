r"""What StochRIA's sampled norms are on average ("beyond the paper" 10, and the repair of Eq. (4)).

A uniform sample of τ of c entries contains entry u with probability τ/c and entries u ≠ v
together with probability τ(τ − 1)/(c(c − 1)); mean and variance of a sampled sum follow from
these two numbers, which enter as the paper's "randomly sampled subset" and are checked against
an enumeration at c = 4, τ = 2. Bounds of the mean reciprocal hold for any equally likely values.
Assumed: sampled norms are positive, and c ≥ 2 where the variance divides by c − 1.
"""

from __future__ import annotations

from itertools import combinations

import sympy
from sympy import Abs, Add, IndexedBase, Integer, KroneckerDelta, Rational, Sum, Symbol

from pruneproof.symbolic.claim import Assumption, AtMost, Claim, Equal
from pruneproof.symbolic.claims.worlds import WEIGHTS, times
from pruneproof.symbolic.notation import W, c, input_norm, j, tau, u, v
from pruneproof.symbolic.world import NONNEGATIVE, POSITIVE, REAL, World

BEYOND = "beyond the paper"
STOCHRIA = "pruneproof.reference.scores.stochria"
x = IndexedBase("x", real=True)
T = IndexedBase("T", nonnegative=True)
P, Q = IndexedBase("P", positive=True), IndexedBase("Q", positive=True)
n, s = sympy.symbols("n s", integer=True, positive=True)
s2 = Symbol("s'", integer=True, positive=True)
low, high = sympy.symbols("m M", positive=True)


def single() -> sympy.Expr:
    """The probability that an entry is in the sample."""
    return tau / c


def joint(first: sympy.Expr, second: sympy.Expr) -> sympy.Expr:
    """The probability that two entries are in the sample."""
    both = tau * (tau - 1) / (c * (c - 1))
    return both + KroneckerDelta(first, second) * (single() - both)


def mean() -> sympy.Expr:
    """The mean of the entries."""
    return Sum(x[u], (u, 1, c)) / c


def sampled_sums_have_the_finite_population_variance() -> Claim:
    """Mean and variance of Σ_{u∈S} x_u."""
    expected = Sum(single() * x[u], (u, 1, c))
    second_moment = Sum(joint(u, v) * x[u] * x[v], (v, 1, c), (u, 1, c))
    variance = Sum(x[u] ** 2, (u, 1, c)) / c - mean() ** 2
    anywhere = World(arrays={x: ((c,), REAL)}, at_most={tau: (c,)})
    return Claim(
        id="sampled_sums_have_the_finite_population_variance",
        locus=BEYOND,
        form="beyond",
        title="The sum of τ of c entries, drawn without repetition, has mean τ·μ and variance "
        "τσ²(c − τ)/(c − 1).",
        statements=(
            Equal(expected, tau * mean(), reason="the mean"),
            Equal(
                second_moment - expected**2,
                tau * variance * (c - tau) / (c - 1),
                reason="the variance",
            ),
        ),
        world=anywhere.having(nonzero=(c - 1,)),
        assumptions=(Assumption("c ≥ 2", without=anywhere),),
        note="μ and σ² are those of all c entries. At τ = c nothing is left to chance.",
        code=STOCHRIA,
    )


def two_of_four_entries_have_the_finite_population_variance() -> Claim:
    """The same, from a list of all samples instead of their probabilities."""
    entries = [x[place] for place in range(1, 5)]
    sums = [first + second for first, second in combinations(entries, 2)]
    average, samples = sum(entries) / Integer(4), Integer(len(sums))
    variance = sum(entry**2 for entry in entries) / Integer(4) - average**2
    return Claim(
        id="two_of_four_entries_have_the_finite_population_variance",
        locus=BEYOND,
        form="beyond",
        title="At c = 4 and τ = 2, the six possible sums have mean 2μ and variance "
        "τσ²(c − τ)/(c − 1) = 4σ²/3.",
        statements=(
            Equal(times(1 / samples, Add(*sums, evaluate=False)), 2 * average, reason="the mean"),
            Equal(
                sum(value**2 for value in sums) / samples - (2 * average) ** 2,
                Rational(4, 3) * variance,
                reason="the variance",
            ),
        ),
        world=World(arrays={x: ((Integer(4),), REAL)}),
        note="One size only: it checks the probabilities that the general claim starts from.",
        code=STOCHRIA,
    )


def the_sampled_norm_estimates_the_norm() -> Claim:
    """What Eq. (4) takes for granted."""
    return Claim(
        id="the_sampled_norm_estimates_the_norm",
        locus="Eq. (4)",
        form="as_printed",
        title="On average over samples, ‖W_j:S‖₁ is ‖W_j:‖₁.",
        statements=(Equal(Sum(single() * Abs(W[j, v]), (v, 1, c)), input_norm(j)),),
        world=WEIGHTS.having(at_most={tau: (c,)}),
        note="It is τ/c of it, and ‖W_S:k‖₁ is τ/b of its norm: the two terms of the score are "
        "inflated by different factors.",
        severity="high",
        code=STOCHRIA,
        reads="This approach builds on the RIA-inspired framework",
    )


def the_corrected_norm_is_unbiased() -> Claim:
    """The repair: each sampled norm times length over τ."""
    corrected = Sum(times(single(), c / tau * Abs(W[j, v])), (v, 1, c))
    return Claim(
        id="the_corrected_norm_is_unbiased",
        locus="Eq. (4)",
        form="repaired",
        title="On average over samples, (c/τ)·‖W_j:S‖₁ is ‖W_j:‖₁.",
        statements=(Equal(corrected, input_norm(j)),),
        world=WEIGHTS.having(at_most={tau: (c,)}),
        note="The same with b/τ for a column.",
        code=STOCHRIA,
        repairs=("the_sampled_norm_estimates_the_norm",),
    )


def _average(body: sympy.Expr) -> sympy.Expr:
    return Sum(body, (s, 1, n)) / n


def the_mean_reciprocal_is_at_least_the_reciprocal_mean() -> Claim:
    """Jensen's inequality, by the certificate of Cauchy and Schwarz."""
    spread = Sum((T[s] - T[s2]) ** 2 / (T[s] * T[s2]), (s, 1, n), (s2, 1, n)) / 2
    world = World(arrays={T: ((n,), POSITIVE)})
    return Claim(
        id="the_mean_reciprocal_is_at_least_the_reciprocal_mean",
        locus=BEYOND,
        form="beyond",
        title="The mean of 1/T over equally likely positive T is at least 1/(mean of T).",
        statements=(
            AtMost(
                1 / _average(T[s]),
                _average(1 / T[s]),
                extra=spread / (n * Sum(T[s], (s, 1, n))),
            ),
        ),
        world=world,
        assumptions=(Assumption("no T is zero", without=World(arrays={T: ((n,), NONNEGATIVE)})),),
        note="So StochRIA's terms are too large on average, even with corrected norms.",
        code=STOCHRIA,
    )


def the_mean_reciprocal_is_at_most_kantorovichs_bound() -> Claim:
    """Kantorovich's inequality."""
    value = (low * P[s] + high * Q[s]) / (P[s] + Q[s])
    total, reciprocals = Sum(value, (s, 1, n)), Sum(1 / value, (s, 1, n))
    product = low * high
    within = AtMost(
        value + product / value,
        low + high,
        extra=(high - low) ** 2 * P[s] * Q[s] / ((P[s] + Q[s]) * (low * P[s] + high * Q[s])),
        over=((s, n),),
    )
    return Claim(
        id="the_mean_reciprocal_is_at_most_kantorovichs_bound",
        locus=BEYOND,
        form="beyond",
        title="The mean of 1/T over equally likely T between m and M, both positive, is at most "
        "(m + M)²/(4mM) times 1/(mean of T).",
        statements=(
            AtMost(
                4 * product * total * reciprocals,
                n**2 * (low + high) ** 2,
                extra=(total - product * reciprocals) ** 2,
                using=((n * (low + high) + total + product * reciprocals, within),),
            ),
        ),
        world=World(
            arrays={P: ((n,), POSITIVE), Q: ((n,), POSITIVE)},
            scalars={low: POSITIVE, high: POSITIVE},
        ),
        note="T = (mP + MQ)/(P + Q) with positive P and Q runs through all numbers between m and "
        "M. Stated for sums: 4mM·ΣT·Σ1/T ≤ n²(m + M)².",
        code=STOCHRIA,
    )


CLAIMS = (
    the_sampled_norm_estimates_the_norm(),
    the_corrected_norm_is_unbiased(),
    sampled_sums_have_the_finite_population_variance(),
    two_of_four_entries_have_the_finite_population_variance(),
    the_mean_reciprocal_is_at_least_the_reciprocal_mean(),
    the_mean_reciprocal_is_at_most_kantorovichs_bound(),
)
