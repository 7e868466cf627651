r"""R²-DSnoT's Eqs. (5) and (6), D and Δ of §3.6.

The criteria are judged as DSnoT's are: by what growing a weight gains and pruning it costs,
now weighted by D_qr = 1/‖W̃_q:‖₁ + 1/‖W̃_:r‖₁. Assumed, and not printed: no line of W̃ that D
divides by has lost all its weights, and no feature that is divided by is constant.
"""

from __future__ import annotations

import sympy
from sympy import Abs, Add, Integer, Sum, Symbol, sign

from pruneproof.symbolic.claim import Assumption, Claim, Equal
from pruneproof.symbolic.claims.dsnot import (
    INPUTS,
    NEURONS,
    gain_of_growing,
    no_constant_feature,
    square,
)
from pruneproof.symbolic.claims.worlds import ORDERS, POWERS, times
from pruneproof.symbolic.notation import W, alpha, b, p
from pruneproof.symbolic.refinements import (
    V,
    direction,
    dsnot_delta,
    grown,
    mask,
    mu,
    pruned,
    pruned_input_norm,
    pruned_output_norm,
    q,
    r,
    r2,
    r2_growing,
    r2_pruning,
    relative_importance,
    removal_cost,
    u,
)
from pruneproof.symbolic.world import REAL, World

gamma = Symbol("gamma", real=True)
GROWING, PRUNING, DELTA = "Eq. (5)", "Eq. (6)", "§3.6, Δ after Eq. (6)"
CODE = "pruneproof.reference.refinements.r2_dsnot"
NO_REGULARISER = {"gamma": Integer(0), "p": Integer(1)}


def lines_left(world: World, *inputs: sympy.Expr) -> World:
    """The world where output q and these inputs still have a weight."""
    norms = (pruned_output_norm(), *(pruned_input_norm(index) for index in inputs))
    return world.having(nonzero=(*world.nonzero, *norms))


def _no_emptied_line(without: World) -> Assumption:
    return Assumption("output q and input r still have a weight, so that D exists", without)


def d_exists_while_no_line_is_emptied() -> Claim:
    """D_qr, which §3.6 defines with two divisions."""
    output, to_input = pruned_output_norm(), pruned_input_norm(r)
    return Claim(
        id="d_exists_while_no_line_is_emptied",
        locus="§3.6, definition of D",
        form="as_printed",
        title="D_qr·‖W̃_q:‖₁·‖W̃_:r‖₁ = ‖W̃_q:‖₁ + ‖W̃_:r‖₁.",
        statements=(Equal(relative_importance(r) * output * to_input, output + to_input),),
        world=lines_left(NEURONS, r),
        assumptions=(_no_emptied_line(NEURONS),),
        note="An output or input that has lost all its weights makes D infinite, and growing is "
        "what looks at such lines; the paper has no rule for it.",
        severity="medium",
        code=CODE,
    )


def growing_gains_the_printed_r2_criterion() -> Claim:
    """Eq. (5) as printed, at γ₁ = 0."""
    return Claim(
        id="growing_gains_the_printed_r2_criterion",
        locus=GROWING,
        form="as_printed",
        title="At γ₁ = 0 the criterion is what growing a pruned weight gains, times D_qr/Var(X_q).",
        statements=(
            Equal(
                gain_of_growing(r) * relative_importance(r) / V[q],
                (1 - mask(r)) * r2_growing(r, q, **NO_REGULARISER),
            ),
        ),
        world=lines_left(square(NEURONS), r),
        note="DSnoT's factor W_qr is gone, and E[X_q], Var(X_q) carry the number of the output: "
        "the choice ignores the weight that grows and the activations that it meets.",
        severity="high",
        code=CODE,
        reads="The updated rule for identifying the growing index",
    )


def growing_gains_the_repaired_r2_criterion() -> Claim:
    """Eq. (5) with W_qr, E[X_r] and Var(X_r), for pruned weights."""
    repaired = direction() * W[q, r] * relative_importance(r) * mu[r] / V[r]
    world = lines_left(NEURONS, r)
    return Claim(
        id="growing_gains_the_repaired_r2_criterion",
        locus=GROWING,
        form="repaired",
        title="sign(E[ε_q])·W_qr·D_qr·E[X_r]/Var(X_r) is what growing a pruned weight gains, "
        "times D_qr/Var(X_r).",
        statements=(
            Equal(gain_of_growing(r) * relative_importance(r) / V[r], (1 - mask(r)) * repaired),
        ),
        world=world,
        assumptions=(_no_emptied_line(NEURONS), no_constant_feature(world)),
        note="W_qr is back, and the statistics carry the number of the input.",
        code=CODE,
        repairs=("growing_gains_the_printed_r2_criterion",),
    )


def the_printed_growing_criterion_ranks_by_d_alone() -> Claim:
    """What Eq. (5) compares, taken literally."""
    first, second = (r2_growing(index, q, **NO_REGULARISER) for index in (r, r2))
    world = lines_left(square(NEURONS), r, r2)
    return Claim(
        id="the_printed_growing_criterion_ranks_by_d_alone",
        locus=GROWING,
        form="as_printed",
        title="At γ₁ = 0 the printed criteria of two candidates are as D_qr to D_qr′: neither the "
        "weight that grows nor any activation of its input has a say.",
        statements=(
            Equal(times(first, relative_importance(r2)), times(second, relative_importance(r))),
        ),
        world=world,
        assumptions=(_no_emptied_line(square(NEURONS)), no_constant_feature(world)),
        note="E[X_q]/Var(X_q) is the same for every candidate of output q, and W_qr is missing.",
        severity="high",
        code=CODE,
    )


def pruning_costs_the_printed_r2_criterion() -> Claim:
    """Eq. (6) as printed, at α = 1 and γ₂ = 0."""
    return Claim(
        id="pruning_costs_the_printed_r2_criterion",
        locus=PRUNING,
        form="as_printed",
        title="At α = 1 and γ₂ = 0 the criterion is what pruning a weight costs, times D_qr.",
        statements=(
            Equal(
                removal_cost(r) * relative_importance(r),
                r2_pruning(r, q, Integer(1), **NO_REGULARISER),
            ),
        ),
        world=lines_left(square(INPUTS), r),
        note="‖X_q‖ carries the number of the output.",
        severity="high",
        code=CODE,
        reads="Similarly, the pruning index j is now defined",
    )


def pruning_costs_the_repaired_r2_criterion() -> Claim:
    """Eq. (6) with ‖X_r‖: the RIA score of the pruned weights."""
    return Claim(
        id="pruning_costs_the_repaired_r2_criterion",
        locus=PRUNING,
        form="repaired",
        title="At α = 1 and γ₂ = 0, |W̃_qr|·D_qr·‖X_r‖₂ is what pruning a weight costs, times D_qr.",
        statements=(
            Equal(
                removal_cost(r) * relative_importance(r),
                r2_pruning(r, r, Integer(1), **NO_REGULARISER),
            ),
        ),
        world=lines_left(INPUTS, r),
        assumptions=(_no_emptied_line(INPUTS),),
        note="X_r for X_q: the RIA score of the weights that are left.",
        code=CODE,
        repairs=("pruning_costs_the_printed_r2_criterion",),
    )


def the_printed_pruning_criterion_ignores_the_activations() -> Claim:
    """What Eq. (6) compares, taken literally."""
    first, second = (r2_pruning(index, q, alpha, **NO_REGULARISER) for index in (r, r2))
    rest, other = (mask(index) * Abs(W[q, index]) * relative_importance(index) for index in (r, r2))
    world = square(INPUTS).having(scalars={alpha: POWERS})
    return Claim(
        id="the_printed_pruning_criterion_ignores_the_activations",
        locus=PRUNING,
        form="as_printed",
        title="At γ₂ = 0 the printed criteria of two candidates are as |W̃_qr|D_qr to |W̃_qr′|D_qr′: "
        "no activation has a say.",
        statements=(Equal(times(first, other), times(second, rest)),),
        world=lines_left(world, r, r2),
        assumptions=(_no_emptied_line(world),),
        note="‖X_q‖^α is the same for every candidate of output q.",
        severity="high",
        code=CODE,
    )


def _difference(first: sympy.Expr, second: sympy.Expr) -> sympy.Expr:
    """first − second, left for the prover to simplify."""
    return Add(first, -second, evaluate=False)


def the_growing_regulariser_moves_no_choice() -> Claim:
    """γ₁‖W̃_q‖_p does not depend on r."""
    with_it, without = (
        _difference(r2_growing(r, q, weight, p), r2_growing(r2, q, weight, p))
        for weight in (gamma, Integer(0))
    )
    anywhere = square(NEURONS).having(scalars={gamma: REAL, p: ORDERS})
    world = lines_left(anywhere, r, r2)
    return Claim(
        id="the_growing_regulariser_moves_no_choice",
        locus=GROWING,
        form="as_printed",
        title="γ₁‖W̃_q‖_p cancels from every comparison of two candidates, so neither γ₁ nor p "
        "changes the growing index.",
        statements=(Equal(with_it, without),),
        world=world,
        assumptions=(_no_emptied_line(anywhere), no_constant_feature(world)),
        note="The regulariser is one constant for output q. Table 10 changes with p alone, so its "
        "code does not compute the printed formula.",
        severity="high",
        code=CODE,
    )


def the_pruning_regulariser_moves_no_choice() -> Claim:
    """γ₂‖W̃_q‖_p does not depend on r."""
    with_it, without = (
        _difference(r2_pruning(r, q, alpha, weight, p), r2_pruning(r2, q, alpha, weight, p))
        for weight in (gamma, Integer(0))
    )
    world = square(INPUTS).having(scalars={alpha: POWERS, gamma: REAL, p: ORDERS})
    return Claim(
        id="the_pruning_regulariser_moves_no_choice",
        locus=PRUNING,
        form="as_printed",
        title="γ₂‖W̃_q‖_p cancels from every comparison of two candidates, so neither γ₂ nor p "
        "changes the pruning index.",
        statements=(Equal(with_it, without),),
        world=lines_left(world, r, r2),
        assumptions=(_no_emptied_line(world),),
        note="The regulariser is one constant for output q.",
        severity="high",
        code=CODE,
    )


def the_norm_after_the_step_tells_candidates_apart() -> Claim:
    """A regulariser that can act: the norm of the row as the step leaves it."""

    def power_sum(kept) -> sympy.Expr:
        return Sum(kept(u) * Abs(W[q, u]) ** p, (u, 1, b))

    return Claim(
        id="the_norm_after_the_step_tells_candidates_apart",
        locus="beyond the paper",
        form="beyond",
        title="Growing weight r adds |W_qr|^p to ‖W̃_q‖_p^p, and pruning it takes |W_qr|^p away.",
        statements=(
            Equal(
                power_sum(grown(r)) - power_sum(mask),
                (1 - mask(r)) * Abs(W[q, r]) ** p,
                reason="growing",
            ),
            Equal(
                power_sum(mask) - power_sum(pruned(r)),
                mask(r) * Abs(W[q, r]) ** p,
                reason="pruning",
            ),
        ),
        world=NEURONS.having(scalars={p: ORDERS}),
        note="So a regulariser on the row after the step, unlike the printed one, changes choices.",
        code=CODE,
    )


def the_factor_d_decides_no_candidate() -> Claim:
    """Δ after Eq. (6) against DSnoT's Δ, both with E[X_q] as printed."""
    delta = dsnot_delta(r, q)
    return Claim(
        id="the_factor_d_decides_no_candidate",
        locus=DELTA,
        form="as_printed",
        title="Δ has the same sign with the factor D_qr as without it.",
        statements=(Equal(sign(delta * relative_importance(r)), sign(delta)),),
        world=lines_left(square(NEURONS), r),
        assumptions=(_no_emptied_line(square(NEURONS)),),
        note="D_qr > 0, and only the sign of Δ is used, so the factor is redundant. What is "
        "printed, sign!(E[ε_q]), (…), is read as sign(E[ε_q])·(…).",
        severity="low",
        code=CODE,
    )


CLAIMS = (
    d_exists_while_no_line_is_emptied(),
    growing_gains_the_printed_r2_criterion(),
    growing_gains_the_repaired_r2_criterion(),
    the_printed_growing_criterion_ranks_by_d_alone(),
    the_growing_regulariser_moves_no_choice(),
    pruning_costs_the_printed_r2_criterion(),
    pruning_costs_the_repaired_r2_criterion(),
    the_printed_pruning_criterion_ignores_the_activations(),
    the_pruning_regulariser_moves_no_choice(),
    the_norm_after_the_step_tells_candidates_apart(),
    the_factor_d_decides_no_candidate(),
)
