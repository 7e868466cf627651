"""Exact arithmetic, and an evaluator of statements that shares no code with their proofs."""

from pruneproof.symbolic.exact.evaluate import Environment, evaluate
from pruneproof.symbolic.exact.radical import NotExactError, Radical

__all__ = ["Environment", "NotExactError", "Radical", "evaluate"]
