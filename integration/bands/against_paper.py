"""What the paper prints for a run, and whether what was measured agrees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from torch import Tensor

from pruneproof.integration.bands.band import Band
from pruneproof.integration.bands.bands import every_band
from pruneproof.integration.bands.outcome import Outcome, Reading
from pruneproof.integration.bands.settings import PAPER, Interpretation, interpretations, plan_of
from pruneproof.integration.doctor import of_data
from pruneproof.integration.doctor.finding import Verdict
from pruneproof.integration.doctor.known import KnownTokenizer, Publications, publications
from pruneproof.integration.doctor.of_model import recognise
from pruneproof.integration.paper_tables import MODELS, Cell
from pruneproof.integration.recipe.plan import Plan
from pruneproof.integration.recipe.texts import Texts
from pruneproof.integration.text.sources import C4_FILES

AGREES, NOT_COMPARED = "agrees", "not compared"
FIRST_OF_C4 = Path(C4_FILES["train"]).name
REMARKABLE = ("contradiction", "setting")
"""Causes of a band's width that are the paper's own."""


def against_paper(
    config: Any,
    tokenizer: Any,
    windows: Tensor,
    plan: Plan,
    texts: Texts,
    perplexities: tuple[float, float] | None = None,
    accuracies: Mapping[str, float] = MappingProxyType({}),
) -> dict[str, Any]:
    """Hold a run's perplexities and accuracies against the printed cells of its model and setting.

    Model and evaluation text are known by what they are, not by their names. A perplexity is
    compared where everything that it depends on is the paper's, but for the calibration's seed,
    which the bands allow for; that of the pruned model only where the dense one agrees. The paper
    prunes all layers, and all alike.

    Args:
        config: of the model.
        tokenizer: of the model.
        windows: that it is evaluated on.
        plan: how it is pruned.
        texts: what with.
        perplexities: before and after; None where they are not measured.
        accuracies: after, by zero-shot task, from 0 to 1; Table 6 prints them in %.

    Returns:
        Plain data: `model`, the paper's name for it or None; `differences` from the paper's data
        and layers, in words; `cells`, each with its `id`, `printed` text, limits `low` and `high`,
        `remarks` on them, the `reading` of what the paper leaves open that the run is of,
        `other_readings`, the `measured` number or None, and a `verdict`: `agrees`, `disagrees`,
        `disagrees so far` where other readings are left, or `not compared`.
    """
    known = publications()
    splitter = known.tokenizer_of(tokenizer)
    found = recognise(known, config, splitter)
    if found is None or found.id not in MODELS:
        return {"model": None, "differences": [], "cells": []}
    evaluated = list(_evaluated_otherwise(known, splitter, tokenizer, windows))
    calibrated = list(_calibrated_otherwise(texts)) if plan.needs else []
    chosen = list(_chosen_otherwise(plan))
    dense, pruned = perplexities or (None, None)
    cells = [_judged(*_dense(found.id), dense, compare=not evaluated)]
    same_model = cells[0]["verdict"] == AGREES and not calibrated + chosen
    measured = {task: 100 * share for task, share in accuracies.items()}
    cells += [
        _judged(band, reading, measured.get(band.cell.task, pruned), compare=same_model)
        for band, reading in _printed(found.id, plan)
        if band.cell.metric == "perplexity" or band.cell.task in measured
    ]
    return {"model": found.id, "differences": evaluated + calibrated + chosen, "cells": cells}


def expected(config: Any, tokenizer: Any, windows: Tensor, plan: Plan, texts: Texts) -> str:
    """What the paper prints for a run that is not measured yet, as a user reads it."""
    return "; ".join(in_sentences(against_paper(config, tokenizer, windows, plan, texts)))


def in_sentences(paper: Mapping[str, Any] | None) -> Iterator[str]:
    """What `against_paper` found, as a user reads it; None where it was not asked."""
    if paper is None:
        yield NOT_COMPARED
        return
    if paper["model"] is None:
        yield f"prints nothing for this model, only for {', '.join(MODELS)}"
        return
    same: dict[str, list[str]] = {}
    for cell in paper["cells"]:
        same.setdefault(_sentence(cell), []).append(cell["id"])
    for sentence, ids in same.items():
        yield f"{sentence}; {', '.join(ids)})"
    dense, *others = paper["cells"]
    if not others:
        yield f"prints nothing for this setting on {paper['model']}"
    elif dense["verdict"] not in (AGREES, NOT_COMPARED):
        yield "not compared, since the dense model is off: ask `pruneproof doctor` why"
    if paper["differences"]:
        yield f"not compared, since {'; '.join(paper['differences'])}"


def _sentence(cell: Mapping[str, Any]) -> str:
    measured = cell["measured"]
    found = "" if measured is None else f", measured {measured:.4g}: {cell['verdict']}"
    details = [f"band {cell['low']:.4g} – {cell['high']:.4g}", *cell["remarks"], cell["reading"]]
    if cell["other_readings"]:
        details.append(f"where the paper may mean {' or '.join(cell['other_readings'])}")
    return f"prints {cell['printed']}{found} ({'; '.join(details)}"


def _evaluated_otherwise(
    known: Publications, splitter: KnownTokenizer | None, tokenizer: Any, windows: Tensor
) -> Iterator[str]:
    begins = of_data.beginning(tokenizer, windows)
    text = of_data.text(known, PAPER.evaluate, begins)
    if text.verdict is not Verdict.HEALTHY:
        yield f"evaluation: {text.cause}"
        return
    count = of_data.count(splitter, windows, whole=True, wikitext=True)
    if count.verdict is not Verdict.HEALTHY:
        yield f"these are {count.measured}, not {count.expected}"
    if windows.shape[1] != PAPER.seqlen:
        yield f"seqlen is {windows.shape[1]}, not {PAPER.seqlen}"


def _calibrated_otherwise(texts: Texts) -> Iterator[str]:
    if texts.calibration != PAPER.calibration and Path(texts.calibration).name != FIRST_OF_C4:
        yield f"calibration is {texts.calibration}, not {PAPER.calibration}"
    if texts.samples != PAPER.samples:
        yield f"samples are {texts.samples}, not {PAPER.samples}"
    if texts.pack:
        yield "documents are packed"


def _chosen_otherwise(plan: Plan) -> Iterator[str]:
    if plan.skip:
        yield f"layers are skipped ({', '.join(plan.skip)}), and it prunes all"
    if plan.sparsities:
        yield "layers have sparsities of their own, and it has one for all"


def _dense(model: str) -> tuple[Band, Interpretation]:
    """The first cell of the dense model; other tables repeat it."""
    cells = (each for each in every_band() if each.cell.method == "dense")
    band = next(each for each in cells if each.cell.model == model)
    return band, interpretations(band.cell)[0]


def _printed(model: str, plan: Plan) -> Iterator[tuple[Band, Interpretation]]:
    """The bands of a setting, each with the reading of its cell that the plan is."""
    for band in every_band():
        cell = band.cell
        if (cell.model, cell.method) == (model, plan.method):
            for reading in interpretations(cell):
                printed = plan_of(cell, reading)
                if printed is not None and _setting(printed, cell) == _setting(plan, cell):
                    yield band, reading
                    break


def _setting(plan: Plan, cell: Cell) -> tuple[Any, ...]:
    """What of a plan the paper fixes, with the defaults of what the plan leaves out.

    StochRIA's seed is not printed, nor everywhere the parameters of R²-DSnoT, whose band is wider
    for it.
    """
    score = plan.score.defaults | plan.parameters | {"seed": None}
    refining: dict[str, Any] = {}
    refinement = plan.refinement
    if refinement and not (plan.refine == "r2_dsnot" and "p" not in cell.parameters):
        refining = refinement.defaults | plan.refine_parameters
    return plan.sparsity, plan.n_m, plan.group, score, plan.refine, refining


def _judged(
    band: Band, reading: Interpretation, measured: float | None, *, compare: bool
) -> dict[str, Any]:
    others = [str(each) for each in interpretations(band.cell) if each != reading]
    verdict = NOT_COMPARED
    if compare and measured is not None:
        found = Outcome(band, (Reading(reading, measured, band.place(measured)),))
        verdict = AGREES if found.supported else found.verdict
    return {
        "id": band.cell.id,
        "printed": band.cell.printed,
        "low": band.low,
        "high": band.high,
        "remarks": [each.words for each in band.reasons if each.cause in REMARKABLE],
        "reading": str(reading),
        "other_readings": others,
        "measured": measured,
        "verdict": verdict,
    }
