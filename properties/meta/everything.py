"""All faults and variants."""

from pruneproof.properties.meta.faults import conventions as wrong_conventions
from pruneproof.properties.meta.faults import masks as wrong_masks
from pruneproof.properties.meta.faults import n_m as wrong_n_m
from pruneproof.properties.meta.faults import refinements as wrong_refinements
from pruneproof.properties.meta.faults import refusals, scores, stochria
from pruneproof.properties.meta.faults import statistics as wrong_statistics
from pruneproof.properties.meta.registry import FAULTS, VARIANTS
from pruneproof.properties.meta.variants import masks as other_masks
from pruneproof.properties.meta.variants import refinements as other_refinements
from pruneproof.properties.meta.variants import scores as other_scores
from pruneproof.properties.meta.variants import statistics as other_statistics

__all__ = [
    "FAULTS",
    "VARIANTS",
    "other_masks",
    "other_refinements",
    "other_scores",
    "other_statistics",
    "refusals",
    "scores",
    "stochria",
    "wrong_conventions",
    "wrong_masks",
    "wrong_n_m",
    "wrong_refinements",
    "wrong_statistics",
]
