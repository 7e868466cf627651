"""Experiments, their ledger, and the runner, on a tiny model in a folder."""

import json
import math
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from transformers import AutoModelForCausalLM

from pruneproof.integration.experiments import Experiment, Ledger, Runner, runner, work_through
from pruneproof.integration.perplexity import perplexity
from pruneproof.integration.recipe.plan import Plan
from pruneproof.integration.recipe.texts import Texts

DATA = Texts("text", "text", samples=4, seqlen=16, windows=5)
WANDA = Experiment("tiny", Plan("wanda", sparsity=0.5), DATA)
DENSE = replace(WANDA, plan=None)
HALVES = [
    DENSE,
    WANDA,
    replace(WANDA, plan=Plan("magnitude", n_m=(2, 4))),
    replace(WANDA, plan=Plan("ria", sparsity=0.5, refine="dsnot")),
]
OTHERS = {
    "method": replace(WANDA, plan=Plan("ria", sparsity=0.5)),
    "sparsity": replace(WANDA, plan=Plan("wanda", sparsity=0.6)),
    "pattern": replace(WANDA, plan=Plan("wanda", n_m=(2, 4))),
    "group": replace(WANDA, plan=Plan("wanda", sparsity=0.5, group="layer")),
    "parameters": replace(WANDA, plan=Plan("wanda", sparsity=0.5, parameters={"alpha": 0.5})),
    "refinement": replace(WANDA, plan=Plan("wanda", sparsity=0.5, refine="dsnot")),
    "no plan": DENSE,
    "model": replace(WANDA, model="other"),
    "dtype": replace(WANDA, dtype="float32"),
    "seed": replace(WANDA, data=replace(DATA, seed=1)),
    "text": replace(WANDA, data=replace(DATA, evaluate="other")),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_whatever_decides_the_result_changes_the_digest(other):
    assert other.digest != WANDA.digest


def test_a_digest_is_the_same_on_every_machine():
    again = Experiment("tiny", Plan("wanda", sparsity=0.5), replace(DATA))
    assert again.digest == WANDA.digest == "ae883b1bf103bbd2"


def test_a_record_is_strict_json():
    infinite = replace(WANDA, plan=Plan("lp", n_m=(2, 4), parameters={"p": math.inf}))
    assert json.loads(json.dumps(infinite.record(), allow_nan=False)) == infinite.record()


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger.jsonl")


def test_a_ledger_that_is_not_there_is_empty(ledger):
    assert ledger.results() == {}


def test_a_half_written_last_line_does_not_count(ledger):
    ledger.append({"digest": "a"})
    with ledger.path.open("a") as file:
        file.write('{"digest": "b"')
    assert ledger.results() == {"a": {"digest": "a"}}
    ledger.append({"digest": "c"})
    assert list(ledger.results()) == ["a", "c"]


def test_a_damaged_line_is_named(ledger):
    ledger.append({"digest": "a"})
    with ledger.path.open("a") as file:
        file.write('{"digest": \n')
    with pytest.raises(ValueError, match="line 2"):
        ledger.results()


def test_a_number_that_is_none_is_refused_and_nothing_written(ledger):
    with pytest.raises(ValueError, match="JSON"):
        ledger.append({"digest": "a", "perplexity": math.nan})
    assert ledger.results() == {}


APPEND_50 = """
import sys
from pathlib import Path
from pruneproof.integration.experiments import Ledger
for number in range(50):
    Ledger(Path(sys.argv[1])).append({"digest": f"{sys.argv[2]}{number}", "text": "x" * 10_000})
"""


def test_processes_append_side_by_side(ledger):
    command = [sys.executable, "-c", APPEND_50, str(ledger.path)]
    writers = [subprocess.Popen([*command, name]) for name in "ab"]
    assert [writer.wait() for writer in writers] == [0, 0]
    expected = {f"{name}{number}" for name in "ab" for number in range(50)}
    assert set(ledger.results()) == expected


@pytest.fixture
def tiny(tmp_path, llama, monkeypatch):
    """A runner of a model in a folder, with a text."""
    llama.save_pretrained(tmp_path / "model")
    text = tmp_path / "text.txt"
    text.write_text("".join(chr(33 + i * i % 83) for i in range(400)))

    def tokenizer(text, **_):
        return SimpleNamespace(input_ids=torch.tensor([[ord(each) % 97 for each in text]]))

    def load(name, dtype, device):
        return AutoModelForCausalLM.from_pretrained(name, dtype="auto").eval(), tokenizer

    monkeypatch.setattr(runner, "load_model", load)
    return Runner("tiny", place=str(tmp_path / "model"), sources={"text": str(text)})


def bits(model):
    return {name: tensor.view(torch.int32).clone() for name, tensor in model.state_dict().items()}


def test_dense_weights_are_restored_bit_for_bit(tiny):
    tiny._weights()[0][0, 0] = -0.0
    tiny._dense[0][0, 0] = -0.0
    before = bits(tiny.model)
    for experiment in HALVES:
        tiny.measure(experiment)
    after = bits(tiny.model)
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_dense_weights_are_restored_after_a_failure(tiny, monkeypatch):
    before = bits(tiny.model)

    def fail(*_):
        assert any(not torch.equal(before[n], each) for n, each in bits(tiny.model).items())
        raise OSError("no")

    monkeypatch.setattr(runner, "perplexity", fail)
    with pytest.raises(OSError, match="no"):
        tiny.measure(WANDA)
    assert all(torch.equal(before[name], each) for name, each in bits(tiny.model).items())


def test_what_is_measured_does_not_depend_on_what_was_measured_before(tiny):
    alone = tiny.measure(WANDA)
    for experiment in HALVES:
        last = tiny.measure(experiment)
    assert last["perplexity"] != alone["perplexity"]
    again = tiny.measure(WANDA)
    for what in ("perplexity", "zeros_fingerprint", "window_losses", "calibration_fingerprint"):
        assert again[what] == alone[what]


def test_a_measurement_says_what_was_there(tiny):
    dense, wanda = tiny.measure(DENSE), tiny.measure(WANDA)
    windows = tiny._tokens_of(DATA)[1]
    assert dense["perplexity"] == pytest.approx(perplexity(tiny.model, windows), rel=1e-12)
    assert len(dense["window_losses"]) == 5
    assert dense["zeros"] == 0
    assert wanda["zeros"] * 2 == wanda["weights"]
    assert dense["zeros_fingerprint"] != wanda["zeros_fingerprint"]
    assert dense["model_fingerprint"] == wanda["model_fingerprint"]
    assert dense["evaluation_fingerprint"] == wanda["evaluation_fingerprint"]
    json.dumps(wanda, allow_nan=False)


def test_the_models_fingerprint_sees_one_bit(tiny):
    before = tiny.model_fingerprint
    assert Runner("tiny", place=tiny.model.config.name_or_path).model_fingerprint == before
    tiny.model.lm_head.weight.data[0, 0].neg_()
    del tiny.model_fingerprint
    assert tiny.model_fingerprint != before


@pytest.mark.parametrize("what", ["model", "dtype"])
def test_another_runners_experiment_is_refused(tiny, what):
    with pytest.raises(ValueError, match=what):
        tiny.measure(OTHERS[what])


class Stopped(Exception):  # noqa: N818
    pass


def test_a_stopped_run_goes_on(tiny, ledger, monkeypatch):
    def stop(*_):
        if len(ledger.results()) == 2:
            raise Stopped

    with pytest.raises(Stopped):
        work_through(HALVES, ledger, tiny, stop)
    assert list(ledger.results()) == [each.digest for each in HALVES[:2]]
    told = []
    work_through(HALVES, ledger, tiny, lambda experiment, _: told.append(experiment))
    assert told == HALVES[2:]
    entries = ledger.results()
    assert set(entries) == {each.digest for each in HALVES}
    assert entries[WANDA.digest]["plan"] == {
        "method": "wanda",
        "sparsity": 0.5,
        "group": "output",
    }
