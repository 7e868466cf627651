"""All faults and variants."""

from pruneproof.properties.meta.faults import scores
from pruneproof.properties.meta.registry import FAULTS, VARIANTS

__all__ = ["FAULTS", "VARIANTS", "scores"]
