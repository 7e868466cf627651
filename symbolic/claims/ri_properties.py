r"""What RI's formula implies beyond the paper: its total, its bounds, its symmetries.

.. math:: \mathrm{RI}_{jk} = \frac{|W_{jk}|}{\lVert W_{j:}\rVert_1}
    + \frac{|W_{jk}|}{\lVert W_{:k}\rVert_1}

The first term is a share of what leaves input j, the second of what enters output k.
Everything here needs that no input and no output has only zero weights.
"""

from __future__ import annotations

import sympy
from sympy import Abs, IndexedBase, KroneckerDelta, Sum, Symbol

from pruneproof.symbolic import scores
from pruneproof.symbolic.claim import Assumption, AtMost, Claim, Equal, Statement
from pruneproof.symbolic.claims.worlds import WEIGHTS, live, no_dead_neuron, times
from pruneproof.symbolic.notation import (
    W,
    b,
    c,
    input_norm,
    j,
    j2,
    k,
    k2,
    output_norm,
    u,
    v,
)
from pruneproof.symbolic.transposition import transposed, with_entries
from pruneproof.symbolic.world import NONZERO, REAL, World

LIVE_WEIGHTS = live(WEIGHTS)
D = IndexedBase("D", real=True)
scale = Symbol("s", real=True)


def _beyond(
    id: str,
    title: str,
    *statements: Statement,
    world: World = LIVE_WEIGHTS,
    extra: tuple[Assumption, ...] = (),
    note: str = "",
) -> Claim:
    return Claim(
        id=id,
        locus="§3.3",
        form="beyond",
        title=title,
        statements=statements,
        world=world,
        assumptions=(no_dead_neuron(world), *extra),
        note=note,
        code="pruneproof.reference.scores.ri",
    )


def relative_importances_sum_to_the_number_of_neurons() -> Claim:
    """ΣRI = b + c."""
    total = Sum(scores.ri(j2, k2), (j2, 1, b), (k2, 1, c))
    return _beyond(
        "relative_importances_sum_to_the_number_of_neurons",
        "The RI scores of a layer sum to b + c, its number of inputs and outputs.",
        Equal(total, b + c),
        note="A test for any implementation: the total does not depend on the weights.",
    )


def relative_importance_is_at_most_2() -> Claim:
    """Both shares are at most 1."""
    weight = Abs(W[j, k])
    other_outputs = Sum((1 - KroneckerDelta(v, k)) * Abs(W[j, v]), (v, 1, c))
    other_inputs = Sum((1 - KroneckerDelta(u, j)) * Abs(W[u, k]), (u, 1, b))
    of_input = AtMost(weight, input_norm(j), extra=other_outputs)
    of_output = AtMost(weight, output_norm(k), extra=other_inputs)
    bound = AtMost(
        scores.ri(j, k),
        sympy.Integer(2),
        using=((1 / input_norm(j), of_input), (1 / output_norm(k), of_output)),
    )
    return _beyond(
        "relative_importance_is_at_most_2",
        "RI_jk ≤ 2: either term is a share of a sum.",
        bound,
        of_input,
        of_output,
    )


def low_threshold_empties_no_input_and_no_output() -> Claim:
    """The scores of one input sum to at least 1, and there are c of them."""
    of_input = Sum(scores.ri(j, k2), (k2, 1, c))
    of_output = Sum(scores.ri(j2, k), (j2, 1, b))
    weight_share = Sum(Abs(W[j, k2]) / output_norm(k2), (k2, 1, c))
    input_share = Sum(Abs(W[j2, k]) / input_norm(j2), (j2, 1, b))
    return _beyond(
        "low_threshold_empties_no_input_and_no_output",
        "The RI scores of an input, c of them, sum to at least 1, and so do the b of an output: "
        "removing what lies below 1/c (1/b) leaves a weight.",
        AtMost(sympy.Integer(1), of_input, extra=weight_share),
        AtMost(sympy.Integer(1), of_output, extra=input_share),
        note="If all c scores lay below 1/c, they would sum to less than 1.",
    )


def relative_importance_ignores_a_common_scale() -> Claim:
    """RI(sW) = RI(W)."""
    scaled = with_entries(scores.ri(j, k), {W: lambda row, column: scale * W[row, column]})
    world = LIVE_WEIGHTS.having(scalars={scale: NONZERO})
    return _beyond(
        "relative_importance_ignores_a_common_scale",
        "Multiplying all weights by s ≠ 0 leaves RI as it is.",
        Equal(scaled, scores.ri(j, k)),
        world=world,
        extra=(Assumption("s ≠ 0", world.with_kind(scale, REAL)),),
    )


def rescaled_inputs_change_only_the_output_term() -> Claim:
    """RI under W → D⁻¹W, which Wanda does not notice when X → XD."""
    term = scores.ri(j, k)
    scaled = with_entries(term, {W: lambda row, column: W[row, column] / D[row]})
    ones = with_entries(scaled, {W: lambda row, column: sympy.Integer(1)})
    world = LIVE_WEIGHTS.having(
        arrays={**LIVE_WEIGHTS.arrays, D: ((b,), NONZERO)},
    )
    share = (Abs(W[j, k]) / Abs(D[j])) / Sum(Abs(W[u, k]) / Abs(D[u]), (u, 1, b))
    return _beyond(
        "rescaled_inputs_change_only_the_output_term",
        "RI of D⁻¹W keeps its input term |W_jk|/‖W_j:‖₁, while its output term becomes a share "
        "weighted by 1/|D|: unlike Wanda, RI is not invariant.",
        Equal(scaled, Abs(W[j, k]) / input_norm(j) + share),
        Equal(ones, 1 / c + 1 / (Abs(D[j]) * Sum(1 / Abs(D[u]), (u, 1, b))), "all weights 1"),
        world=world,
        extra=(Assumption("D has no zero on its diagonal", world.with_kind(D, REAL)),),
        note="With all weights equal to 1, RI is 1/c + 1/b; after rescaling it depends on D_j.",
    )


def relative_importance_commutes_with_transposition() -> Claim:
    """RI(Wᵀ) = RI(W)ᵀ."""
    return _beyond(
        "relative_importance_commutes_with_transposition",
        "RI of the transposed weights is the transposed RI.",
        Equal(transposed(scores.ri(k, j)), scores.ri(j, k)),
    )


def output_term_orders_the_weights_of_one_output_like_magnitude() -> Claim:
    """Within an output, the output term changes nothing."""
    length = output_norm(k)
    one, other = Abs(W[j, k]) / length, Abs(W[j2, k]) / length
    world = LIVE_WEIGHTS.having(indices={j: b, j2: b, k: c})
    return _beyond(
        "output_term_orders_the_weights_of_one_output_like_magnitude",
        "RI's output term is proportional to |W| among the weights that enter one output.",
        Equal(times(one, Abs(W[j2, k])), times(other, Abs(W[j, k]))),
        world=world,
        note="With the usual groups, one per output, only the input term departs from magnitude.",
    )


CLAIMS = (
    relative_importances_sum_to_the_number_of_neurons(),
    relative_importance_is_at_most_2(),
    low_threshold_empties_no_input_and_no_output(),
    relative_importance_ignores_a_common_scale(),
    rescaled_inputs_change_only_the_output_term(),
    relative_importance_commutes_with_transposition(),
    output_term_orders_the_weights_of_one_output_like_magnitude(),
)
