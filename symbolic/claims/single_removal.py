r"""What it costs to remove one weight: Lemma 3.1 and Appendix B.

.. math:: g(\widetilde W) = \lVert X(\widetilde W - W)\rVert_F + \lVert(\widetilde W - W)Y\rVert_F

With a single entry set to zero, Δ = W̃ − W is −W_jk at (j, k) and zero elsewhere.
"""

from __future__ import annotations

from sympy import KroneckerDelta, Sum

from pruneproof.symbolic import scores
from pruneproof.symbolic.claim import Claim, Equal
from pruneproof.symbolic.notation import W, X, Y, a, b, c, d, frobenius, i, j, k, u, v, w
from pruneproof.symbolic.world import REAL, World

WORLD = World(
    indices={j: b, k: c},
    arrays={W: ((b, c), REAL), X: ((a, b), REAL), Y: ((c, d), REAL)},
)


def removal(row, column):
    """Δ: minus the weight at (j, k), zero elsewhere."""
    return -W[j, k] * KroneckerDelta(row, j) * KroneckerDelta(column, k)


def input_term():
    """‖XΔ‖_F."""
    return frobenius(
        lambda row, column: Sum(X[row, u] * removal(u, column), (u, 1, b)), (i, a), (v, c)
    )


def output_term():
    """‖ΔY‖_F."""
    return frobenius(
        lambda row, column: Sum(removal(row, v) * Y[v, column], (v, 1, c)), (u, b), (w, d)
    )


def removing_one_weight_costs_its_score() -> Claim:
    """Lemma 3.1: g is the score of the weight that is removed."""
    return Claim(
        id="removing_one_weight_costs_its_score",
        locus="Lemma 3.1",
        form="as_printed",
        title="Removing one weight costs g(W̃) = |W_jk|(‖X_:j‖₂ + ‖Y_k:‖₂).",
        statements=(Equal(input_term() + output_term(), scores.symwanda(j, k)),),
        world=WORLD,
        code="pruneproof.reference.scores.symwanda",
    )


CLAIMS = (removing_one_weight_costs_its_score(),)
