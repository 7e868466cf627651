"""What the paper leaves unsaid about a run, filled in, and what that may cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pruneproof.integration.bands.band import Reason
from pruneproof.integration.bands.spread import log_excess
from pruneproof.integration.paper_tables import Cell, load
from pruneproof.integration.recipe.plan import Plan
from pruneproof.integration.recipe.texts import Texts

PAPER = Texts(calibration="c4", evaluate="wikitext2", samples=128, seqlen=2048, seed=0)
"""Section 4 and Appendix C.1."""
REFINED = ("p", "gamma_grow", "gamma_prune", "relative_grow", "relative_prune")
"""The parameters of R²-DSnoT, as against those of the score before it."""
ALPHA_OF_TABLE_6 = 0.5
"""Table 6 does not print α; Table 5, on the same masks, does."""


@dataclass(frozen=True)
class Interpretation:
    """One reading of what the paper leaves open.

    Attributes:
        group: whose scores are compared: `layer`, `output`; `none` where that has no meaning.
        terms: which of the reference's terms a sum over columns or rows is: `input`, `output`, or
            `both` for anything else.
    """

    group: str
    terms: str = "both"

    def __str__(self) -> str:
        terms = "" if self.terms == "both" else f", {self.terms} term"
        return {"none": "as printed", "layer": "over layers", "output": "within outputs"}[
            self.group
        ] + terms


def interpretations(cell: Cell) -> tuple[Interpretation, ...]:
    """The readings of a cell, the likeliest first.

    The groups come as the tables guess them. A sum over columns is first taken as it is in code
    that stores a weight as `nn.Linear` does: one sum for each input.
    """
    if cell.method == "dense" or cell.n_m is not None:
        return (Interpretation("none"),)
    groups = ("output", "layer") if cell.group == "output" else ("layer", "output")
    terms = {"col-sum": ("input", "output"), "row-sum": ("output", "input")}.get(
        cell.get("terms"), ("both",)
    )
    return tuple(Interpretation(group, term) for term in terms for group in groups)


def plan_of(cell: Cell, interpretation: Interpretation) -> Plan | None:
    """How a cell's model is pruned under one reading; None leaves it dense."""
    if cell.method == "dense":
        return None
    parameters: dict[str, Any] = score_parameters(cell)
    if interpretation.terms != "both":
        parameters["terms"] = interpretation.terms
    return Plan(
        method=cell.method,
        sparsity=cell.sparsity,
        n_m=_pattern(cell.n_m),
        # Weights under n:m have their groups along the inputs of one output.
        group="output" if interpretation.group == "none" else interpretation.group,
        parameters=parameters,
        refine=cell.refinement,
        refine_parameters=refine_parameters(cell),
    )


def score_parameters(cell: Cell) -> dict[str, Any]:
    """The parameters of a cell's score, with what the paper does not print filled in."""
    own = {
        name: value
        for name, value in cell.parameters.items()
        if name != "terms" and not (cell.refinement and name in REFINED)
    }
    if cell.table == 6 and cell.method == "ria":
        own["alpha"] = ALPHA_OF_TABLE_6
    return own


def refine_parameters(cell: Cell) -> dict[str, Any]:
    """The parameters of a cell's refinement; Table 10's best where its own are not printed."""
    if cell.refinement != "r2_dsnot":
        return {}
    printed: Mapping[str, Any] = cell.parameters
    if "p" not in printed:
        base = cell.method if cell.method in ("wanda", "ria") else "wanda"
        (best,) = (each for each in load(10) if each.id == f"T10/{base} best")
        printed = best.parameters
    return {name: printed[name] for name in REFINED}


def unprinted_setting(cell: Cell) -> Reason | None:
    """What R²-DSnoT's hyperparameters may cost where they are not printed."""
    if cell.refinement != "r2_dsnot" or "p" in cell.parameters:
        return None
    share = largest_loss(cell.method if cell.method in ("wanda", "ria") else None)
    words = (
        "the hyperparameters are not printed, and presumably the best that were searched: in "
        f"Table 10 others cost up to {share:.1%} of the excess over dense, in ln P"
    )
    above = float(cell.value) * math.expm1(share * log_excess(cell))
    return Reason("setting", words, 0.0, above)


@cache
def largest_loss(base: str | None) -> float:
    """What the worst choice of what is reweighted costs in Table 10, as a share of the excess.

    Only the rows on relative reweighting: p and γ change nothing in the printed formulas.
    """
    cells = [cell for cell in load(10) if base in (None, cell.method)]
    best = {cell.method: log_excess(cell) for cell in cells if cell.id.endswith(" best")}
    return max(
        log_excess(cell) / best[cell.method] - 1 for cell in cells if " relative " in cell.id
    )


def _pattern(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    n, _, m = text.partition(":")
    return int(n), int(m)
