r"""What choosing by scores may rely on ("beyond the paper" 15, 16 and theory after Lemma 3.1).

Rescoring after removals, the n:m choice within a block, and the order under errors of the
scores. Assumed is only what each claim says.
"""

from __future__ import annotations

import sympy
from sympy import Abs, IndexedBase, Integer, Sum, Symbol

from pruneproof.symbolic import scores
from pruneproof.symbolic.claim import AtMost, Claim, Condition, Equal, Implies
from pruneproof.symbolic.claims.worlds import LAYER
from pruneproof.symbolic.constructions import chi, eta
from pruneproof.symbolic.notation import (
    W,
    X,
    Y,
    b,
    c,
    column_norm,
    j,
    k,
    row_norm,
    tau,
    u,
)
from pruneproof.symbolic.world import BINARY, NONNEGATIVE, REAL, Kind, World

BEYOND = "beyond the paper"
M = IndexedBase("M", nonnegative=True)
x, y = IndexedBase("x", nonnegative=True), IndexedBase("y", nonnegative=True)
ZERO, ONE = Integer(0), Integer(1)


def rescoring_for_fixed_activations_changes_nothing() -> Claim:
    """The iteration that the paper suggests after Lemma 3.1."""
    kept = M[j, k] * W[j, k]
    return Claim(
        id="rescoring_for_fixed_activations_changes_nothing",
        locus="§3.2",
        form="as_printed",
        title="After any removals, Lemma 3.1's score of a weight that is left is what it was.",
        statements=(
            Equal(
                Abs(kept, evaluate=False) * (column_norm(j, X) + row_norm(k, Y)),
                M[j, k] * scores.symwanda(j, k),
            ),
        ),
        world=LAYER.having(arrays={**LAYER.arrays, M: ((b, c), BINARY)}),
        note="So for fixed X and Y removing weights one after another, with new scores each "
        "time, is the same as removing the lowest at once; the extension to several weights "
        "“iteratively” adds nothing.",
        severity="medium",
        code="pruneproof.reference.scores.symwanda",
        reads="the general approach can be extended to multiple weights iteratively",
    )


def the_lowest_scores_of_a_block_minimise_the_bound() -> Claim:
    """n:m: the exchange argument, for all competitors at once."""
    m = Symbol("m", integer=True, positive=True)
    threshold = Symbol("theta", real=True)
    score = threshold + (1 - chi[u]) * x[u] - chi[u] * y[u]
    indicator = Kind("indicator", tau)
    return Claim(
        id="the_lowest_scores_of_a_block_minimise_the_bound",
        locus=BEYOND,
        form="beyond",
        title="Of all ways to prune τ of a block's m weights, pruning the lowest scores minimises "
        "ΣS, the bound of g.",
        statements=(
            AtMost(
                Sum(chi[u] * score, (u, 1, m)),
                Sum(eta[u] * score, (u, 1, m)),
                extra=Sum(
                    (1 - chi[u]) ** 2 * eta[u] * x[u] + chi[u] * (1 - eta[u]) ** 2 * y[u], (u, 1, m)
                ),
            ),
        ),
        world=World(
            arrays={
                chi: ((m,), indicator),
                eta: ((m,), indicator),
                x: ((m,), NONNEGATIVE),
                y: ((m,), NONNEGATIVE),
            },
            scalars={threshold: REAL},
            at_most={tau: (m,)},
            facts=((Sum(chi[u], (u, 1, m)), tau), (Sum(eta[u], (u, 1, m)), tau)),
        ),
        note="χ marks the lowest scores and η any other τ of them. S = θ + x where χ keeps and "
        "θ − y where it prunes: what it means that χ marks the lowest. Blocks add up.",
    )


def a_gap_above_twice_the_error_certifies_the_order() -> Claim:
    """How exact scores and computed ones relate."""
    kept, lost, kept_found, lost_found, bound = sympy.symbols("s s' t t' eta", real=True)
    kept_error, lost_error = kept - kept_found, lost_found - lost
    gap = kept_found - lost_found
    return Claim(
        id="a_gap_above_twice_the_error_certifies_the_order",
        locus=BEYOND,
        form="beyond",
        title="If every computed score is within η of the exact one and the kept ones exceed the "
        "pruned ones by more than 2η, the mask is the exact one.",
        statements=(
            AtMost(
                gap - Abs(kept_error) - Abs(lost_error),
                kept - lost,
                using=(
                    (ONE, AtMost(-Abs(kept_error), kept_error, Abs(kept_error) + kept_error)),
                    (ONE, AtMost(-Abs(lost_error), lost_error, Abs(lost_error) + lost_error)),
                ),
                reason="A computed gap overstates the exact one by the two errors at most.",
            ),
            Implies(
                given=(
                    Condition(2 * bound, gap),
                    Condition(Abs(kept_error), bound, strict=False),
                    Condition(Abs(lost_error), bound, strict=False),
                ),
                small=ZERO,
                large=gap - Abs(kept_error) - Abs(lost_error),
                terms=((ONE, (0,)), (ONE, (1,)), (ONE, (2,))),
                reason="What is left of a gap above 2η is positive.",
            ),
        ),
        world=World(scalars=dict.fromkeys((kept, lost, kept_found, lost_found, bound), REAL)),
        note="For one kept score s, computed as t, and one pruned score s', computed as t'; a "
        "mask is right when every such pair is.",
    )


CLAIMS = (
    rescoring_for_fixed_activations_changes_nothing(),
    the_lowest_scores_of_a_block_minimise_the_bound(),
    a_gap_above_twice_the_error_certifies_the_order(),
)
