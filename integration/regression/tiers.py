"""Which cells a run measures: a few of one model, one a table and model, or all."""

from __future__ import annotations

from pruneproof.integration.paper_tables import MODELS, TABLES, Cell, load

TIERS = ("smoke", "headline", "full")
SMOKE_MODEL = "OPT-1.3b"
"""The smallest of the four, and the only one that anybody may download."""
SMOKE = ("dense", "magnitude 50%", "wanda 50%", "ria 50%", "ria 2:4")
"""Rows of Table 2."""
HEADLINE = {
    2: "ria 50%",
    3: "ria/{model}/0.5",
    4: "wanda 60%",
    5: "ria r2_dsnot",
    6: "{model} ria r2_dsnot/mean",
    7: "p=2",
    8: "S2",
    9: "β=0.1",
    10: "wanda best",
}
"""By table, the row that its conclusions lean on most."""


def cells(tier: str) -> list[Cell]:
    """The cells of a tier, model by model, so that each is loaded once.

    Raises:
        ValueError: there is no such tier.

    Example:
        >>> [len(cells(tier)) for tier in TIERS]
        [5, 30, 363]
    """
    if tier not in TIERS:
        raise ValueError(f"tier: {tier}, must be one of {', '.join(TIERS)}")
    everything = [cell for table in TABLES for cell in load(table)]
    chosen = {"smoke": _in_smoke, "headline": _in_headline, "full": lambda _: True}[tier]
    return sorted(filter(chosen, everything), key=lambda cell: MODELS.index(cell.model))


def _in_smoke(cell: Cell) -> bool:
    return cell.id in {f"T2/{row}/{SMOKE_MODEL}" for row in SMOKE}


def _in_headline(cell: Cell) -> bool:
    row = f"T{cell.table}/{HEADLINE[cell.table].format(model=cell.model)}"
    return cell.id in (row, f"{row}/{cell.model}")
