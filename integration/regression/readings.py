"""From a printed cell to the experiments that measure it, one for each reading of the paper."""

from __future__ import annotations

from typing import Any

from pruneproof.integration.bands.settings import (
    Hypothesis,
    hypotheses,
    refine_parameters,
    score_parameters,
)
from pruneproof.integration.experiments import Experiment
from pruneproof.integration.paper_tables import Cell
from pruneproof.integration.pruning.plan import Plan
from pruneproof.integration.pruning.run import Data

PAPER = Data(calibration="c4", evaluate="wikitext2", samples=128, seqlen=2048, seed=0)
"""Section 4 and Appendix C.1."""
DTYPE = "float16"
"""What the sources that C.1 names load a model in; the paper does not say."""


def plan_of(cell: Cell, hypothesis: Hypothesis) -> Plan | None:
    """How a cell's model is pruned under one reading; None leaves it dense."""
    if cell.method == "dense":
        return None
    parameters: dict[str, Any] = score_parameters(cell)
    if hypothesis.terms != "both":
        parameters["terms"] = hypothesis.terms
    return Plan(
        method=cell.method,
        sparsity=cell.sparsity,
        n_m=_pattern(cell.n_m),
        # Weights under n:m have their groups along the inputs of one output.
        group="output" if hypothesis.group == "none" else hypothesis.group,
        parameters=parameters,
        refine=cell.refinement,
        refine_parameters=refine_parameters(cell),
    )


def experiments(
    cell: Cell, data: Data = PAPER, dtype: str = DTYPE
) -> list[tuple[Hypothesis, Experiment]]:
    """Each reading of a cell, the likeliest first, with the experiment that measures it.

    Example:
        >>> from pruneproof.integration.paper_tables import load
        >>> cell = load(4)[16]
        >>> for reading, experiment in experiments(cell):
        ...     print(cell.id, reading, experiment.plan.group)
        T4/wanda 60%/LLaMA2-7b over layers layer
        T4/wanda 60%/LLaMA2-7b within outputs output
    """
    return [
        (reading, Experiment(cell.model, plan_of(cell, reading), data, dtype))
        for reading in hypotheses(cell)
    ]


def _pattern(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    n, _, m = text.partition(":")
    return int(n), int(m)
