"""One thing that the doctor looked at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What a look came to.

    `note` is worth knowing and harmless by itself; `unknown` says that nothing is there to compare
    with.
    """

    HEALTHY = "healthy"
    NOTE = "note"
    UNKNOWN = "unknown"
    OFF = "off"


@dataclass(frozen=True)
class Finding:
    """What was measured, and what it means.

    Attributes:
        check: what was looked at.
        verdict: what it came to.
        measured: what is there.
        expected: what should be.
        basis: what the expectation rests on.
        cause: the likely cause, where something is off or worth a note.
        advice: what to do about it.
    """

    check: str
    verdict: Verdict
    measured: str
    expected: str = ""
    basis: str = ""
    cause: str = ""
    advice: str = ""
