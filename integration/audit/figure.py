"""Figures that the paper states and that its cells let one recompute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from pruneproof.integration.audit.finding import Finding, Result, ids, suspicion
from pruneproof.integration.paper_tables import Cell


@dataclass(frozen=True)
class Figure:
    """A stated figure and its value by the cells.

    Attributes:
        locus: where it stands.
        stated: the figure, as printed.
        computed: by the cells, exactly.
        slack: how far the two may lie apart when all that differs is rounding.
        cells: what it was computed from.
    """

    locus: str
    stated: str
    computed: Decimal
    slack: Decimal
    cells: tuple[Cell, ...]

    @property
    def agrees(self) -> bool:
        """Whether rounding can explain the difference."""
        return abs(Decimal(self.stated) - self.computed) <= self.slack

    @property
    def shown(self) -> str:
        """The computed value, as finely as the cells or the figure are printed."""
        finest = min(
            int(Decimal(text).as_tuple().exponent) for text in (self.stated, self.cells[0].printed)
        )
        sign = "+" if self.stated.startswith("+") else ""
        return f"{self.computed.quantize(Decimal((0, (1,), finest))):{sign}}"


def figures(stated: Sequence[Figure], *, locus: str, severity: str) -> Result:
    """Judge that each figure is what the cells give, up to rounding."""
    wrong = [figure for figure in stated if not figure.agrees]
    findings = tuple(
        Finding(
            locus=figure.locus,
            printed=figure.stated,
            computed=figure.shown,
            severity=severity,
            cells=ids(figure.cells),
            ocr_suspect=bool(suspicion(figure.cells)),
            remark=suspicion(figure.cells),
        )
        for figure in wrong
    )
    return Result(locus, len(stated), f"{len(stated) - len(wrong)} agree", findings)
