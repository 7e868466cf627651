"""A run from beginning to end on a model in a folder: report, result, and going on after a cut."""

import json
import sys

import pytest
import torch
from transformers import AutoModelForCausalLM
from typer.testing import CliRunner

from pruneproof.cli.app import app
from pruneproof.integration.decoder.blocks import decoder_blocks, linears
from pruneproof.integration.pruning import blockwise, prepare, run, run_options
from pruneproof.integration.recipe.plan import Plan
from pruneproof.integration.recipe.texts import Texts

PLAN = Plan("ria", sparsity=0.5, refine="dsnot")


@pytest.fixture
def place(tmp_path, llama, save_checkpoint, text):
    """A folder with a model and a text."""
    save_checkpoint(llama)
    return tmp_path


def go(place, **more):
    data = Texts(str(place / "text.txt"), str(place / "text.txt"), samples=4, seqlen=16)
    return run.run(str(place / "model"), PLAN, data, **more)


def test_the_result_loads_and_is_as_sparse_as_the_record_says(place):
    record = go(place, out=place / "pruned", report=place / "report")
    assert record == json.loads((place / "report/prune.json").read_text())
    assert record == json.loads((place / "pruned/prune.json").read_text())
    assert record["complete"] is True
    assert record["pruned_perplexity"] != record["dense_perplexity"]
    model = AutoModelForCausalLM.from_pretrained(place / "pruned")
    zeros = record["achieved_sparsity"]
    assert zeros["zeros"] == sum(
        int((layer.weight == 0).sum())
        for block in decoder_blocks(model)
        for _, layer in linears(block)
    )
    assert zeros["fraction"] == 0.5
    assert not (place / "pruned.unfinished").exists()


def test_a_run_that_is_cut_off_goes_on(place, monkeypatch):
    whole = go(place, out=place / "whole")
    made = []
    real = blockwise.keep_mask_of

    def cut(*arguments):
        made.append(1)
        if len(made) == 4 * 7 + 3:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(blockwise, "keep_mask_of", cut)
    with pytest.raises(KeyboardInterrupt):
        go(place, out=place / "pruned")
    assert not (place / "pruned").exists()
    made.clear()
    monkeypatch.setattr(blockwise, "keep_mask_of", lambda *each: made.append(1) or real(*each))
    record = go(place, out=place / "pruned")
    assert len(made) == 14, "seven layers each of the two blocks that were not done"
    assert record["pruned_perplexity"] == whole["pruned_perplexity"]


def test_another_runs_work_is_not_taken_for_ones_own(place):
    unfinished = place / "pruned.unfinished"
    unfinished.mkdir()
    (unfinished / "run.json").write_text("{}")
    with pytest.raises(FileExistsError, match="another run that was cut off"):
        go(place, out=place / "pruned")


def test_a_result_is_never_overwritten(place):
    (place / "pruned").mkdir()
    with pytest.raises(FileExistsError, match="exists; name another folder"):
        go(place, out=place / "pruned")


def test_a_sequence_longer_than_the_models_is_refused_first(place):
    data = Texts(str(place / "text.txt"), str(place / "text.txt"), samples=1, seqlen=33)
    with pytest.raises(ValueError, match="seqlen must be at most the model's 32, got 33"):
        run.run(str(place / "model"), PLAN, data)


def command(place, *more):
    text = str(place / "text.txt")
    arguments = ["prune", str(place / "model"), "--calibration", text, "--evaluate", text]
    return CliRunner().invoke(app, [*arguments, "--samples", "2", "--seqlen", "8", *more])


def test_the_command_prints_both_perplexities(place):
    result = command(place, "--method", "wanda", "--n-m", "2:4", "--alpha", "0.5")
    assert result.exit_code == 0, result.output
    assert "dense perplexity" in result.output
    assert "(50.000 %)" in result.output


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--method", "wand", "--sparsity", "0.5"), "method must be one of"),
        (("--method", "wanda"), "sparsity or n_m"),
        (("--method", "wanda", "--n-m", "2-4"), "as 2:4, got 2-4"),
    ],
)
def test_a_wrong_call_exits_with_2_and_says_why(place, more, message):
    result = command(place, *more)
    assert result.exit_code == 2
    assert message in result.output


def test_zero_shot_accuracy_is_measured_on_the_pruned_model(place, monkeypatch):
    def sparsity_of(model, _):
        blocks = decoder_blocks(model)
        return {"boolq": float((blocks[0].mlp.up_proj.weight == 0).float().mean())}

    monkeypatch.setattr(run_options, "check_installed", lambda: None)
    monkeypatch.setattr(run, "accuracies", sparsity_of)
    assert go(place, zero_shot=True)["zero_shot"] == {"boolq": 0.5}
    result = command(place, "--method", "wanda", "--n-m", "2:4", "--zero-shot")
    assert "boolq              50.0 %" in result.output


@pytest.mark.parametrize(
    ("more", "message"),
    [((), "pip install 'pruneproof[zeroshot]'"), (("--stream",), "zero_shot needs the whole")],
)
def test_zero_shot_that_cannot_be_is_refused_first(place, monkeypatch, more, message):
    monkeypatch.setitem(sys.modules, "lm_eval", None)
    monkeypatch.setattr(prepare, "load_skeleton", None)
    result = command(place, "--method", "wanda", "--sparsity", "0.5", "--zero-shot", *more)
    assert result.exit_code == 2
    assert message in result.output


def test_a_configuration_without_a_dtype_means_float32_in_memory_and_streamed(place):
    config = json.loads((place / "model/config.json").read_text())
    model = AutoModelForCausalLM.from_pretrained(place / "model", dtype=torch.bfloat16)
    model.save_pretrained(place / "model")
    (place / "model/config.json").write_text(
        json.dumps(
            {key: value for key, value in config.items() if key not in ("dtype", "torch_dtype")}
        )
    )
    records = [go(place, stream=stream) for stream in (False, True)]
    assert [each["dtype"] for each in records] == ["float32"] * 2
    assert records[0]["pruned_perplexity"] == records[1]["pruned_perplexity"]
