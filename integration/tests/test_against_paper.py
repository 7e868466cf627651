"""A run is held against the cells that are its own, and only where they can be compared."""

import json
import math
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from typer.testing import CliRunner

from pruneproof.cli.app import app
from pruneproof.integration.bands import against_paper as against_module
from pruneproof.integration.bands.against_paper import against_paper, in_sentences
from pruneproof.integration.bands.bands import band
from pruneproof.integration.bands.settings import PAPER, interpretations, plan_of
from pruneproof.integration.doctor.known import publications
from pruneproof.integration.paper_tables import MODELS, TABLES, load
from pruneproof.integration.pruning.run import run
from pruneproof.integration.recipe.plan import Plan
from pruneproof.integration.recipe.texts import Texts

CELLS = [cell for table in TABLES for cell in load(table) if cell.metric == "perplexity"]
DENSE = 5.47
RIA = Plan("ria", 0.5, group="layer", parameters={"alpha": 1.0})
SPARSE = 6.88


class Tokenizer:
    """Splits the canary as a known tokenizer does, and begins every text as it is told."""

    def __init__(self, model, begins):
        self.known = publications().tokenizers[model.tokenizer]
        self.begins = begins

    def __call__(self, text, **_):
        ids = list(self.known.canary_ids or range(len(self.known.canary_pieces)))
        return SimpleNamespace(input_ids=torch.tensor([ids]))

    def convert_ids_to_tokens(self, _):
        return list(self.known.canary_pieces)

    def decode(self, _):
        return self.begins


def against(
    plan=RIA,
    data=PAPER,
    measured=(DENSE, SPARSE),
    model="LLaMA2-7b",
    begins=" = Robert Boulter = ",
    windows=None,
    seqlen=2048,
    accuracies=None,
):
    (known,) = (each for each in publications().models if each.id == model)
    tokenizer = Tokenizer(known, begins)
    whole = tokenizer.known.tokens["blank lines"] // seqlen
    tokens = torch.zeros(windows or whole, seqlen, dtype=torch.int64)
    config = SimpleNamespace(**known.structure)
    return against_paper(config, tokenizer, tokens, plan, data, measured, accuracies or {})


def verdicts(found):
    return {cell["id"]: cell["verdict"] for cell in found["cells"]}


def last(found):
    return list(in_sentences(found))[-1]


@pytest.mark.parametrize("model", MODELS)
def test_every_cell_is_found_by_each_of_its_readings_in_its_own_model(model):
    for cell in CELLS:
        if cell.model == model and cell.method != "dense":
            for reading in interpretations(cell):
                found = {
                    each["id"]: each
                    for each in against(plan_of(cell, reading), model=model)["cells"]
                }
                assert found[cell.id]["reading"] == str(reading)
                assert len(found[cell.id]["other_readings"]) == len(interpretations(cell)) - 1


def test_it_agrees_inside_the_band_and_disagrees_outside():
    found = against()
    assert list(verdicts(found).values()) == 4 * ["agrees"]
    assert list(verdicts(found))[:2] == ["T2/dense/LLaMA2-7b", "T2/ria 50%/LLaMA2-7b"]
    limits = band(load(2)[12])
    for number in (0.999 * limits.low, 1.001 * limits.high, math.inf, math.nan):
        verdict = verdicts(against(measured=(DENSE, number)))["T2/ria 50%/LLaMA2-7b"]
        assert verdict == "disagrees so far"


def test_where_another_reading_is_left_it_says_which():
    default = against(Plan("wanda", 0.5), measured=(DENSE, 6.92))
    (_, sentence) = in_sentences(default)
    assert sentence.startswith("prints 7.79, measured 6.92: disagrees so far (band 7.69 – 7.89; ")
    assert "within outputs; where the paper may mean over layers; T2/wanda 50%" in sentence
    terms = against(Plan("ria", 0.5, group="layer", parameters={"alpha": 1.0, "terms": "input"}))
    assert [each["reading"] for each in terms["cells"][1:]] == 2 * ["over layers, input term"]
    n_m = against(Plan("ria", n_m=(2, 4), parameters={"alpha": 1.0}), measured=(DENSE, 5.0))
    assert verdicts(n_m)["T2/ria 2:4/LLaMA2-7b"] == "disagrees"


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"begins": "Once upon a time"}, "evaluation: this is not WikiText-2's test split"),
        ({"begins": " = Homarus gammarus = "}, "evaluation: this is WikiText's validation split"),
        ({"windows": 5}, "these are 5 windows of 2048 tokens, not 166 windows"),
        ({"seqlen": 1024}, "seqlen is 1024, not 2048"),
    ],
)
def test_another_evaluation_is_not_compared(other, words):
    found = against(**other)
    assert set(verdicts(found).values()) == {"not compared"}
    assert last(found).startswith(f"not compared, since {words}")


@pytest.mark.parametrize(
    ("other", "words"),
    [({"calibration": "my.txt"}, "calibration is my.txt"), ({"samples": 32}, "samples are 32")],
)
def test_another_calibration_leaves_the_dense_model_and_magnitude_comparable(other, words):
    data = replace(PAPER, **other)
    dense, *others = verdicts(against(data=data)).values()
    assert (dense, set(others)) == ("agrees", {"not compared"})
    assert last(against(data=data)).startswith(f"not compared, since {words}")
    magnitude = against(Plan("magnitude", 0.5), data, (DENSE, 16.03))
    assert set(verdicts(magnitude).values()) == {"agrees"}


@pytest.mark.parametrize(
    "plan",
    [
        Plan("wanda", 0.5, parameters={"alpha": 0.0}),
        Plan("ria", 0.5, group="layer", parameters={"alpha": 0.0}),
        Plan("ria", 0.5, group="layer", parameters={"alpha": 0.0, "terms": "input"}),
    ],
)
def test_with_alpha_0_another_calibration_is_compared(plan):
    found = against(plan, data=replace(PAPER, calibration="my.txt", samples=32))
    assert found["differences"] == []
    assert len(found["cells"]) > 1
    assert "not compared" not in verdicts(found).values()


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"skip": ("0.*", "*.o_proj")}, "layers are skipped (0.*, *.o_proj), and it prunes all"),
        ({"sparsities": {"0.*": 0.3}}, "layers have sparsities of their own, and it has one"),
        ({"sparsities": {"*": 0.4}, "sparsity": None}, "layers have sparsities of their own"),
    ],
)
def test_chosen_layers_leave_only_the_dense_model_comparable(chosen, words):
    found = against(replace(RIA, **chosen))
    dense, *others = verdicts(found).values()
    assert dense == "agrees"
    assert set(others) <= {"not compared"}
    assert last(found).startswith(f"not compared, since {words}")
    magnitude = Plan("magnitude", 0.6, group="layer", skip=("*.down_proj",))
    accuracies = verdicts(against(magnitude, accuracies={"hellaswag": 0.5}))
    assert accuracies["T6/LLaMA2-7b magnitude/hellaswag"] == "not compared"


@pytest.mark.parametrize(
    "same",
    [{"seed": 7}, {"evaluate": "wiki.test.txt"}, {"windows": 100_000},
     {"calibration": "data/c4-train.00000-of-01024.json.gz"}],
)  # fmt: skip
def test_the_same_by_another_name_is_compared(same):
    assert verdicts(against(data=replace(PAPER, **same))) == verdicts(against())


def test_with_a_dense_model_that_is_off_only_that_is_said():
    off = against(measured=(5.6, SPARSE))
    found = verdicts(off)
    assert found.pop("T2/dense/LLaMA2-7b") == "disagrees"
    assert set(found.values()) == {"not compared"}
    assert "pruneproof doctor" in last(off)
    alone = list(in_sentences(against(Plan("symmetric", 0.5), measured=(5.6, SPARSE))))
    assert alone[1:] == ["prints nothing for this setting on LLaMA2-7b"]


def test_zero_shot_accuracies_are_held_against_table_6():
    plan = Plan("magnitude", 0.6, group="layer")
    (hellaswag,) = (each for each in load(6) if each.id == "T6/LLaMA2-7b magnitude/hellaswag")
    printed = float(hellaswag.value) / 100
    for share, verdict in ((printed, "agrees"), (printed + 0.1, "disagrees so far")):
        found = verdicts(against(plan, accuracies={"hellaswag": share}))
        assert found[hellaswag.id] == verdict
        assert [each for each in found if each.startswith("T6")] == [hellaswag.id]
    assert not any(each.startswith("T6") for each in verdicts(against(plan)))


def test_before_it_is_measured_it_says_what_is_printed():
    found = against(measured=None)
    assert set(verdicts(found).values()) == {"not compared"}
    assert [each.partition(" (")[0] for each in in_sentences(found)] == [
        "prints 5.47",
        "prints 6.88",
    ]


def test_what_is_left_out_has_its_default_and_samples_may_differ():
    given = Plan("wanda", 0.5, parameters={"alpha": 1.0})
    assert verdicts(against(Plan("wanda", 0.5))) == verdicts(against(given))
    assert len(verdicts(against(given))) > 1
    sampled = {"alpha": 1.0, "ratio": 0.1}
    seeded = Plan("stochria", 0.5, parameters={**sampled, "seed": 5})
    assert len(verdicts(against(seeded))) == 4


def test_r2_dsnot_needs_parameters_only_where_they_are_printed():
    plan = Plan("ria", 0.6, parameters={"alpha": 0.5}, refine="r2_dsnot")
    (_, cell) = against(plan)["cells"]
    assert cell["id"] == "T5/ria r2_dsnot/LLaMA2-7b"
    assert any("the hyperparameters are not printed" in each for each in cell["remarks"])
    of_its_own = replace(plan, refine_parameters={"gamma_prune": 0.5})
    found = against(of_its_own, model="LLaMA3-8b")
    assert list(verdicts(found)) == ["T2/dense/LLaMA3-8b", "T5/ria r2_dsnot/LLaMA3-8b"]


def test_what_the_paper_contradicts_is_said():
    best = Plan("wanda", 0.6, parameters={"alpha": 0.5}, refine="r2_dsnot", group="layer")
    found = against(best, measured=(6.14, 18.99), model="LLaMA3-8b")
    assert any("the paper also gives 18.99" in each for each in in_sentences(found))


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
    assert last(found) == "prints nothing for this setting on LLaMA2-7b"


@pytest.mark.parametrize("model", ["LLaMA-7b", "LLaMA2-70b"])
def test_models_that_the_paper_has_not_are_not_taken_for_one(model):
    nothing = {"model": None, "differences": [], "cells": []}
    assert against(model=model) == nothing
    seven, eight = (each for each in publications().models if each.id in ("LLaMA2-7b", "LLaMA3-8b"))
    config, windows = SimpleNamespace(**seven.structure), torch.zeros(2, 8, dtype=torch.int64)
    assert against_paper(config, Tokenizer(eight, ""), windows, RIA, PAPER) == nothing


@pytest.fixture
def command(llama, save_checkpoint, text, tmp_path):
    """Runs `prune`; the output, and the record of a run."""
    words = ["prune", str(save_checkpoint(llama)), "--method", "wanda", "--sparsity", "0.5",
             "--calibration", text, "--evaluate", text, "--samples", "2", "--seqlen", "8",
             "--report", str(tmp_path / "report")]  # fmt: skip

    def call(*more):
        output = CliRunner().invoke(app, [*words, *more]).output
        path = tmp_path / "report" / "prune.json"
        return output, json.loads(path.read_text()) if path.exists() else None

    return call


def test_the_command_says_it_before_and_after(command):
    for more in ("--dry-run", "--stream"):
        output, record = command(more)
        assert "the paper          prints nothing for this model, only for LLaMA2-7b" in output
    assert record["paper"] == {"model": None, "differences": [], "cells": []}


def test_a_run_that_is_handed_no_paper_is_held_against_none(llama, save_checkpoint, text):
    record = run(str(save_checkpoint(llama)), RIA, Texts(text, text, samples=2, seqlen=8))
    assert record["paper"] is None
    assert list(in_sentences(record["paper"])) == ["not compared"]


def test_a_run_on_a_model_of_the_paper(command, monkeypatch):
    (known,) = (each for each in publications().models if each.id == "LLaMA2-7b")
    monkeypatch.setattr(against_module, "recognise", lambda *_: known)
    monkeypatch.setattr(against_module, "_evaluated_otherwise", lambda *_: ())
    output, _ = command("--dry-run")
    assert "prints 5.47 (band" in output
    output, record = command()
    dense, *cells = record["paper"]["cells"]
    assert dense["measured"] == record["dense_perplexity"]
    assert dense["verdict"] == "disagrees"
    assert {each["measured"] for each in cells} == {record["pruned_perplexity"]}
    assert f"prints 7.79, measured {record['pruned_perplexity']:.4g}: not compared" in output
    assert "samples are 2, not 128" in output
