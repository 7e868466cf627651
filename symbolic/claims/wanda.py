"""Wanda: Corollary 3.2 and its row of Table 1, and two things that follow from the formula.

Nothing is assumed of W and X; the invariance needs non-zero factors.
"""

from __future__ import annotations

from sympy import Abs, IndexedBase

from pruneproof.symbolic import constructions, scores
from pruneproof.symbolic.claim import Assumption, Claim, Equal
from pruneproof.symbolic.claims.single_removal import cost
from pruneproof.symbolic.claims.worlds import LAYER, times
from pruneproof.symbolic.notation import W, X, b, c, column_norm, j, k, k2
from pruneproof.symbolic.transposition import with_entries
from pruneproof.symbolic.world import NONZERO, REAL

D = IndexedBase("D", real=True)
CODE = "pruneproof.reference.scores.wanda"


def zero_outputs_recover_wanda() -> Claim:
    """Corollary 3.2: with Y = 0 the cost of a weight is Wanda's score."""
    return Claim(
        id="zero_outputs_recover_wanda",
        locus="Corollary 3.2",
        form="as_printed",
        title="With Y = 0, removing W_jk costs |W_jk|·‖X_:j‖₂.",
        statements=(Equal(cost(constructions.wanda()), scores.wanda(j, k)),),
        world=LAYER,
        code=CODE,
    )


def wanda_row_has_wandas_score() -> Claim:
    """Table 1: X and 0."""
    return Claim(
        id="wanda_row_has_wandas_score",
        locus="Table 1, Wanda",
        form="as_printed",
        title="X and Y = 0 give the score |W_jk|·‖X_:j‖₂.",
        statements=(Equal(constructions.wanda().score(j, k), scores.wanda(j, k)),),
        world=LAYER,
        note="The table prints the bars of |W_jk| as norm bars.",
        code="pruneproof.reference.constructions.wanda",
    )


def wanda_orders_the_weights_of_one_input_like_magnitude() -> Claim:
    """One factor for all weights that leave an input."""
    one, other = scores.wanda(j, k), scores.wanda(j, k2)
    return Claim(
        id="wanda_orders_the_weights_of_one_input_like_magnitude",
        locus="Corollary 3.2",
        form="beyond",
        title="Wanda's scores of the weights that leave one input are proportional to |W|.",
        statements=(Equal(times(one, Abs(W[j, k2])), times(other, Abs(W[j, k]))),),
        world=LAYER.having(indices={j: b, k: c, k2: c}),
        note="So Wanda with one group per input prunes what magnitude prunes, whatever X is.",
        code=CODE,
    )


def wanda_is_invariant_under_rescaled_inputs() -> Claim:
    """W → D⁻¹W and X → XD leave the layer and Wanda's score as they are."""
    rescaled = with_entries(
        scores.wanda(j, k),
        {
            W: lambda row, column: W[row, column] / D[row],
            X: lambda row, column: X[row, column] * D[column],
        },
    )
    world = LAYER.having(arrays={W: ((b, c), REAL), X: LAYER.arrays[X], D: ((b,), NONZERO)})
    return Claim(
        id="wanda_is_invariant_under_rescaled_inputs",
        locus="Corollary 3.2",
        form="beyond",
        title="Wanda's score of (D⁻¹W, XD) is that of (W, X), for any diagonal D without zeros.",
        statements=(Equal(rescaled, Abs(W[j, k]) * column_norm(j)),),
        world=world,
        assumptions=(Assumption("D has no zero on its diagonal", world.with_kind(D, REAL)),),
        code=CODE,
    )


CLAIMS = (
    zero_outputs_recover_wanda(),
    wanda_row_has_wandas_score(),
    wanda_orders_the_weights_of_one_input_like_magnitude(),
    wanda_is_invariant_under_rescaled_inputs(),
)
