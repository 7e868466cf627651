"""What a check returns: how much it asked, and where the printed numbers fail it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pruneproof.integration.paper_tables import Cell

CONTRADICTED = "contradicted"
"""No rounding explains it: a number or a sentence is wrong."""
DOUBTFUL = "doubtful"
"""Possible, but only under something that the paper does not say."""


@dataclass(frozen=True)
class Finding:
    """One place where the printed numbers do not fit.

    Attributes:
        locus: the place in the paper.
        printed: what stands there.
        computed: what the cells give.
        severity: `high` where a conclusion of the paper falls, `medium` where it weakens, `low`
            where a number or a name is off.
        cells: ids of the cells involved.
        cases: each failing comparison, where `computed` only counts them.
        ocr_suspect: nothing would be left without cells that may be scanning artefacts.
        verdict: `contradicted` or `doubtful`.
        remark: what would explain it.
    """

    locus: str
    printed: str
    computed: str
    severity: str
    cells: tuple[str, ...]
    cases: tuple[str, ...] = ()
    ocr_suspect: bool = False
    verdict: str = CONTRADICTED
    remark: str = ""

    def computed_with(self, most: int | None = None) -> str:
        """What the cells give, followed by the failing comparisons, or the first of them."""
        shown = "; ".join(self.cases[:most])
        more = len(self.cases[most:]) if most is not None else 0
        rest = f"; and {more} more" if more else ""
        return f"{self.computed}: {shown}{rest}" if shown else self.computed


@dataclass(frozen=True)
class Result:
    """What one check found.

    Attributes:
        locus: the place in the paper that makes the statement.
        asked: the number of comparisons made.
        computed: what they gave.
        findings: where the statement fails.
    """

    locus: str
    asked: int
    computed: str
    findings: tuple[Finding, ...] = ()


def ids(cells: Iterable[Cell]) -> tuple[str, ...]:
    """The ids of cells, each once, in order."""
    return tuple(dict.fromkeys(cell.id for cell in cells))


def suspicion(cells: Iterable[Cell]) -> str:
    """Why some of the cells may be scanning artefacts; empty when none is suspected."""
    return "; ".join(f"{cell.printed}: {cell.ocr_suspect}" for cell in cells if cell.ocr_suspect)
