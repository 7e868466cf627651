"""All properties, in the order of the report. Importing this file enters them."""

from pruneproof.properties.gate.checks import (
    conventions,
    masks,
    n_m,
    refinements,
    score_constructions,
    score_edges,
    score_importance,
    score_reductions,
    score_relations,
    scores,
    statistics,
    stochria,
)
from pruneproof.properties.gate.property import CATALOGUE

__all__ = [
    "CATALOGUE",
    "conventions",
    "masks",
    "n_m",
    "refinements",
    "score_constructions",
    "score_edges",
    "score_importance",
    "score_reductions",
    "score_relations",
    "scores",
    "statistics",
    "stochria",
]
