"""All properties, in the order of the report. Importing this file enters them."""

from pruneproof.properties.gate.checks import scores
from pruneproof.properties.gate.property import CATALOGUE

__all__ = ["CATALOGUE", "scores"]
