"""Measured numbers against a band, and what they say of its cell."""

from __future__ import annotations

from dataclasses import dataclass

from pruneproof.integration.bands.band import Band
from pruneproof.integration.bands.settings import Interpretation, interpretations


@dataclass(frozen=True)
class Reading:
    """One reading of a cell, measured.

    Attributes:
        interpretation: which reading.
        measured: the number.
        place: where it lies, see `Band.place`.
    """

    interpretation: Interpretation
    measured: float
    place: str


@dataclass(frozen=True)
class Outcome:
    """A cell with the readings that were measured.

    Attributes:
        band: of the cell.
        readings: in the order of `interpretations`; those that were not measured are left out.
    """

    band: Band
    readings: tuple[Reading, ...]

    @property
    def supported(self) -> tuple[Reading, ...]:
        """The readings whose number agrees with the printed one."""
        return tuple(reading for reading in self.readings if reading.place == "inside")

    @property
    def verdict(self) -> str:
        """In words: what the measured numbers say of the cell."""
        if not self.readings:
            return "not measured"
        asked = len(interpretations(self.band.cell))
        names = " and ".join(str(reading.interpretation) for reading in self.supported)
        if not self.supported:
            rest = "" if len(self.readings) == asked else " so far"
            return f"disagrees{rest}"
        if asked == 1:
            return "agrees"
        left = asked - len(self.readings)
        return f"agrees {names}" + (f" ({left} of {asked} readings not measured)" if left else "")

    def __str__(self) -> str:
        cell = self.band.cell
        limits = (
            f"{cell.id}: printed {cell.printed}, band {self.band.low:.4g} – {self.band.high:.4g}"
        )
        shown = [
            f"{reading.measured:.4g} {reading.interpretation} ({reading.place})"
            for reading in self.readings
        ]
        why = "; ".join(f"{each.cause}: {each.words}" for each in self.band.reasons)
        return f"{limits}; measured {', '.join(shown) or 'nothing'}. The band: {why}"
