"""The paper's statements proved in Rocq, for all sizes and over every real closed field.

`theories/` holds the definitions and proofs, `theorems.toml` says what each theorem states,
and `python -m pruneproof.symbolic.rocq` has Rocq check them all and records the outcome. The
record is what the ledger relies on: a theorem counts as proved only while the record's hash is
that of the sources.
"""

from pruneproof.symbolic.rocq.manifest import Theorem, theorems, theorems_of_claims
from pruneproof.symbolic.rocq.record import default_record, proved_theorems, record_is_current

__all__ = [
    "Theorem",
    "default_record",
    "proved_theorems",
    "record_is_current",
    "theorems",
    "theorems_of_claims",
]
