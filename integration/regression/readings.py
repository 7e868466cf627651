"""From a printed cell to the experiments that measure it, one for each reading of the paper."""

from __future__ import annotations

from pruneproof.integration.bands.settings import PAPER, Interpretation, interpretations, plan_of
from pruneproof.integration.experiments import Experiment
from pruneproof.integration.paper_tables import Cell
from pruneproof.integration.recipe.texts import Texts

DTYPE = "float16"
"""What the sources that C.1 names load a model in; the paper does not say."""


def experiments(
    cell: Cell, data: Texts = PAPER, dtype: str = DTYPE
) -> list[tuple[Interpretation, Experiment]]:
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
        for reading in interpretations(cell)
    ]
