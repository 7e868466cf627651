"""STADE, beyond the paper: Lemma 3.1 with centred inputs, and what centring stands for.

Nothing is assumed of W and X.
"""

from __future__ import annotations

from sympy import IndexedBase, Sum

from pruneproof.symbolic import constructions, scores
from pruneproof.symbolic.claim import Claim, Equal
from pruneproof.symbolic.claims.single_removal import cost
from pruneproof.symbolic.claims.worlds import LAYER
from pruneproof.symbolic.notation import W, X, a, b, centred_norm, column_norm, i, j, k, mean
from pruneproof.symbolic.transposition import with_entries
from pruneproof.symbolic.world import REAL

BETA = IndexedBase("beta", real=True)
"""What the bias of an output is changed by, β_k."""
V = IndexedBase("V", real=True)
LOCUS = "beyond the paper"
CODE = "pruneproof.reference.scores.stade"


def centred_inputs_recover_stade() -> Claim:
    """Corollary 3.2 with X less its means."""
    return Claim(
        id="centred_inputs_recover_stade",
        locus=LOCUS,
        form="beyond",
        title="With Y = 0 and the mean of each input taken off, removing W_jk costs "
        "|W_jk|·‖X_:j − μ_j‖₂.",
        statements=(
            Equal(cost(constructions.stade()), scores.stade(j, k)),
            Equal(constructions.stade().score(j, k), scores.stade(j, k)),
        ),
        world=LAYER,
        code="pruneproof.reference.constructions.stade",
    )


def a_bias_that_takes_over_the_mean_leaves_stades_score() -> Claim:
    """Completing the square in β_k."""
    squared = Sum((X[i, j] * W[j, k] - BETA[k]) ** 2, (i, 1, a))
    world = LAYER.having(arrays={**LAYER.arrays, BETA: ((LAYER.indices[k],), REAL)})
    return Claim(
        id="a_bias_that_takes_over_the_mean_leaves_stades_score",
        locus=LOCUS,
        form="beyond",
        title="Removing W_jk and adding β_k to the bias costs S_jk² + a(W_jk·μ_j − β_k)², where S "
        "is STADE's score.",
        statements=(
            Equal(squared, scores.stade(j, k) ** 2 + a * (W[j, k] * mean(j) - BETA[k]) ** 2),
        ),
        world=world,
        note="So β_k = W_jk·μ_j is the best bias, and the score is what then remains. Without one "
        "(β_k = 0) Wanda's score is what removal costs.",
        code=CODE,
    )


def stade_does_not_see_a_shift_of_the_inputs() -> Claim:
    """A constant added to each input feature in all tokens."""
    shifted = with_entries(scores.stade(j, k), {X: lambda row, column: X[row, column] + V[column]})
    world = LAYER.having(arrays={**LAYER.arrays, V: ((b,), REAL)})
    return Claim(
        id="stade_does_not_see_a_shift_of_the_inputs",
        locus=LOCUS,
        form="beyond",
        title="STADE's score is the same for X and for X with v_j added to each input in all "
        "tokens.",
        statements=(Equal(shifted, scores.stade(j, k)),),
        world=world,
        code=CODE,
    )


def the_centred_norm_is_a_difference_of_squares() -> Claim:
    """Steiner's theorem."""
    return Claim(
        id="the_centred_norm_is_a_difference_of_squares",
        locus=LOCUS,
        form="beyond",
        title="‖X_:j − μ_j‖₂² = ‖X_:j‖₂² − a·μ_j².",
        statements=(Equal(centred_norm(j) ** 2, column_norm(j) ** 2 - a * mean(j) ** 2),),
        world=LAYER,
        note="So STADE's score is at most Wanda's. In floating point the difference cancels where "
        "the mean is large, and the sum of squared deviations does not.",
        code="pruneproof.reference.statistics",
    )


CLAIMS = (
    centred_inputs_recover_stade(),
    a_bias_that_takes_over_the_mean_leaves_stades_score(),
    stade_does_not_see_a_shift_of_the_inputs(),
    the_centred_norm_is_a_difference_of_squares(),
)
