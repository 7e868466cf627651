"""A run is held against the cells that are its own, and only where they can be compared."""

import json
import math
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from typer.testing import CliRunner

from pruneproof.cli.app import app
from pruneproof.integration.bands.bands import band
from pruneproof.integration.bands.settings import PAPER, hypotheses, plan_of
from pruneproof.integration.doctor.known import book
from pruneproof.integration.paper_tables import MODELS, TABLES, load
from pruneproof.integration.pruning.against_paper import against_paper, in_sentences
from pruneproof.integration.pruning.plan import Plan

CELLS = [cell for table in TABLES for cell in load(table) if cell.metric == "perplexity"]
DENSE = 5.47
RIA = Plan("ria", 0.5, group="layer", parameters={"alpha": 1.0})
SPARSE = 6.88


def identity(model):
    """A configuration and a tokenizer that are recognised as a known model's."""
    (known,) = (each for each in book().models if each.id == model)
    splitter = book().tokenizers[known.tokenizer]

    class Tokenizer:
        def __call__(self, text, **_):
            ids = list(splitter.canary_ids or range(len(splitter.canary_pieces)))
            return SimpleNamespace(input_ids=torch.tensor([ids]))

        def convert_ids_to_tokens(self, _):
            return list(splitter.canary_pieces)

    return SimpleNamespace(**known.structure), Tokenizer()


def against(plan=RIA, data=PAPER, dense=DENSE, pruned=SPARSE, model="LLaMA2-7b"):
    return against_paper(*identity(model), plan, data, dense, pruned)


def verdicts(found):
    return {cell["id"]: cell["verdict"] for cell in found["cells"]}


@pytest.mark.parametrize("model", MODELS)
def test_every_cell_is_found_by_each_of_its_readings_and_by_no_other_models(model):
    for cell in CELLS:
        for reading in hypotheses(cell):
            plan = plan_of(cell, reading)
            if plan is None:
                continue
            found = {each["id"]: each for each in against(plan, model=model)["cells"]}
            assert (cell.id in found) == (cell.model == model)
            if cell.model == model:
                assert found[cell.id]["reading"] == str(reading)


def test_it_agrees_inside_the_band_and_disagrees_outside():
    found = against()
    assert set(verdicts(found).values()) == {"agrees"}
    assert list(verdicts(found))[:2] == ["T2/dense/LLaMA2-7b", "T2/ria 50%/LLaMA2-7b"]
    limits = band(load(2)[12])
    for number in (0.999 * limits.low, 1.001 * limits.high, math.inf, math.nan):
        assert verdicts(against(pruned=number))["T2/ria 50%/LLaMA2-7b"] == "disagrees"


@pytest.mark.parametrize(
    "difference",
    [{"calibration": "my.txt"}, {"samples": 32}, {"evaluate": "c4"}, {"seqlen": 1024},
     {"windows": 5}],
)  # fmt: skip
def test_other_data_are_not_compared(difference):
    found = against(data=replace(PAPER, **difference))
    assert set(verdicts(found).values()) == {"not compared"}
    (name,) = difference
    assert list(in_sentences(found))[-1].startswith(f"not compared, since {name} is ")


def test_another_seed_is_compared():
    assert verdicts(against(data=replace(PAPER, seed=7))) == verdicts(against())


def test_with_a_dense_model_that_is_off_only_that_is_said():
    found = verdicts(against(dense=5.6))
    assert found.pop("T2/dense/LLaMA2-7b") == "disagrees"
    assert set(found.values()) == {"not compared"}
    assert "pruneproof doctor" in list(in_sentences(against(dense=5.6)))[-1]


def test_what_is_left_out_has_its_default_and_samples_may_differ():
    given = Plan("wanda", 0.5, parameters={"alpha": 1.0})
    assert verdicts(against(Plan("wanda", 0.5))) == verdicts(against(given))
    assert len(verdicts(against(given))) > 1
    sampled = {"alpha": 1.0, "ratio": 0.1}
    seeded = Plan("stochria", 0.5, parameters={**sampled, "seed": 5})
    assert len(verdicts(against(seeded))) == 4


@pytest.mark.parametrize(
    "plan",
    [
        replace(RIA, sparsity=0.55),
        replace(RIA, parameters={"alpha": 0.7}),
        replace(RIA, refine="dsnot"),
        Plan("ria", n_m=(1, 4)),
        Plan("symmetric", 0.5),
    ],
    ids=str,
)
def test_a_setting_of_its_own_has_no_cell(plan):
    found = against(plan)
    assert list(verdicts(found)) == ["T2/dense/LLaMA2-7b"]
    assert next(in_sentences(found)) == "prints nothing for this setting on LLaMA2-7b"


@pytest.mark.parametrize("model", ["LLaMA-7b", "LLaMA2-70b"])
def test_models_that_the_paper_has_not_are_not_taken_for_one(model):
    assert against(model=model) == {"model": None, "differences": [], "cells": []}
    config, _ = identity("LLaMA2-7b")
    _, other = identity("LLaMA3-8b")
    assert against_paper(config, other, RIA, PAPER)["model"] is None


def test_the_command_says_it_before_and_after(llama, save_checkpoint, text, tmp_path):
    words = ["prune", str(save_checkpoint(llama)), "--method", "wanda", "--sparsity", "0.5",
             "--calibration", text, "--evaluate", text, "--samples", "2", "--seqlen", "8",
             "--report", str(tmp_path / "report")]  # fmt: skip
    for more in (["--dry-run"], []):
        output = CliRunner().invoke(app, [*words, *more]).output
        assert "the paper          prints nothing for this model, only for LLaMA2-7b" in output
    record = json.loads((tmp_path / "report" / "prune.json").read_text())
    assert record["paper"] == {"model": None, "differences": [], "cells": []}
