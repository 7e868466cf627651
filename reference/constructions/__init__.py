"""One construction a module: the X and Y for which Lemma 3.1 gives a score of this project.

Each returns (X, Y) in the accumulation dtype, with X of b columns and Y of c rows, such that
|W_jk| (‖X_:j‖₂ + ‖Y_k:‖₂) is the score. An input or output without a weight, whose norm would be
divided by, gets a column of X or a row of Y that is zero: its scores are 0 whatever stands there,
so every identity holds for matrices with zero rows and columns too.
"""

from pruneproof.reference.constructions.general_diagonal import general_diagonal
from pruneproof.reference.constructions.lp import lp_aligned, lp_unit_vectors
from pruneproof.reference.constructions.magnitude import magnitude
from pruneproof.reference.constructions.owanda import owanda
from pruneproof.reference.constructions.ri import ri_constant, ri_diagonal
from pruneproof.reference.constructions.ria import ria_pointwise
from pruneproof.reference.constructions.stade import stade
from pruneproof.reference.constructions.stochria import stochria_aligned, stochria_indicator
from pruneproof.reference.constructions.symmetric import symmetric
from pruneproof.reference.constructions.wanda import wanda

__all__ = [
    "general_diagonal",
    "lp_aligned",
    "lp_unit_vectors",
    "magnitude",
    "owanda",
    "ri_constant",
    "ri_diagonal",
    "ria_pointwise",
    "stade",
    "stochria_aligned",
    "stochria_indicator",
    "symmetric",
    "wanda",
]
