r"""How the ℓp scores of Eq. (3) depend on p ("beyond the paper" 11).

Proved for p and 2p, and for p and ∞, where p is any positive number; zero rows and columns are
excluded where a score divides by their norm.
"""

from __future__ import annotations

import sympy
from sympy import Abs, KroneckerDelta, Sum

from pruneproof.symbolic import scores
from pruneproof.symbolic.claim import AtMost, Claim
from pruneproof.symbolic.claims.worlds import ORDERS, WEIGHTS, live, no_dead_neuron
from pruneproof.symbolic.notation import (
    W,
    b,
    c,
    i,
    input_norm,
    j,
    k,
    output_norm,
    p,
    u,
    v,
    w,
)

BEYOND = "beyond the paper"


def _root_order(norm, index: sympy.Symbol, size: sympy.Symbol, entry) -> AtMost:
    """‖·‖_2p ≤ ‖·‖_p, since the 2p-th power of the right side has all mixed terms too."""
    other = i if index == v else w
    mixed = (1 - KroneckerDelta(index, other)) ** 2
    extra = Sum(
        mixed * Abs(entry(index)) ** p * Abs(entry(other)) ** p, (index, 1, size), (other, 1, size)
    )
    return AtMost(norm(2 * p), norm(p), extra=extra, power=2 * p)


def doubling_p_lowers_no_score() -> Claim:
    """S^(p) ≤ S^(2p)."""
    inputs, outputs = (lambda q: input_norm(j, q)), (lambda q: output_norm(k, q))
    from_input = _root_order(inputs, v, c, lambda index: W[j, index])
    into_output = _root_order(outputs, u, b, lambda index: W[index, k])
    world = live(WEIGHTS).having(scalars={p: ORDERS})
    size = Abs(W[j, k])
    return Claim(
        id="doubling_p_lowers_no_score",
        locus=BEYOND,
        form="beyond",
        title="The ℓp score of Eq. (3) does not fall when p is doubled.",
        statements=(
            AtMost(
                scores.lp(j, k, p),
                scores.lp(j, k, 2 * p),
                using=(
                    (size / (inputs(p) * inputs(2 * p)), from_input),
                    (size / (outputs(p) * outputs(2 * p)), into_output),
                ),
            ),
        ),
        world=world,
        assumptions=(no_dead_neuron(world),),
        note="Any p > 0 and its double, so p = 1, 2, 4, …; that S^(p) does not fall between "
        "other pairs needs the convexity of powers, which the rules do not have.",
        code="pruneproof.reference.scores.lp",
    )


def no_weight_exceeds_a_norm_of_its_neuron() -> Claim:
    """|W_jm| ≤ ‖W_j:‖_p for every m, hence ‖·‖_∞ ≤ ‖·‖_p."""
    extra = Sum((1 - KroneckerDelta(v, k)) ** 2 * Abs(W[j, v]) ** p, (v, 1, c))
    return Claim(
        id="no_weight_exceeds_a_norm_of_its_neuron",
        locus=BEYOND,
        form="beyond",
        title="|W_jk| ≤ ‖W_j:‖_p for every output k and p > 0, so the ℓ∞ norm is the least.",
        statements=(AtMost(Abs(W[j, k]), input_norm(j, p), extra=extra, power=p),),
        world=WEIGHTS.having(scalars={p: ORDERS}),
        note="With the largest weight of each line, S^(p) ≤ S^(∞).",
        code="pruneproof.reference.norms",
    )


CLAIMS = (doubling_p_lowers_no_score(), no_weight_exceeds_a_norm_of_its_neuron())
