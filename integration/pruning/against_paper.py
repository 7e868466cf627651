"""What the paper prints for a run, and whether what was measured agrees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from inspect import signature
from typing import Any

from pruneproof import reference
from pruneproof.integration.bands.band import Band
from pruneproof.integration.bands.bands import every_band
from pruneproof.integration.bands.settings import PAPER, Hypothesis, hypotheses, plan_of
from pruneproof.integration.doctor.known import book
from pruneproof.integration.doctor.of_model import recognise
from pruneproof.integration.paper_tables import MODELS
from pruneproof.integration.pruning.data import Data
from pruneproof.integration.pruning.plan import REFINEMENTS, Plan, parameters_of

COMPARED = ("calibration", "samples", "evaluate", "seqlen", "windows")
"""What must be the paper's; it does not print its seeds."""


def against_paper(
    config: Any,
    tokenizer: Any,
    plan: Plan,
    data: Data,
    dense: float | None = None,
    pruned: float | None = None,
) -> dict[str, Any]:
    """Hold a run's perplexities against the printed cells of its model and setting.

    The model is known by its configuration and tokenizer, not by its name. Nothing is compared
    where the data are not the paper's, nor, for the pruned model, where the dense perplexity
    disagrees.

    Args:
        config: of the model.
        tokenizer: of the model.
        plan: how it was pruned.
        data: what with.
        dense: perplexity before; None where it is not measured.
        pruned: the same after.

    Returns:
        Plain data: `model`, the paper's name for it or None; `differences` of the data from the
        paper's, in words; `cells`, each with its `id`, `printed` text, limits `low` and `high`,
        `reading` of what the paper leaves open, the `measured` number or None, and a `verdict`:
        `agrees`, `disagrees` or `not compared`.
    """
    known = book()
    found = recognise(known, config, known.tokenizer_of(tokenizer))
    if found is None or found.id not in MODELS:
        return {"model": None, "differences": [], "cells": []}
    differences = [
        f"{name} is {getattr(data, name)}, the paper's {getattr(PAPER, name)}"
        for name in COMPARED
        if getattr(data, name) != getattr(PAPER, name)
    ]
    cells = [
        _judged(band, reading, dense, compare=not differences)
        for band, reading in _printed(found.id, None)
    ]
    same_model = not differences and all(each["verdict"] == "agrees" for each in cells)
    cells += [
        _judged(band, reading, pruned, compare=same_model)
        for band, reading in _printed(found.id, plan)
    ]
    return {"model": found.id, "differences": differences, "cells": cells}


def in_sentences(paper: Mapping[str, Any]) -> Iterator[str]:
    """What `against_paper` found, as a user reads it."""
    if paper["model"] is None:
        yield f"prints nothing for this model, only for {', '.join(MODELS)}"
        return
    dense, *others = paper["cells"]
    if not others:
        yield f"prints nothing for this setting on {paper['model']}"
    for cell in paper["cells"]:
        band = f"{cell['low']:.4g} – {cell['high']:.4g}"
        measured = cell["measured"]
        found = "" if measured is None else f", measured {measured:.4g}: {cell['verdict']}"
        yield f"prints {cell['printed']}{found} (band {band}; {cell['id']}, {cell['reading']})"
    if paper["differences"]:
        yield f"not compared, since {'; '.join(paper['differences'])}"
    elif dense["verdict"] == "disagrees":
        yield "not compared, since the dense model is off: ask `pruneproof doctor` why"


def _printed(model: str, plan: Plan | None) -> Iterator[tuple[Band, Hypothesis]]:
    """The bands of a setting, with the reading under which they are of it.

    Of the dense model the first, which all tables repeat.
    """
    wanted = plan and _in_full(plan)
    for band in every_band():
        if (band.cell.model, band.cell.metric) != (model, "perplexity"):
            continue
        for reading in hypotheses(band.cell):
            printed = plan_of(band.cell, reading)
            if (printed and _in_full(printed)) == wanted:
                yield band, reading
                if plan is None:
                    return
                break


def _in_full(plan: Plan) -> tuple[Any, ...]:
    """A plan with the defaults of what it leaves out, but for StochRIA's seed."""
    score = _defaults(getattr(reference, plan.method)) | plan.parameters | {"seed": None}
    refining = _defaults(REFINEMENTS[plan.refine]) if plan.refine else {}
    amount = plan.sparsity, plan.n_m, plan.group
    return plan.method, *amount, score, plan.refine, refining | plan.refine_parameters


def _defaults(function: Any) -> dict[str, Any]:
    parameters = signature(function).parameters
    return {name: parameters[name].default for name in parameters_of(function)}


def _judged(
    band: Band, reading: Hypothesis, measured: float | None, *, compare: bool
) -> dict[str, Any]:
    verdict = "not compared"
    if compare and measured is not None:
        verdict = "agrees" if band.place(measured) == "inside" else "disagrees"
    return {
        "id": band.cell.id,
        "printed": band.cell.printed,
        "low": band.low,
        "high": band.high,
        "reading": str(reading),
        "measured": measured,
        "verdict": verdict,
    }
