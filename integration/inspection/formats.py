"""What each storage format makes of zeros, as measured: see `docs/formats.md`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("formats.toml")


@dataclass(frozen=True)
class Format:
    """What becomes of a weight in one storage format, half of which was pruned.

    Attributes:
        name: as `storage` has it.
        zeros_stay: whether 0.0 comes back as 0.0.
        lost: share of the zeros that come back as another number.
        size: mean size of those, relative to the mean kept weight.
        measured_with: library and version.
        dense_zeros: share of the weights of a dense one that become 0; None where not measured.
    """

    name: str
    zeros_stay: bool
    lost: float
    size: float
    measured_with: str
    dense_zeros: float | None = None


@cache
def formats() -> dict[str, Format]:
    """All that were measured, by name."""
    data = tomllib.loads(FILE.read_text("utf-8"))
    return {each["name"]: Format(**each) for each in data["format"]}


def storage_format(storage: str) -> Format | None:
    """What is known of a tensor's storage; None for plain numbers and what was not measured."""
    return formats().get(storage)
