"""OWanda: Corollary 3.3 and its row of Table 1, and how it relates to Wanda and magnitude.

Nothing is assumed of W and Y.
"""

from __future__ import annotations

from sympy import Abs

from pruneproof.symbolic import constructions, scores
from pruneproof.symbolic.claim import Claim, Equal
from pruneproof.symbolic.claims.single_removal import cost
from pruneproof.symbolic.claims.worlds import LAYER, times
from pruneproof.symbolic.notation import W, b, c, j, j2, k
from pruneproof.symbolic.transposition import transposed

CODE = "pruneproof.reference.scores.owanda"


def zero_inputs_recover_owanda() -> Claim:
    """Corollary 3.3: with X = 0 the cost of a weight is OWanda's score."""
    return Claim(
        id="zero_inputs_recover_owanda",
        locus="Corollary 3.3",
        form="as_printed",
        title="With X = 0, removing W_jk costs |W_jk|·‖Y_k:‖₂.",
        statements=(Equal(cost(constructions.owanda()), scores.owanda(j, k)),),
        world=LAYER,
        code=CODE,
    )


def owanda_row_has_owandas_score() -> Claim:
    """Table 1: 0 and Y."""
    return Claim(
        id="owanda_row_has_owandas_score",
        locus="Table 1, OWanda",
        form="as_printed",
        title="X = 0 and Y give the score |W_jk|·‖Y_k:‖₂.",
        statements=(Equal(constructions.owanda().score(j, k), scores.owanda(j, k)),),
        world=LAYER,
        note="The table prints the bars of |W_jk| as norm bars.",
        code="pruneproof.reference.constructions.owanda",
    )


def owanda_is_wanda_of_the_transposed_layer() -> Claim:
    """Wanda of Wᵀ with activations Yᵀ."""
    return Claim(
        id="owanda_is_wanda_of_the_transposed_layer",
        locus="Corollary 3.3",
        form="beyond",
        title="OWanda's score of W_jk is Wanda's score of the same weight in Wᵀ with inputs Yᵀ.",
        statements=(Equal(transposed(scores.wanda(k, j)), scores.owanda(j, k)),),
        world=LAYER,
        code=CODE,
    )


def owanda_orders_the_weights_of_one_output_like_magnitude() -> Claim:
    """One factor for all weights that enter an output."""
    one, other = scores.owanda(j, k), scores.owanda(j2, k)
    return Claim(
        id="owanda_orders_the_weights_of_one_output_like_magnitude",
        locus="Corollary 3.3",
        form="beyond",
        title="OWanda's scores of the weights that enter one output are proportional to |W|.",
        statements=(Equal(times(one, Abs(W[j2, k])), times(other, Abs(W[j, k]))),),
        world=LAYER.having(indices={j: b, j2: b, k: c}),
        note="So with the usual groups, one per output, OWanda prunes what magnitude prunes: Y "
        "matters only when the whole layer is one group.",
        code=CODE,
    )


CLAIMS = (
    zero_inputs_recover_owanda(),
    owanda_row_has_owandas_score(),
    owanda_is_wanda_of_the_transposed_layer(),
    owanda_orders_the_weights_of_one_output_like_magnitude(),
)
