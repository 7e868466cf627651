"""What came of a cell: each reading's number against the band."""

from __future__ import annotations

from collections.abc import Mapping

from pruneproof.integration.bands.bands import band
from pruneproof.integration.bands.outcome import Outcome, Reading
from pruneproof.integration.experiments import Entry
from pruneproof.integration.paper_tables import Cell
from pruneproof.integration.recipe.texts import Texts
from pruneproof.integration.regression.accuracies import digest_of_accuracies
from pruneproof.integration.regression.readings import experiments


def outcome(cell: Cell, results: Mapping[str, Entry], data: Texts, dtype: str) -> Outcome:
    """What a ledger's results say of a cell."""
    limits = band(cell)
    readings = []
    for interpretation, experiment in experiments(cell, data, dtype):
        measured = _measured(cell, experiment.digest, results)
        if measured is not None:
            readings.append(Reading(interpretation, measured, limits.place(measured)))
    return Outcome(limits, tuple(readings))


def _measured(cell: Cell, digest: str, results: Mapping[str, Entry]) -> float | None:
    if cell.metric == "accuracy":
        entry = results.get(digest_of_accuracies(digest))
        return None if entry is None else float(entry["accuracies"][cell.task])
    entry = results.get(digest)
    # Infinity is a word in JSON.
    return None if entry is None else float(entry["perplexity"])
