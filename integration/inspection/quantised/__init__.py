"""Weights that several tensors of a file make: known layouts are read, others said or refused."""

from pruneproof.integration.inspection.quantised.files import Packed, PackedWeights
from pruneproof.integration.inspection.quantised.reading import SPARSE, packed_weights

__all__ = ["SPARSE", "Packed", "PackedWeights", "packed_weights"]
