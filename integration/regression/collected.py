"""A ledger read against the paper: every table's outcomes, and what was run where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pruneproof.integration.bands.outcome import Outcome
from pruneproof.integration.bands.settings import interpretations
from pruneproof.integration.experiments import Entry, Ledger
from pruneproof.integration.paper_tables import TABLES, load
from pruneproof.integration.recipe.texts import Texts
from pruneproof.integration.regression.of_ledger import outcome
from pruneproof.integration.regression.statements import Answer, answers


@dataclass(frozen=True)
class Collected:
    """What a ledger holds about the paper's cells.

    Attributes:
        data: what the numbers were calibrated and evaluated with.
        dtype: of the models.
        outcomes: of every cell, measured or not.
        answers: to the text's statements about order.
        entries: how many of the ledger's results were used.
        other: how many were left aside: of other data or another dtype, or of no cell.
        machines: what was run where, by how many results.
    """

    data: Texts
    dtype: str
    outcomes: tuple[Outcome, ...]
    answers: tuple[Answer, ...]
    entries: int
    other: int
    machines: tuple[tuple[str, int], ...]

    def table(self, number: int) -> list[Outcome]:
        """The outcomes of one table."""
        return [each for each in self.outcomes if each.band.cell.table == number]

    @property
    def measured(self) -> list[Outcome]:
        """The outcomes of cells that were measured."""
        return [each for each in self.outcomes if each.readings]

    @property
    def agreeing(self) -> list[Outcome]:
        """Those of which some reading agrees."""
        return [each for each in self.outcomes if each.supported]

    @property
    def decided(self) -> Counter[str]:
        """Of the cells with all readings measured, how many support which readings."""
        return Counter(
            " and ".join(sorted(str(each.interpretation) for each in outcome.supported)) or "none"
            for outcome in self.measured
            if len(outcome.readings) == len(interpretations(outcome.band.cell)) > 1
        )


def collect(path: Path) -> Collected:
    """Read a ledger against the paper.

    Of results under several conditions, those of the commonest are taken.

    Raises:
        ValueError: the ledger holds no result, or a line that is none.
    """
    results = Ledger(path).results()
    if not results:
        raise ValueError(f"{path}: holds no result")
    conditions = Counter(_conditions(entry) for entry in results.values())
    (data, dtype), _ = conditions.most_common(1)[0]
    used = {name: each for name, each in results.items() if _conditions(each) == (data, dtype)}
    outcomes = tuple(outcome(cell, used, data, dtype) for table in TABLES for cell in load(table))
    machines = Counter(_where(entry) for entry in used.values())
    return Collected(
        data=data,
        dtype=dtype,
        outcomes=outcomes,
        answers=tuple(answers(outcomes)),
        entries=len(used),
        other=len(results) - len(used),
        machines=tuple(machines.most_common()),
    )


def _conditions(entry: Entry) -> tuple[Texts, str]:
    return Texts(**entry["data"]), entry["dtype"]


def _where(entry: Mapping[str, Any]) -> str:
    return str(entry.get("machine", "machine not recorded"))
