"""One score a module: how much it costs, or is thought to cost, to remove each weight."""

from pruneproof.reference.scores.general_diagonal import general_diagonal
from pruneproof.reference.scores.lp import lp
from pruneproof.reference.scores.magnitude import magnitude
from pruneproof.reference.scores.owanda import owanda
from pruneproof.reference.scores.ri import ri
from pruneproof.reference.scores.ria import ria
from pruneproof.reference.scores.stade import stade
from pruneproof.reference.scores.stochria import stochria
from pruneproof.reference.scores.stochria_sampling import Samples, sampled_entries
from pruneproof.reference.scores.symmetric import symmetric
from pruneproof.reference.scores.symmetric_squared import symmetric_squared
from pruneproof.reference.scores.symwanda import symwanda
from pruneproof.reference.scores.symwanda_squared import symwanda_squared
from pruneproof.reference.scores.wanda import wanda

__all__ = [
    "Samples",
    "general_diagonal",
    "lp",
    "magnitude",
    "owanda",
    "ri",
    "ria",
    "sampled_entries",
    "stade",
    "stochria",
    "symmetric",
    "symmetric_squared",
    "symwanda",
    "symwanda_squared",
    "wanda",
]
