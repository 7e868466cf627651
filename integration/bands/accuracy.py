r"""What may move a printed zero-shot accuracy.

The evaluation is deterministic: what differs from run to run is the mask, by its calibration, and
with it the answers to some of the questions. If the answers under two masks were independent, their
accuracies' difference would have the variance :math:`2p(1-p)/n`; those of two masks of one method,
correlated by at least a half, have no more than :math:`p(1-p)/n`, one binomial variance.
"""

from __future__ import annotations

import math

from pruneproof.integration.bands.alternatives import contradiction
from pruneproof.integration.bands.band import Band, Reason
from pruneproof.integration.bands.spread import QUANTILE
from pruneproof.integration.paper_tables import Cell, load

QUESTIONS = {
    "boolq": 3270,
    "rte": 277,
    "hellaswag": 10042,
    "winogrande": 1267,
    "arc_easy": 2376,
    "arc_challenge": 1172,
    "openbookqa": 500,
}
"""The sizes of the sets that the harness evaluates on."""
CLOSE = 0.01
"""The share of a dense model's questions that precision alone may decide: a guess, not measured."""


def accuracy_band(cell: Cell) -> Band:
    """The band of a cell that holds an accuracy in %."""
    half = float(cell.half_unit)
    found = (
        Reason("rounding", f"half a unit of the last digit of {cell.printed}", half, half),
        questions(cell),
        contradiction(cell),
    )
    return Band(cell, tuple(reason for reason in found if reason is not None))


def questions(cell: Cell) -> Reason:
    """How many answers may turn out otherwise."""
    tasks = QUESTIONS if cell.task == "mean" else {cell.task: QUESTIONS[cell.task]}
    variances = [variance(cell, task, count) for task, count in tasks.items()]
    deviation = math.sqrt(sum(variances)) / len(variances)
    if cell.method == "dense":
        words = f"nothing is pruned; precision may decide {CLOSE:.0%} of the questions (assumed)"
    else:
        words = "another mask answers some questions otherwise: one binomial deviation"
    asked = f"{QUESTIONS[cell.task]} questions" if cell.task != "mean" else "seven tasks"
    width = 100 * QUANTILE * deviation
    return Reason("questions", f"{words}, × {QUANTILE}, of {asked}", width, width)


def variance(cell: Cell, task: str, count: int) -> float:
    """Of the fraction of right answers to a task."""
    if cell.method == "dense":
        return CLOSE / count
    right = float(_accuracy(cell, task)) / 100
    return right * (1 - right) / count


def _accuracy(cell: Cell, task: str) -> float:
    same = [
        float(each.value)
        for each in load(6)
        if (each.model, each.method, each.refinement, each.task)
        == (cell.model, cell.method, cell.refinement, task)
    ]
    # Where the scan has lost a number, its mean has to do.
    return same[0] if same else float(cell.value)
