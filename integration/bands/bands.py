"""The band of every cell."""

from __future__ import annotations

from functools import cache

from pruneproof.integration.bands.accuracy import accuracy_band
from pruneproof.integration.bands.band import Band
from pruneproof.integration.bands.perplexity import perplexity_band
from pruneproof.integration.paper_tables import TABLES, Cell, load


def band(cell: Cell) -> Band:
    """The limits between which a measured number agrees with a cell.

    They hold for every reading of what the paper leaves open (see `interpretations`): which of
    the readings a measured number falls inside for says which of them it supports.

    Example:
        >>> found = band(load(2)[12])
        >>> f"{found.cell.id}: {found.low:.2f} to {found.high:.2f}"
        'T2/ria 50%/LLaMA2-7b: 6.82 to 6.94'
    """
    return perplexity_band(cell) if cell.metric == "perplexity" else accuracy_band(cell)


@cache
def every_band(table: int | None = None) -> tuple[Band, ...]:
    """The bands of one table, or of all."""
    tables = TABLES if table is None else (table,)
    return tuple(band(cell) for number in tables for cell in load(number))
