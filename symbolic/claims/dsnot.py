r"""DSnoT's growing index, pruning index and Δ of §3.6, and what a swap does to the error.

The criteria are judged by what they are for: E[ε_q] is the error of an output, averaged over
the tokens; growing weight r takes W_qr·E[X_r] away from it, pruning puts it back. Assumed, and
not printed: no feature that is divided by is constant (Var ≠ 0), and only pruned weights grow.
"""

from __future__ import annotations

import sympy
from sympy import Abs, Integer, Sum, Symbol, sign

from pruneproof.symbolic.claim import Assumption, Claim, Condition, Equal, Implies
from pruneproof.symbolic.notation import W, X, a, b, c
from pruneproof.symbolic.refinements import (
    M,
    V,
    direction,
    dsnot_delta,
    dsnot_growing,
    dsnot_pruning,
    expected_error,
    grown,
    mask,
    mu,
    pruned,
    q,
    r,
    r2,
    removal_cost,
    t,
    u,
)
from pruneproof.symbolic.world import BINARY, NONNEGATIVE, POSITIVE, REAL, World

NEURONS = World(
    indices={q: c, r: b, r2: b},
    arrays={W: ((c, b), REAL), M: ((c, b), BINARY), mu: ((b,), REAL), V: ((b,), POSITIVE)},
)
"""A layer with its keep mask and the statistics of its inputs; q is an output, r an input."""

INPUTS = NEURONS.having(arrays={W: ((c, b), REAL), M: ((c, b), BINARY), X: ((b, a), REAL)})
"""The same with the inputs themselves."""


def square(world: World) -> World:
    """As many outputs as inputs, so that the printed X_q exists for every output q."""
    return world.having(equal_sizes={c: b})


def no_constant_feature(world: World) -> Assumption:
    """Every V_r is positive, so that the formulas can divide by it."""
    return Assumption("no feature is constant", without=world.with_kind(V, NONNEGATIVE))


GROWING, PRUNING = "§3.6, DSnoT growing index", "§3.6, DSnoT pruning index"
error, gain, loss = (Symbol(name, real=True) for name in ("epsilon", "x", "y"))
SWAPS = World(scalars={error: REAL, gain: REAL, loss: REAL})
"""E[ε_q], W_qi·E[X_i] of the weight that grows and W_qj·E[X_j] of the one that is pruned."""


def the_error_of_a_row_is_an_error_of_the_layer() -> Claim:
    """§3.6 as printed, in §3.1's orientation: row q of W − W̃ times X."""
    dropped = lambda row, column: (1 - M[row, column]) * W[row, column]  # noqa: E731
    printed = Sum(dropped(q, u) * X[u, t], (u, 1, c))
    layer = Sum(X[t, u] * dropped(u, q), (u, 1, b))
    world = World(
        indices={q: b, t: b},
        equal_sizes={a: b, c: b},
        arrays={W: ((b, c), REAL), M: ((b, c), BINARY), X: ((a, b), REAL)},
    )
    return Claim(
        id="the_error_of_a_row_is_an_error_of_the_layer",
        locus="§3.6",
        form="as_printed",
        title="With §3.1's W and X, ε_q = (W_q: − W̃_q:)X is what the layer X·W loses at output q.",
        statements=(Equal(printed, layer),),
        world=world,
        note="A row of §3.1's W belongs to an input, and W·X does not contract as X·W does: even "
        "with equal sizes the two differ. §3.6 uses the transpose, where a row is an output.",
        severity="high",
        reads="the reconstruction error of the q-th row",
    )


def the_expected_error_is_linear_in_the_mean_inputs() -> Claim:
    """The repaired orientation: row q is an output."""
    dropped = (1 - mask(u)) * W[q, u]
    return Claim(
        id="the_expected_error_is_linear_in_the_mean_inputs",
        locus="§3.6",
        form="repaired",
        title="With a row for each output, E[ε_q] = Σ_r (W_qr − W̃_qr)·E[X_r].",
        statements=(
            Equal(
                Sum(Sum(dropped * X[u, t], (u, 1, b)), (t, 1, a)) / a,
                Sum(dropped * (Sum(X[u, t], (t, 1, a)) / a), (u, 1, b)),
            ),
        ),
        world=INPUTS,
        note="W and X of §3.6 are the transposes of §3.1's.",
        repairs=("the_error_of_a_row_is_an_error_of_the_layer",),
    )


def gain_of_growing(r: sympy.Expr) -> sympy.Expr:
    """By how much growing weight r lowers the signed expected error."""
    return direction() * (expected_error() - expected_error(grown(r)))


def growing_gains_the_printed_criterion() -> Claim:
    """The growing index as printed, with E[X_q] and Var(X_q)."""
    return Claim(
        id="growing_gains_the_printed_criterion",
        locus=GROWING,
        form="as_printed",
        title="Growing a pruned weight lowers the signed expected error, in units of Var(X_q), "
        "by sign(E[ε_q])·W_qr·E[X_q]/Var(X_q).",
        statements=(Equal(gain_of_growing(r) / V[q], (1 - mask(r)) * dsnot_growing(r, q)),),
        world=square(NEURONS),
        note="E[X_q] and Var(X_q) carry the number of the output. Weight W_qr meets input r: the "
        "statistics are E[X_r] and Var(X_r), as in DSnoT's code.",
        severity="high",
        code="pruneproof.reference.refinements.dsnot",
        reads="based on the expected change in reconstruction error when reinstating a weight",
    )


def growing_any_weight_gains_the_criterion() -> Claim:
    """The growing index with the right statistics, but over all r as printed."""
    return Claim(
        id="growing_any_weight_gains_the_criterion",
        locus=GROWING,
        form="as_printed",
        title="The arg max over every r compares what growing weight r gains.",
        statements=(Equal(gain_of_growing(r) / V[r], dsnot_growing(r, r)),),
        world=NEURONS,
        note="A weight that is there gains nothing by growing, whatever its criterion: the "
        "arg max has to be restricted to pruned weights.",
        severity="medium",
        code="pruneproof.reference.refinements.dsnot",
        reads="based on the expected change in reconstruction error when reinstating a weight",
    )


def growing_a_pruned_weight_gains_the_criterion() -> Claim:
    """The growing index repaired: index r, and pruned weights only."""
    return Claim(
        id="growing_a_pruned_weight_gains_the_criterion",
        locus=GROWING,
        form="repaired",
        title="Growing a pruned weight lowers the signed expected error, in units of Var(X_r), "
        "by sign(E[ε_q])·W_qr·E[X_r]/Var(X_r); growing another one changes nothing.",
        statements=(Equal(gain_of_growing(r) / V[r], (1 - mask(r)) * dsnot_growing(r, r)),),
        world=NEURONS,
        assumptions=(no_constant_feature(NEURONS),),
        note="The statistics belong to input r, and 1 − M_qr restricts the choice to pruned "
        "weights. The paper has no rule for a constant feature, where Var(X_r) = 0.",
        code="pruneproof.reference.refinements.dsnot",
        repairs=(
            "growing_gains_the_printed_criterion",
            "growing_any_weight_gains_the_criterion",
        ),
    )


def pruning_costs_the_printed_criterion() -> Claim:
    """The pruning index as printed, with ‖X_q‖."""
    return Claim(
        id="pruning_costs_the_printed_criterion",
        locus=PRUNING,
        form="as_printed",
        title="Pruning a weight changes the output by |W̃_qr|‖X_q‖₂ in norm.",
        statements=(Equal(removal_cost(r), dsnot_pruning(r, q)),),
        world=square(INPUTS),
        note="‖X_q‖ carries the number of the output; Wanda's metric has ‖X_r‖.",
        severity="high",
        code="pruneproof.reference.refinements.dsnot",
        reads="Drawing inspiration from the Wanda metric",
    )


def pruning_costs_the_wanda_score() -> Claim:
    """The pruning index repaired."""
    return Claim(
        id="pruning_costs_the_wanda_score",
        locus=PRUNING,
        form="repaired",
        title="Pruning a weight changes the output by |W̃_qr|‖X_r‖₂ in norm.",
        statements=(Equal(removal_cost(r), dsnot_pruning(r, r)),),
        world=INPUTS,
        note="X_r for X_q.",
        code="pruneproof.reference.refinements.dsnot",
        repairs=("pruning_costs_the_printed_criterion",),
    )


def _shift(r: sympy.Expr) -> sympy.Expr:
    """By how much pruning weight r raises the signed expected error."""
    return direction() * (expected_error(pruned(r)) - expected_error())


def pruning_shifts_the_error_by_the_printed_delta() -> Claim:
    """Δ as printed, with E[X_q]."""
    return Claim(
        id="pruning_shifts_the_error_by_the_printed_delta",
        locus="§3.6, Δ of DSnoT",
        form="as_printed",
        title="Pruning a weight changes the signed expected error by "
        "Δ(q, r) = sign(E[ε_q])·W̃_qr·E[X_q].",
        statements=(Equal(_shift(r), dsnot_delta(r, q)),),
        world=square(NEURONS),
        note="E[X_q] carries the number of the output, so Δ < 0 does not say that the error falls.",
        severity="high",
        code="pruneproof.reference.refinements.dsnot",
        reads="we aim to minimize the reconstruction error",
    )


def pruning_shifts_the_error_by_delta() -> Claim:
    """Δ repaired: its sign says whether the signed error falls."""
    return Claim(
        id="pruning_shifts_the_error_by_delta",
        locus="§3.6, Δ of DSnoT",
        form="repaired",
        title="Pruning a weight changes the signed expected error by "
        "Δ(q, r) = sign(E[ε_q])·W̃_qr·E[X_r], so it falls where Δ < 0.",
        statements=(Equal(_shift(r), dsnot_delta(r, r)),),
        world=NEURONS,
        note="E[X_r] for E[X_q].",
        code="pruneproof.reference.refinements.dsnot",
        repairs=("pruning_shifts_the_error_by_the_printed_delta",),
    )


def a_swap_moves_the_expected_error_by_both_weights() -> Claim:
    """What one cycle of DSnoT does: weight r grows, weight r' is pruned."""
    after = expected_error(pruned(r2, grown(r)))
    moved = (1 - mask(r)) * W[q, r] * mu[r] - mask(r2) * W[q, r2] * mu[r2]
    world = NEURONS.having(distinct=((r, r2),))
    return Claim(
        id="a_swap_moves_the_expected_error_by_both_weights",
        locus="beyond the paper",
        form="beyond",
        title="Growing i and pruning j turns E[ε_q] into E[ε_q] − (W_qi·E[X_i] − W_qj·E[X_j]).",
        statements=(Equal(after, expected_error() - moved),),
        world=world,
        assumptions=(Assumption("i ≠ j", without=NEURONS),),
        note="The factors 1 − M_qi and M_qj say that i was pruned and j was kept.",
        code="pruneproof.reference.refinements.dsnot",
    )


def every_swap_lowers_the_expected_error() -> Claim:
    """What §3.6 relies on: a useful weight grows and a harmful one goes."""
    towards, away = sign(error) * gain, sign(error) * loss
    return Claim(
        id="every_swap_lowers_the_expected_error",
        locus="§3.6",
        form="as_printed",
        title="A swap with a positive growing criterion and a negative Δ lowers |E[ε_q]|.",
        statements=(
            Implies(
                given=(Condition(Integer(0), towards), Condition(away, Integer(0))),
                small=Abs(error - (gain - loss)),
                large=Abs(error),
            ),
        ),
        world=SWAPS,
        note="A swap can overshoot and leave a larger error of the other sign; the paper prints "
        "no guard and no rule for stopping.",
        severity="medium",
        code="pruneproof.reference.refinements.dsnot",
        reads="we aim to minimize the reconstruction error",
    )


def a_swap_lowers_the_expected_error_iff_it_moves_less_than_twice_the_error() -> Claim:
    """The guard that is missing, as an equivalence."""
    step = sign(error) * (gain - loss)
    after, before = Abs(error - (gain - loss)), Abs(error)
    zero, one = Integer(0), Integer(1)
    lowers = (Condition(after, before),)
    square_and_rest = ((one, (0, 0)), (2 * after, (0,)))
    return Claim(
        id="a_swap_lowers_the_expected_error_iff_it_moves_less_than_twice_the_error",
        locus="beyond the paper",
        form="beyond",
        title="A swap lowers |ε| exactly if 0 < sign(ε)(W_iμ_i − W_jμ_j) < 2|ε|, ε = E[ε_q].",
        statements=(
            Implies(
                given=(Condition(zero, step), Condition(step, 2 * before)),
                small=after,
                large=before,
                terms=((one, (0, 1)),),
                times=sign(error) ** 2 * (after + before),
                reason="A step in that range lowers the error.",
            ),
            Implies(
                given=lowers,
                small=zero,
                large=step,
                terms=square_and_rest,
                extra=(gain - loss) ** 2,
                times=2 * before,
                reason="A step that lowers the error goes towards it.",
            ),
            Implies(
                given=lowers,
                small=step,
                large=2 * before,
                terms=square_and_rest,
                extra=(2 * before - step) ** 2 + ((1 - sign(error) ** 2) * (gain - loss)) ** 2,
                times=2 * before,
                reason="A step that lowers the error is less than twice as long.",
            ),
        ),
        world=SWAPS,
        note="As a guard it makes |ε| fall with every swap, so that the cycle ends.",
        code="pruneproof.reference.refinements.dsnot",
        repairs=("every_swap_lowers_the_expected_error",),
    )


CLAIMS = (
    the_error_of_a_row_is_an_error_of_the_layer(),
    the_expected_error_is_linear_in_the_mean_inputs(),
    growing_gains_the_printed_criterion(),
    growing_any_weight_gains_the_criterion(),
    growing_a_pruned_weight_gains_the_criterion(),
    pruning_costs_the_printed_criterion(),
    pruning_costs_the_wanda_score(),
    pruning_shifts_the_error_by_the_printed_delta(),
    pruning_shifts_the_error_by_delta(),
    a_swap_moves_the_expected_error_by_both_weights(),
    every_swap_lowers_the_expected_error(),
    a_swap_lowers_the_expected_error_iff_it_moves_less_than_twice_the_error(),
)
