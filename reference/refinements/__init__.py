"""Refinements of a keep mask: weights are pruned and grown in pairs, without training."""

from pruneproof.reference.refinements.dsnot import dsnot
from pruneproof.reference.refinements.r2_dsnot import r2_dsnot

__all__ = ["dsnot", "r2_dsnot"]
