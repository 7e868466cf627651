"""Every score, objective, construction, mask rule and mask refinement, in plain torch.

The constructions, some of which bear the name of their score, stay in
:mod:`pruneproof.reference.constructions`.
"""

from pruneproof.reference import constructions
from pruneproof.reference.masks import keep_mask, keep_n_of_m
from pruneproof.reference.norms import (
    activation_norms,
    input_norms,
    output_activation_norms,
    output_norms,
)
from pruneproof.reference.objectives import (
    gram,
    input_reconstruction,
    removal_cost,
    squared_objective,
    symmetric_objective,
)
from pruneproof.reference.refinements import dsnot, r2_dsnot
from pruneproof.reference.scores import (
    Samples,
    general_diagonal,
    lp,
    magnitude,
    owanda,
    ri,
    ria,
    sampled_entries,
    stade,
    stochria,
    symmetric,
    symmetric_squared,
    symwanda,
    symwanda_squared,
    wanda,
)
from pruneproof.reference.statistics import ActivationStatistics, centred_activation_norms

__all__ = [
    "ActivationStatistics",
    "Samples",
    "activation_norms",
    "centred_activation_norms",
    "constructions",
    "dsnot",
    "general_diagonal",
    "gram",
    "input_norms",
    "input_reconstruction",
    "keep_mask",
    "keep_n_of_m",
    "lp",
    "magnitude",
    "output_activation_norms",
    "output_norms",
    "owanda",
    "r2_dsnot",
    "removal_cost",
    "ri",
    "ria",
    "sampled_entries",
    "squared_objective",
    "stade",
    "stochria",
    "symmetric",
    "symmetric_objective",
    "symmetric_squared",
    "symwanda",
    "symwanda_squared",
    "wanda",
]
