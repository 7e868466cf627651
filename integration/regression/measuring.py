"""Measuring a cell: its readings in turn, each from the ledger if it is there."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from pruneproof.integration.bands.outcome import Outcome
from pruneproof.integration.bands.settings import PAPER
from pruneproof.integration.experiments import Entry, Experiment, Ledger, work_through
from pruneproof.integration.paper_tables import Cell
from pruneproof.integration.recipe.texts import Texts
from pruneproof.integration.regression.accuracies import (
    ZeroShot,
    digest_of_accuracies,
    measure_accuracies,
)
from pruneproof.integration.regression.models import Models, UnavailableError
from pruneproof.integration.regression.of_ledger import outcome
from pruneproof.integration.regression.readings import DTYPE, experiments


def harness(model: Any, tokenizer: Any) -> dict[str, float]:
    """What lm-eval measures, in %."""
    # Slow to import, and in an extra.
    from pruneproof.integration.zero_shot import zero_shot

    return {task: 100 * right for task, right in zero_shot(model, tokenizer).items()}


@dataclass
class Bench:
    """Where cells are measured.

    Attributes:
        ledger: of what was measured.
        models: that it is measured on.
        data: for calibration and perplexity.
        dtype: of the models.
        every_reading: measure all readings of a cell, even when an earlier one agrees.
        zero_shot: asks a model the tasks of Table 6.
    """

    ledger: Ledger
    models: Models
    data: Texts = PAPER
    dtype: str = DTYPE
    every_reading: bool = False
    zero_shot: ZeroShot = harness

    def check(self, cell: Cell) -> Outcome:
        """Measure what the ledger lacks of a cell.

        Returns:
            The cell's outcome; unless `every_reading`, readings after one that agrees may be
            missing from it.

        Raises:
            UnavailableError: see `Models`; or lm-eval is missing.
            UnfitError: see `Models`.
        """
        for _, experiment in experiments(cell, self.data, self.dtype):
            if self._outcome(cell).supported and not self.every_reading:
                break
            if cell.metric == "accuracy":
                self._ask(experiment)
            else:
                work_through([experiment], self.ledger, self.models)
        return self._outcome(cell)

    def _outcome(self, cell: Cell) -> Outcome:
        return outcome(cell, self.ledger.results(), self.data, self.dtype)

    def _ask(self, experiment: Experiment) -> None:
        if digest_of_accuracies(experiment.digest) not in self.ledger.results():
            if self.zero_shot is harness and find_spec("lm_eval") is None:
                # Before hours are spent on the mask.
                raise UnavailableError(
                    "Table 6 needs lm-eval: python -m pip install 'pruneproof[zeroshot]'"
                )
            runner = self.models.runner(experiment)
            entry: Entry = measure_accuracies(runner, experiment, self.zero_shot)
            self.ledger.append(entry)
