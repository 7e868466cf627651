"""Other numbers that the paper gives for the same thing: a band has to hold them too."""

from __future__ import annotations

from decimal import Decimal
from functools import cache

from pruneproof.integration.audit.book import Book
from pruneproof.integration.audit.checks.arithmetic import row_of
from pruneproof.integration.audit.checks.repeated import setting
from pruneproof.integration.bands.band import Reason
from pruneproof.integration.paper_tables import Cell


@cache
def book() -> Book:
    """All printed cells."""
    return Book.printed()


def contradiction(cell: Cell) -> Reason | None:
    """A reason that reaches every other number which the paper gives for a cell."""
    others = alternatives(cell)
    if not others:
        return None
    value = float(cell.value)
    words = "; ".join(f"{number} ({where})" for where, number in others.items())
    numbers = [float(number) for number in others.values()]
    return Reason(
        "contradiction",
        f"the paper also gives {words}",
        max(0.0, value - min(numbers)),
        max(0.0, max(numbers) - value),
    )


def alternatives(cell: Cell) -> dict[str, Decimal]:
    """Other numbers for a cell, by where each comes from."""
    found = {
        other.id: other.value
        for other in book().cells
        if other.value != cell.value and (_same(cell, other) or _flagged(cell, other))
    }
    return found | _by_its_delta(cell) | _by_its_row(cell) | _by_its_twin(cell)


def _same(cell: Cell, other: Cell) -> bool:
    # The settings of Table 6 are not all printed, and of two merged rows one may be the other's.
    return cell.table != 6 and setting(cell) == setting(other)


def _flagged(cell: Cell, other: Cell) -> bool:
    """Whether the tables' flags say that the two cells should agree.

    A flag goes both ways between runs of one method. That StochRIA at β = 1 is not RIA speaks
    against StochRIA's number only, which is the one that its name belongs to.
    """
    if cell.table == 6 or cell.delta:
        return False
    mutual = cell.method == other.method and cell.id in other.contradicts
    return other.id in cell.contradicts or mutual


def _by_its_delta(cell: Cell) -> dict[str, Decimal]:
    """What the printed difference from RIA says, where it contradicts the cell."""
    if not (cell.delta and cell.contradicts):
        return {}
    (base,) = book().all(id=tuple(cell.contradicts))
    return {f"{base.id} less its delta {cell.delta}": base.value - Decimal(cell.delta)}


def _by_its_row(cell: Cell) -> dict[str, Decimal]:
    """The mean of a row of Table 6, where the printed one is another."""
    if not (cell.task == "mean" and cell.contradicts):
        return {}
    tasks = [each.value for each in row_of(book(), cell) if each.task != "mean"]
    mean = sum(tasks, Decimal(0)) / len(tasks)
    return {"the mean of its row": mean.quantize(Decimal("0.01"))}


def _by_its_twin(cell: Cell) -> dict[str, Decimal]:
    """The other number of two rows that the scan has merged."""
    if not any(word in cell.ocr_suspect for word in ("merged", "run into one")):
        return {}
    twins = book().all(table=6, model=cell.model, method=cell.method, task=cell.task)
    return {
        f"{twin.id}, merged with it by the scan": twin.value
        for twin in twins
        if twin.id != cell.id and twin.ocr_suspect and twin.refinement and twin.value != cell.value
    }
