"""One printed number with everything that is known about the run behind it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

MODELS = ("LLaMA2-7b", "LLaMA2-13b", "LLaMA3-8b", "OPT-1.3b")
PARAMETERS: Mapping[str, type] = {
    "alpha": float,
    "p": float,
    "strategy": str,
    "terms": str,
    "ratio": float,
    "gamma_grow": float,
    "gamma_prune": float,
    "relative_grow": bool,
    "relative_prune": bool,
}
"""Parameters of a method or a refinement, named as in `pruneproof.reference`."""


@dataclass(frozen=True)
class Cell:
    """One printed number and the setting that it belongs to.

    Attributes:
        id: `T<table>/<row>`, then the values of the column's fields.
        table: its number in the paper.
        model: one of `MODELS`.
        metric: `perplexity` (lower is better) or `accuracy` (in %, higher is better).
        task: `wikitext2`, a zero-shot task, or `mean` of the table's tasks.
        method: `dense` for the model as it was.
        group: whose scores are compared when weights are selected: `layer`, `output`, `none`, or
            `unknown`. The paper prints it nowhere.
        group_basis: what `group` rests on.
        printed: the number, letter by letter.
        sparsity: the fraction of the weights that is set to zero; None for n:m and dense.
        n_m: n of every m consecutive input weights survive.
        refinement: what refined the mask.
        parameters: of the method and the refinement, by the names in `PARAMETERS`.
        trials: how many seeds the number is the mean of, where the paper says so.
        deviation: the printed standard deviation over the trials.
        delta: the printed difference from the cell that it is compared with; positive is better.
        ocr_suspect: why the number may be a scanning artefact; empty where nothing suggests it.
        contradicts: ids of the cells with which it cannot be right together.
    """

    id: str
    table: int
    model: str
    metric: str
    task: str
    method: str
    group: str
    group_basis: str
    printed: str
    sparsity: float | None = None
    n_m: str | None = None
    refinement: str | None = None
    parameters: Mapping[str, float | str | bool] = field(default_factory=dict)
    trials: int | None = None
    deviation: str | None = None
    delta: str | None = None
    ocr_suspect: str = ""
    contradicts: tuple[str, ...] = ()

    @property
    def value(self) -> Decimal:
        """The printed number, exactly."""
        return Decimal(self.printed)

    def get(self, name: str) -> Any:
        """A field or a parameter by its name; None where the cell has no such parameter."""
        return self.parameters.get(name) if name in PARAMETERS else getattr(self, name)

    @property
    def half_unit(self) -> Decimal:
        """How far rounding may have moved the number."""
        return half_unit(self.printed)


def half_unit(printed: str) -> Decimal:
    """Half a unit of the last printed digit: how far rounding may have moved a number.

    Example:
        >>> half_unit("6.91"), half_unit("6.9e3") == 50
        (Decimal('0.005'), True)
    """
    return Decimal((0, (5,), int(Decimal(printed).as_tuple().exponent) - 1))
