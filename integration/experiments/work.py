"""Working through a list of experiments, which can be stopped at any time and goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from pruneproof.integration.experiments.experiment import Experiment
from pruneproof.integration.experiments.ledger import Entry, Ledger


class Measures(Protocol):
    """What can measure an experiment, as a `Runner` does."""

    def measure(self, experiment: Experiment) -> Entry:
        """What came of it."""
        ...


def work_through(
    experiments: Iterable[Experiment],
    ledger: Ledger,
    runner: Measures,
    tell: Callable[[Experiment, Entry], None] = lambda _, __: None,
) -> None:
    """Measure, in order, every experiment that the ledger does not hold yet.

    Args:
        experiments: of the runner's model.
        ledger: is read again before each, since other processes may append to it.
        runner: measures.
        tell: is given each new entry.
    """
    for experiment in experiments:
        if experiment.digest not in ledger.results():
            measured = runner.measure(experiment)
            entry = {"digest": experiment.digest, **experiment.record(), **measured}
            ledger.append(entry)
            tell(experiment, entry)
