"""All properties, in the order of the report. Importing this file enters them."""

from pruneproof.properties.gate.checks import (
    conventions,
    larger,
    masks,
    n_m,
    refinements,
    refinements_sparse,
    score_constructions,
    score_edges,
    score_importance,
    score_reductions,
    score_relations,
    scores,
    statistics,
    stochria,
)
from pruneproof.properties.gate.property import ENTERED, Property

_KINDS = ("score", "stochria", "mask", "n_m", "statistics", "refine", "conventions")


def _place(prop: Property) -> tuple[int, bool]:
    kind, what = prop.id.split(".")
    return _KINDS.index(kind), what not in ("value", "count")


CATALOGUE = {prop.id: prop for prop in sorted(ENTERED.values(), key=_place)}

__all__ = [
    "CATALOGUE",
    "conventions",
    "larger",
    "masks",
    "n_m",
    "refinements",
    "refinements_sparse",
    "score_constructions",
    "score_edges",
    "score_importance",
    "score_reductions",
    "score_relations",
    "scores",
    "statistics",
    "stochria",
]
