"""The prover: named rewriting rules for sums of symbolic length, and a normal form."""

from pruneproof.symbolic.rewriting.definedness import is_defined
from pruneproof.symbolic.rewriting.derive import Step, derive
from pruneproof.symbolic.rewriting.multiply_out import multiply_out
from pruneproof.symbolic.rewriting.positivity import is_nonnegative, is_positive
from pruneproof.symbolic.rewriting.zero import is_zero

__all__ = [
    "Step",
    "derive",
    "is_defined",
    "is_nonnegative",
    "is_positive",
    "is_zero",
    "multiply_out",
]
