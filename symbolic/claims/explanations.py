r"""Which masks are those of Wanda for some calibration ("beyond the paper").

A mask within outputs keeps the highest :math:`|W_{jk}|x_j` for some norms x > 0 iff no cycle of
inputs has a product of quotients above 1, where i → j stands for the pruned weight of i over the
kept one of j in the same output. One direction cancels norms along a cycle, the other takes for
norms the sums over all inputs h of the best product of a path from h: best paths exist where no
cycle is worth going round. Only the second needs that the quotients of all outputs are looked at.

With RI in the place of \|W\| the same holds of RIA, whatever α is. Over a layer one threshold takes
the inputs apart.
"""

from __future__ import annotations

from sympy import Abs, IndexedBase, Integer, KroneckerDelta, Sum, Symbol

from pruneproof.symbolic.claim import AtMost, Claim, Condition, Implies
from pruneproof.symbolic.claims.worlds import TWO_BY_TWO
from pruneproof.symbolic.notation import W, b, c, i, j, j2, k, k2, u, v
from pruneproof.symbolic.world import NONNEGATIVE, POSITIVE, REAL, World

BEYOND = "beyond the paper"
CODE = "pruneproof.integration.inspection.explanations.could_be_wanda"
ONE = Integer(1)
n = Symbol("n", integer=True, positive=True)
x = IndexedBase("x", positive=True)
A, q = IndexedBase("A", real=True), IndexedBase("q", real=True)
y = IndexedBase("y", real=True)
e, f = IndexedBase("e", nonnegative=True), IndexedBase("f", nonnegative=True)
pruned, kept = Symbol("P", positive=True), Symbol("K", positive=True)
threshold = Symbol("t", positive=True)
norm = Symbol("x", positive=True)
maybe_dead, dead = Symbol("x", nonnegative=True), Symbol("z", nonnegative=True)


def score(j, k):
    """Wanda's."""
    return Abs(W[j, k]) * x[j]


def four_weights_exclude_all_norms() -> Claim:
    """A cycle of two inputs."""
    return Claim(
        id="four_weights_exclude_all_norms",
        locus=BEYOND,
        form="beyond",
        title="If in one output input j was pruned and j′ kept, and in another j′ pruned and j "
        "kept, Wanda's pruned weights have a product of at most that of the kept ones.",
        statements=(
            Implies(
                given=(
                    Condition(score(j, k), score(j2, k), strict=False),
                    Condition(score(j2, k2), score(j, k2), strict=False),
                ),
                small=Abs(W[j, k]) * Abs(W[j2, k2]),
                large=Abs(W[j2, k]) * Abs(W[j, k2]),
                terms=((score(j2, k2), (0,)), (score(j2, k), (1,))),
                times=x[j] * x[j2],
                strict=False,
            ),
        ),
        world=World(indices=TWO_BY_TWO, arrays={W: ((b, c), REAL), x: ((b,), POSITIVE)}),
        note="So four weights with a larger product prove that no positive norms, hence no "
        "calibration without dead inputs, made the mask.",
        code=CODE,
    )


def norms_exclude_a_cycle_above_1() -> Claim:
    """A cycle of any number of inputs, or several."""
    after = y[u] + q[u] - Sum(q[v], (v, 1, n)) / n
    return Claim(
        id="norms_exclude_a_cycle_above_1",
        locus=BEYOND,
        form="beyond",
        title="If n kept scores are nowhere below n pruned ones, whose inputs they have in another "
        "order, the product of the kept weights is at least that of the pruned ones.",
        statements=(
            AtMost(
                Sum(A[u], (u, 1, n)),
                Sum(A[u] + y[u] + e[u] - after, (u, 1, n)),
                extra=Sum(e[u], (u, 1, n)),
            ),
        ),
        world=World(
            arrays={
                A: ((n,), REAL),
                y: ((n,), REAL),
                q: ((n,), REAL),
                e: ((n,), NONNEGATIVE),
            },
        ),
        note="In logarithms: A of the pruned weights, y of their inputs' norms, y′ of those of the "
        "kept ones, and A + y + e − y′ with e ≥ 0 of the kept weights, which says that their "
        "scores are not lower. y′ = y + q − Σq/n has y's sum, and every y′ with y's sum is such; "
        "nothing else of the order counts.",
        code=CODE,
    )


def best_paths_are_norms() -> Claim:
    """The other direction."""
    to_first = KroneckerDelta(u, i) + f[u]
    to_second = pruned / kept * to_first + e[u]
    return Claim(
        id="best_paths_are_norms",
        locus=BEYOND,
        form="beyond",
        title="Sums of the best products of paths to each input are positive norms under which "
        "every kept score is at least every pruned one of its output.",
        statements=(
            AtMost(
                ONE,
                Sum(to_first, (u, 1, b)),
                extra=Sum(f[u], (u, 1, b)),
                reason="The path without an edge has the product 1, so no norm is below it.",
            ),
            AtMost(
                pruned * Sum(to_first, (u, 1, b)),
                kept * Sum(to_second, (u, 1, b)),
                extra=kept * Sum(e[u], (u, 1, b)),
                reason="No path to the kept input is worse than one through the pruned input.",
            ),
        ),
        world=World(
            indices={i: b},
            arrays={f: ((b,), NONNEGATIVE), e: ((b,), NONNEGATIVE)},
            scalars={pruned: POSITIVE, kept: POSITIVE},
        ),
        note="P and K are a pruned weight of input i and a kept one of input j. The best product "
        "of a path from h to i is δ_hi + f_h: nothing for most h, and for i itself not more than "
        "1 where no cycle is above 1, which is also why best paths exist. To j it is at least P/K "
        "times that: P/K times it, and e_h ≥ 0.",
        code=CODE,
    )


def one_threshold_takes_inputs_apart() -> Claim:
    """A layer that is one group."""
    return Claim(
        id="one_threshold_takes_inputs_apart",
        locus=BEYOND,
        form="beyond",
        title="Over a layer, Wanda's norms exist iff no input has a pruned weight above a kept "
        "one.",
        statements=(
            Implies(
                given=(
                    Condition(pruned * norm, threshold, strict=False),
                    Condition(threshold, kept * norm, strict=False),
                ),
                small=pruned,
                large=kept,
                terms=((ONE, (0,)), (ONE, (1,))),
                times=norm,
                strict=False,
                reason="A pruned and a kept weight of one input, and the layer's threshold t.",
            ),
            Implies(
                given=(Condition(pruned, kept, strict=False),),
                small=ONE,
                large=kept / pruned,
                terms=((ONE, (0,)),),
                times=pruned,
                strict=False,
                reason="With the norm 1/P the largest pruned weight P scores 1 = t, and the "
                "smallest kept one K/P.",
            ),
        ),
        world=World(scalars=dict.fromkeys((pruned, kept, norm, threshold), POSITIVE)),
        code=CODE,
    )


def a_kept_dead_input_leaves_dead_inputs_to_prune() -> Claim:
    """Norms of 0."""
    return Claim(
        id="a_kept_dead_input_leaves_dead_inputs_to_prune",
        locus=BEYOND,
        form="beyond",
        title="The norm of a pruned input is at most K/P times that of a kept one of its group, "
        "hence 0 with it.",
        statements=(
            Implies(
                given=(Condition(pruned * maybe_dead, kept * dead, strict=False),),
                small=maybe_dead,
                large=kept / pruned * dead,
                terms=((ONE, (0,)),),
                times=pruned,
                strict=False,
            ),
        ),
        world=World(
            scalars={pruned: POSITIVE, kept: POSITIVE, maybe_dead: NONNEGATIVE, dead: NONNEGATIVE},
        ),
        note="P of the pruned weight and x of its input, K of the kept one and z of its input. So "
        "the inputs of a cycle above 1 are dead or the mask is not Wanda's, and with them all "
        "inputs from which a path leads there.",
        code=CODE,
    )


CLAIMS = (
    four_weights_exclude_all_norms(),
    norms_exclude_a_cycle_above_1(),
    best_paths_are_norms(),
    one_threshold_takes_inputs_apart(),
    a_kept_dead_input_leaves_dead_inputs_to_prune(),
)
