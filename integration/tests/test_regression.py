"""From a cell of the paper's tables to a verdict, on tiny models in place of the real ones."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from huggingface_hub.errors import GatedRepoError

from pruneproof.integration.bands.settings import PAPER, Interpretation, plan_of
from pruneproof.integration.doctor.finding import Finding, Verdict
from pruneproof.integration.experiments import Ledger, Runner
from pruneproof.integration.paper_tables import MODELS, TABLES, Cell, load
from pruneproof.integration.recipe.texts import Texts
from pruneproof.integration.regression import examination, measuring, tiers
from pruneproof.integration.regression.measuring import Bench
from pruneproof.integration.regression.models import (
    HUB,
    Models,
    UnavailableError,
    UnfitError,
    checkpoints,
)
from pruneproof.integration.regression.of_ledger import outcome
from pruneproof.integration.regression.readings import DTYPE, experiments

CELLS = {cell.id: cell for table in TABLES for cell in load(table)}
HALF = CELLS["T2/ria 50%/OPT-1.3b"]
TASKS = "boolq", "rte", "hellaswag", "winogrande", "arc_easy", "arc_challenge", "openbookqa"


@pytest.fixture
def data(tmp_path) -> Texts:
    """Text of the tests' tokenizer, for calibration and evaluation."""
    path = tmp_path / "text.txt"
    path.write_text("".join(chr(33 + i * i % 83) for i in range(400)), encoding="utf-8")
    return Texts(str(path), str(path), samples=2, seqlen=16, windows=3)


@pytest.fixture
def models(llama, tokenizer, monkeypatch) -> Models:
    """A tiny decoder in place of each model; `loaded` lists what was loaded."""
    loaded = []

    def load_model(place, dtype, device):
        loaded.append(place)
        return llama.to(device), tokenizer

    monkeypatch.setattr("pruneproof.integration.experiments.runner.load_model", load_model)
    found = Models(device="cpu")
    found.loaded = loaded  # type: ignore[attr-defined]
    return found


@pytest.fixture
def bench(models, data, tmp_path) -> Bench:
    return Bench(Ledger(tmp_path / "ledger.jsonl"), models, data, dtype="float32")


def printed(cell: Cell, number: float) -> Cell:
    """The cell as if the paper printed another number."""
    return replace(cell, printed=f"{number:.2f}", contradicts=())


class TestTiers:
    def test_smoke_is_five_cells_of_one_model_that_is_not_gated(self):
        found = tiers.cells("smoke")
        assert len(found) == len(tiers.SMOKE) == 5
        assert {cell.model for cell in found} == {"OPT-1.3b"}

    def test_headline_is_one_cell_for_each_model_of_each_table(self):
        found = [(cell.table, cell.model) for cell in tiers.cells("headline")]
        everything = {(cell.table, cell.model) for cell in CELLS.values()}
        assert len(found) == len(set(found)) == 30
        assert set(found) == everything

    def test_full_is_every_cell_once_model_by_model(self):
        found = tiers.cells("full")
        assert len(found) == 363
        assert {cell.id for cell in found} == CELLS.keys()
        order = [MODELS.index(cell.model) for cell in found]
        assert order == sorted(order)

    def test_another_is_refused(self):
        with pytest.raises(ValueError, match="tier: all, must be one of smoke, headline, full"):
            tiers.cells("all")


class TestReadings:
    def test_every_cell_has_a_plan_that_is_allowed(self):
        for cell in CELLS.values():
            for _, experiment in experiments(cell):
                plan = experiment.plan
                assert (plan is None) == (cell.method == "dense")
                if plan is not None:
                    assert (plan.sparsity, plan.refine) == (cell.sparsity, cell.refinement)

    def test_every_plan_runs(self, llama, tokens):
        """Each method and parameter of the tables is one that the engine takes."""
        from pruneproof.integration.pruning.blockwise import prune_blocks

        dense = {name: each.clone() for name, each in llama.state_dict().items()}
        plans = {
            str(
                replace(experiment.plan, sparsity=experiment.plan.sparsity and 0.5)
            ): experiment.plan
            for cell in CELLS.values()
            for _, experiment in experiments(cell)
            if experiment.plan
        }
        assert len(plans) > 80
        for plan in plans.values():
            next(prune_blocks(llama, tokens[:1], plan))
            llama.load_state_dict(dense)

    def test_parameters_of_the_score_and_of_the_refinement_are_told_apart(self):
        plan = plan_of(CELLS["T10/ria p=inf"], Interpretation("output"))
        assert plan is not None
        assert plan.parameters == {"alpha": 0.5}
        assert plan.refine_parameters["p"] == float("inf")
        norm = plan_of(CELLS["T7/p=2/OPT-1.3b"], Interpretation("layer"))
        assert norm is not None
        assert norm.parameters == {"alpha": 1.0, "p": 2.0}
        assert norm.refine_parameters == {}

    def test_sums_are_measured_in_both_orientations_and_groups(self):
        found = [experiment for _, experiment in experiments(CELLS["T3/col-sum/OPT-1.3b/1.0"])]
        assert [(each.plan.group, each.plan.parameters["terms"]) for each in found] == [
            ("layer", "input"),
            ("output", "input"),
            ("layer", "output"),
            ("output", "output"),
        ]
        assert len({each.digest for each in found}) == 4

    def test_the_papers_setup_is_the_default(self):
        (_, experiment), *_ = experiments(HALF)
        assert experiment.data == PAPER == Texts("c4", "wikitext2", 128, 2048, 0)
        assert experiment.dtype == DTYPE == "float16"


class TestVerdicts:
    def test_a_cell_that_agrees_says_with_which_reading(self, bench):
        first = bench.check(HALF).readings[0].measured
        bench.ledger.path.unlink()
        found = bench.check(printed(HALF, first))
        assert [str(reading.interpretation) for reading in found.supported] == ["over layers"]
        assert found.verdict == "agrees over layers (1 of 2 readings not measured)"

    def test_a_later_reading_is_tried_when_the_first_disagrees(self, bench, models):
        numbers = {"layer": 25.0, "output": 19.0}
        models.measure = lambda experiment: {"perplexity": numbers[experiment.plan.group]}
        found = bench.check(HALF)
        assert [reading.place for reading in found.readings] == ["above", "inside"]
        assert found.verdict == "agrees within outputs"

    def test_readings_that_all_disagree_are_all_measured(self, bench):
        found = bench.check(HALF)
        assert [reading.place for reading in found.readings] == ["above", "above"]
        assert found.readings[0].measured != found.readings[1].measured
        assert found.verdict == "disagrees"

    def test_all_readings_are_measured_when_asked(self, bench):
        first = bench.check(HALF).readings[0].measured
        bench.ledger.path.unlink()
        bench.every_reading = True
        assert len(bench.check(printed(HALF, first)).readings) == 2

    def test_words_hold_number_band_and_reasons(self, bench):
        words = str(bench.check(HALF))
        assert words.startswith("T2/ria 50%/OPT-1.3b: printed 18.94, band 18.66 – 19.23; measured")
        assert "over layers (above)" in words
        assert "half a unit of the last digit" in words

    def test_dense_has_one_reading(self, bench):
        cell = CELLS["T2/dense/OPT-1.3b"]
        found = bench.check(cell)
        assert len(found.readings) == 1
        assert found.verdict == "disagrees"
        assert bench.check(printed(cell, found.readings[0].measured)).verdict == "agrees"

    def test_what_was_not_measured_has_no_verdict(self):
        assert outcome(HALF, {}, PAPER, DTYPE).verdict == "not measured"

    def test_an_infinite_perplexity_disagrees(self):
        (_, experiment), *_ = experiments(HALF)
        found = outcome(HALF, {experiment.digest: {"perplexity": "inf"}}, PAPER, DTYPE)
        assert found.readings[0].place == "above"
        assert found.verdict == "disagrees so far"


class TestLedger:
    def test_a_run_that_was_stopped_goes_on(self, bench, models, monkeypatch):
        smoke = tiers.cells("smoke")
        for cell in smoke[:2]:
            bench.check(cell)
        before = bench.ledger.path.read_text(encoding="utf-8")
        measured = []
        real = Runner.measure
        monkeypatch.setattr(
            Runner, "measure", lambda self, each: measured.append(each) or real(self, each)
        )
        for cell in smoke:
            bench.check(cell)
        after = bench.ledger.path.read_text(encoding="utf-8")
        assert after.startswith(before)
        assert len(measured) == after.count("\n") - before.count("\n") == 5
        assert models.loaded == [HUB["OPT-1.3b"]]

    def test_a_cell_in_the_ledger_needs_no_model(self, bench, models):
        bench.check(HALF)
        models.loaded.clear()
        again = Bench(bench.ledger, Models(device="cpu"), bench.data, dtype="float32")
        assert again.check(HALF) == bench.check(HALF)
        assert models.loaded == []


class TestModels:
    def test_each_is_loaded_once_and_let_go_for_the_next(self, bench, models):
        for name in ("OPT-1.3b", "OPT-1.3b", "LLaMA2-7b"):
            bench.check(CELLS[f"T2/dense/{name}"])
        bench.check(CELLS["T2/wanda 50%/LLaMA2-7b"])
        assert models.loaded == [HUB["OPT-1.3b"], HUB["LLaMA2-7b"]]

    def test_a_place_of_ones_own_is_used(self, bench, models):
        models.places = checkpoints(["OPT-1.3b=/models/opt"])
        bench.check(HALF)
        assert models.loaded == ["/models/opt"]

    @pytest.mark.parametrize("text", ["OPT-1.3b", "OPT-1.3b=", "OPT=/x", "=/x"])
    def test_a_place_for_no_model_is_refused(self, text):
        with pytest.raises(ValueError, match="must be MODEL=PLACE with MODEL one of LLaMA2-7b"):
            checkpoints([text])

    def test_a_gated_model_says_how_to_get_it(self, bench, models):
        asked = []

        def refuse(name, *_, place):
            asked.append(name)
            gated = GatedRepoError.__new__(GatedRepoError)
            raise OSError("You are trying to access a gated repo.") from gated

        models.load = refuse
        for _ in range(2):
            with pytest.raises(UnavailableError) as raised:
                bench.check(CELLS["T2/dense/LLaMA2-7b"])
        assert raised.value.__cause__ is None, "the second time it is only said again"
        assert str(raised.value) == (
            "LLaMA2-7b is gated: ask for access at https://huggingface.co/meta-llama/"
            "Llama-2-7b-hf and log in with `hf auth login`, or give a folder: "
            "--checkpoint LLaMA2-7b=/path"
        )
        assert asked == ["LLaMA2-7b"], "asked once, and said again"

    def test_a_missing_folder_says_so(self, bench, models):
        def missing(*_, place):
            raise OSError(f"{place} is no folder\nand more")

        models.load = missing
        with pytest.raises(UnavailableError, match="OPT-1.3b cannot be had from .* is no folder"):
            bench.check(HALF)

    def test_the_doctor_stops_all_cells_of_a_model(self, bench, models):
        examined = []

        def examine(runner, data):
            examined.append((runner.name, data))
            if runner.name == "OPT-1.3b":
                yield "Dense perplexity is 31.8, not 14.62."
                yield "Is this another checkpoint?"

        models.examine = examine
        for cell in (HALF, CELLS["T2/wanda 50%/OPT-1.3b"]):
            with pytest.raises(UnfitError, match="31.8, not 14.62. Is this another checkpoint?"):
                bench.check(cell)
        for cell in ("T2/dense/LLaMA2-7b", "T2/ria 50%/LLaMA2-7b"):
            assert bench.check(CELLS[cell]).readings
        assert examined == [("OPT-1.3b", bench.data), ("LLaMA2-7b", bench.data)]
        assert "OPT" not in bench.ledger.path.read_text(encoding="utf-8")


class TestDoctor:
    """That the doctor is asked, and that only what is off stops a model."""

    SHAPE = Finding("structure", Verdict.HEALTHY, measured="opt, 24 blocks")

    def examined(self, bench, monkeypatch, *off, model="OPT-1.3b"):
        given = []

        def examine(model_itself, tokenizer, windows, **named):
            given.append((tuple(windows.shape), named))
            return SimpleNamespace(model=model, off=off, findings=(self.SHAPE, *off))

        monkeypatch.setattr(examination, "examine", examine)
        bench.models.examine = examination.doctor
        return given

    def test_it_sees_the_windows_that_are_measured(self, bench, monkeypatch):
        given = self.examined(bench, monkeypatch)
        assert bench.check(HALF).readings
        assert given == [((3, 16), {"source": bench.data.evaluate, "whole": False})]

    def test_what_is_off_is_said_with_cause_and_advice(self, bench, monkeypatch):
        finding = Finding(
            "dense perplexity",
            Verdict.OFF,
            measured="12.47",
            expected="14.62",
            cause="windows of 4096 tokens",
            advice="take --seqlen 2048",
        )
        self.examined(bench, monkeypatch, finding, replace(finding, expected="", cause=""))
        with pytest.raises(UnfitError) as raised:
            bench.check(HALF)
        assert str(raised.value) == (
            "OPT-1.3b: dense perplexity: 12.47 (expected: 14.62); windows of 4096 tokens; take "
            "--seqlen 2048. dense perplexity: 12.47; take --seqlen 2048."
        )

    @pytest.mark.parametrize(
        ("model", "words"), [("LLaMA-7b", "is LLaMA-7b, not"), ("", "is no model that is known")]
    )
    def test_another_model_is_not_measured(self, bench, monkeypatch, model, words):
        self.examined(bench, monkeypatch, model=model)
        with pytest.raises(UnfitError, match=f"structure: opt, 24 blocks; that {words}"):
            bench.check(HALF)

    def test_a_tiny_model_is_found_out(self, bench):
        """By the doctor itself."""
        bench.models.examine = examination.doctor
        with pytest.raises(UnfitError, match="llama, 6 blocks, 16 wide.* not OPT-1.3b"):
            bench.check(HALF)


class TestAccuracies:
    CELL = CELLS["T6/LLaMA2-7b ria/rte"]

    def test_one_pruned_model_answers_all_tasks_of_a_row(self, bench, llama):
        dense = {name: each.clone() for name, each in llama.state_dict().items()}
        asked = []

        def zero_shot(model, _):
            zeros = sum(int((each == 0).sum()) for each in model.parameters())
            asked.append(zeros)
            return dict.fromkeys(TASKS, 53.0)

        bench.zero_shot = zero_shot
        found = bench.check(self.CELL)
        assert found.readings[0].measured == 53.0
        assert found.supported
        assert bench.check(CELLS["T6/LLaMA2-7b ria/mean"]).readings[0].measured == 53.0
        assert len(asked) == 2, "both readings of the mean, the first of them from before"
        assert min(asked) > 0
        assert all(torch.equal(each, dense[name]) for name, each in llama.state_dict().items())

    def test_the_entry_is_another_than_the_perplexitys(self, bench):
        bench.zero_shot = lambda *_: dict.fromkeys(TASKS, 53.0)
        bench.check(self.CELL)
        (line,) = bench.ledger.path.read_text(encoding="utf-8").splitlines()
        entry = json.loads(line)
        assert entry["digest"].endswith("-zero-shot")
        assert entry["accuracies"]["mean"] == 53.0
        assert entry["plan"]["parameters"] == {"alpha": 0.5}

    def test_without_lm_eval_nothing_is_pruned_for_it(self, bench, models, monkeypatch):
        monkeypatch.setattr(measuring, "find_spec", lambda _: None)
        with pytest.raises(UnavailableError, match=r"pip install 'pruneproof\[zeroshot\]'"):
            bench.check(self.CELL)
        assert models.loaded == []

    def test_the_harness_counts_in_percent(self, monkeypatch):
        monkeypatch.setattr(
            "pruneproof.integration.zero_shot.zero_shot", lambda model, _: {"rte": model}
        )
        assert measuring.harness(0.25, None) == {"rte": 25.0}

    def test_a_missing_task_is_an_error(self, bench):
        bench.zero_shot = lambda *_: {"rte": 50.0}
        with pytest.raises(ValueError, match="no answer for arc_challenge, arc_easy, boolq"):
            bench.check(self.CELL)
