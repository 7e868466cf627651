"""What the bands can tell apart: the numbers of one table that lie outside each other's bands."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from pruneproof.integration.bands.band import Band
from pruneproof.integration.bands.bands import every_band
from pruneproof.integration.paper_tables import Cell


@dataclass(frozen=True)
class Resolution:
    """Pairs of different numbers in a table that belong to one model and task.

    Attributes:
        table: its number.
        told: pairs in which each number lies outside the other's band.
        half_told: pairs in which only one does.
        not_told: pairs that no measurement could tell apart by these bands.
    """

    table: int
    told: tuple[tuple[Cell, Cell], ...]
    half_told: tuple[tuple[Cell, Cell], ...]
    not_told: tuple[tuple[Cell, Cell], ...]

    @property
    def pairs(self) -> int:
        """How many there are."""
        return len(self.told) + len(self.half_told) + len(self.not_told)


def resolution(table: int) -> Resolution:
    """What the bands of a table can tell apart."""
    found: list[list[tuple[Cell, Cell]]] = [[], [], []]
    for first, second in combinations(every_band(table), 2):
        if comparable(first.cell, second.cell):
            outside = _outside(first, second.cell) + _outside(second, first.cell)
            found[2 - outside].append((first.cell, second.cell))
    return Resolution(table, *map(tuple, found))


def comparable(first: Cell, second: Cell) -> bool:
    """Whether two cells are of one model and task and print different numbers."""
    return (first.model, first.task) == (second.model, second.task) and first.value != second.value


def _outside(band: Band, cell: Cell) -> bool:
    return band.place(float(cell.value)) != "inside"
