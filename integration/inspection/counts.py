"""How many weights of each output, or of the layer, are zero, and by which rounding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor

CONVENTIONS: dict[str, Callable[[int, float], int]] = {
    "floor": lambda total, sparsity: int(total * sparsity),
    "round": lambda total, sparsity: round(total * sparsity),
    "ceil": lambda total, sparsity: ceil(total * sparsity),
    "one_more": lambda total, sparsity: floor(total * sparsity) + 1,
}
"""In the order in which one is named where several are right. `one_more` is what comes of `<=` with
the score at that place as threshold."""
DIGITS = 4
"""Decimals of a sparsity that somebody might have chosen."""


@dataclass(frozen=True)
class Counted:
    """Zeros of a group of weights: an output's, or a layer's.

    Attributes:
        group: `output` or `layer`.
        total: how many weights there are in each.
        zeros: how many of them are zero.
    """

    group: str
    total: int
    zeros: int


@dataclass(frozen=True)
class Convention:
    """A rounding, and the sparsity of which it makes the numbers that are there."""

    name: str
    sparsity: float


def convention_of(groups: Sequence[Counted], sparsity: float) -> Convention | None:
    """The first rounding of a sparsity that gives all counts."""
    for name, rule in CONVENTIONS.items():
        if groups and all(rule(each.total, sparsity) == each.zeros for each in groups):
            return Convention(name, sparsity)
    return None


def common(groups: Sequence[Counted]) -> Convention | None:
    """The rounding of one sparsity that gives all counts: the sparsity of the fewest decimals.

    Nothing is said where so many sparsities were tried that one is right by chance.
    """
    kinds = {(each.group, each.total, each.zeros) for each in groups}
    distinct = [Counted(*each) for each in sorted(kinds)]
    if not distinct or not all(0 < each.zeros < each.total for each in distinct):
        return None
    widest = max(distinct, key=lambda each: each.total)
    for digits in range(1, DIGITS + 1):
        unit = 10**digits
        lowest = max(1, floor((widest.zeros - 1) / widest.total * unit))
        highest = min(unit - 1, ceil((widest.zeros + 1) / widest.total * unit))
        for name, rule in CONVENTIONS.items():
            for tenth in range(lowest, highest + 1):
                sparsity = tenth / unit
                if all(rule(each.total, sparsity) == each.zeros for each in distinct):
                    return Convention(name, sparsity) if _is_told(groups, unit) else None
    return None


def _is_told(groups: Iterable[Counted], unit: int) -> bool:
    """Whether counts at random would hardly have been those of one of so many sparsities."""
    chance = 4.0 * unit
    for each in groups:
        chance /= each.total if each.group == "layer" else each.total**2
    return chance < 1e-2
