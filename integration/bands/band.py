"""A band: the limits between which a measured number agrees with a printed one, and why there."""

from __future__ import annotations

from dataclasses import dataclass

from pruneproof.integration.paper_tables import Cell


@dataclass(frozen=True)
class Reason:
    """One thing that may move a number.

    Attributes:
        cause: `rounding`, `trials`, `calibration`, `dtype`, `questions`, `contradiction` or
            `setting`.
        words: why, and what the width rests on.
        below: by how much the number may be lower.
        above: by how much it may be higher.
    """

    cause: str
    words: str
    below: float
    above: float


@dataclass(frozen=True)
class Band:
    """A printed number with everything that may move it.

    The widths of the reasons add up, since nothing says that they are independent.

    Attributes:
        cell: what is printed.
        reasons: what may move it.

    Example:
        >>> from pruneproof.integration.paper_tables import load
        >>> band = Band(load(2)[0], (Reason("rounding", "two digits", 0.005, 0.005),))
        >>> f"{band.low:.3f} {band.high:.3f}", band.place(5.474), band.place(5.6)
        ('5.465 5.475', 'inside', 'above')
    """

    cell: Cell
    reasons: tuple[Reason, ...]

    @property
    def low(self) -> float:
        """The lower limit."""
        return float(self.cell.value) - sum(reason.below for reason in self.reasons)

    @property
    def high(self) -> float:
        """The upper limit."""
        return float(self.cell.value) + sum(reason.above for reason in self.reasons)

    def place(self, measured: float) -> str:
        """Where a measured number lies: `inside`, `below`, `above`, or `not a number`."""
        if measured != measured:
            return "not a number"
        if self.low <= measured <= self.high:
            return "inside"
        return "below" if measured < self.low else "above"
