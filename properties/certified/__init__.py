"""Exact numbers that carry certified error bounds, and what results are held against them."""

from pruneproof.properties.certified import constructions, objectives, scores

__all__ = ["constructions", "objectives", "scores"]
