"""A real LLaMA, pruned by this project and by the official formula of Wanda, is recognised."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, AutoTokenizer
from typer.testing import CliRunner

from pruneproof.cli.app import app
from pruneproof.integration.pruning.run import run
from pruneproof.integration.recipe.plan import Plan
from pruneproof.integration.recipe.texts import Texts
from pruneproof.integration.small_checkpoints.small_llama import fetch_small_llama
from pruneproof.integration.text.sources import calibration_tokens
from pruneproof.integration.text.wikipedia import fetch_wikipedia_text

pytestmark = pytest.mark.checkpoint
DRAWS = {"samples": 16, "seqlen": 256}


@pytest.fixture(scope="module")
def text(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("text") / "wikipedia.txt"
    path.write_text(fetch_wikipedia_text()[:400_000], "utf-8")
    return path


def test_a_model_that_this_project_pruned_is_recognised(tmp_path, text):
    data = Texts(str(text), str(text), windows=1, **DRAWS)
    run(str(fetch_small_llama()), Plan("wanda", 0.5), data, out=tmp_path / "pruned")
    found = inspected(tmp_path, text, seed=0)
    recognised_as_wanda(found)
    nearest = next(each for each in found["explanations"] if "calibration" in each)
    assert nearest["verdict"] == "explains"
    assert nearest["agreement"] == 1, "the same text and seed give the same mask"


def test_a_model_that_the_official_formula_pruned_is_recognised(tmp_path, text):
    """Calibrated with other windows of the text, as nobody knows which they were."""
    folder = fetch_small_llama()
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    by_official_formula(model, calibration_tokens(str(text), tokenizer, *DRAWS.values(), seed=5))
    model.save_pretrained(tmp_path / "pruned")
    recognised_as_wanda(inspected(tmp_path, text, seed=0))


def test_a_model_pruned_by_magnitude_is_not_taken_for_the_others(tmp_path, text):
    data = Texts(str(text), str(text), windows=1, samples=2, seqlen=32)
    run(str(fetch_small_llama()), Plan("magnitude", 0.5), data, out=tmp_path / "pruned")
    of = verdicts(inspected(tmp_path, text, seed=0))
    assert of["magnitude"] == "explains"
    assert of["ri"] == of["ria"] == "refuted"


def inspected(place: Path, text: Path, seed: int) -> dict[str, Any]:
    arguments = ["inspect", place / "pruned", "--dense", fetch_small_llama(), "--sparsity", "0.5",
                 "--group", "output", "--calibration", text, "--samples", DRAWS["samples"],
                 "--seqlen", DRAWS["seqlen"], "--seed", seed,
                 "--report", place / "report"]  # fmt: skip
    result = CliRunner().invoke(app, [str(each) for each in arguments])
    assert result.exit_code == 0, result.output
    return json.loads((place / "report/inspect.json").read_text("utf-8"))


def verdicts(found: dict[str, Any]) -> dict[str, str]:
    """Without a calibration, within outputs."""
    return {
        each["method"]: each["verdict"]
        for each in found["explanations"]
        if each["group"] == "output" and "calibration" not in each
    }


def recognised_as_wanda(found: dict[str, Any]) -> None:
    layers = [each for each in found["tensors"] if each["role"] == "matrix"]
    assert len(layers) == 210
    assert all(each["pruned"] and each["changed_kept"] == 0 for each in layers)
    of = verdicts(found)
    assert of["wanda"] == "possible"
    assert of["magnitude"] == of["ri"] == of["ria"] == "refuted"
    calibrated = {each["method"]: each for each in found["explanations"] if "calibration" in each}
    nearest = min(calibrated.values(), key=lambda each: each["calibration"]["distance"])
    assert nearest["method"] == "wanda"
    assert nearest["verdict"] in ("explains", "possible")
    for other in ("magnitude", "ri", "owanda", "symwanda", "stochria"):
        assert calibrated[other]["verdict"] == "not_decided"
        assert calibrated[other]["agreement"] < nearest["agreement"]


@torch.no_grad()
def by_official_formula(model: Any, tokens: Tensor) -> None:
    """The loop and the arithmetic of locuslab/wanda's `prune_wanda`, on this model's own blocks."""
    calls: list[tuple[Any, Any]] = []

    def caught(_: nn.Module, args: Any, kwargs: Any) -> None:
        calls.append((args, kwargs))
        raise StopIteration

    blocks = model.model.layers
    handle = blocks[0].register_forward_pre_hook(caught, with_kwargs=True)
    for sequence in tokens.split(1):
        with pytest.raises(StopIteration):
            model(sequence, use_cache=False)
    handle.remove()
    hidden = [args[0] for args, _ in calls]
    for block in blocks:
        rows: dict[nn.Module, Tensor] = {}
        layers = [each for each in block.modules() if isinstance(each, nn.Linear)]

        def add(layer: nn.Module, inputs: Any, rows: dict[nn.Module, Tensor] = rows) -> None:
            X = inputs[0].reshape(-1, inputs[0].shape[-1]).t().float()
            # As theirs is in the end, divided by the number of sequences.
            rows[layer] = rows.get(layer, 0) + torch.norm(X, p=2, dim=1) ** 2 / len(calls)

        handles = [each.register_forward_pre_hook(add) for each in layers]
        _through(block, hidden, calls)
        for each in handles:
            each.remove()
        for layer in layers:
            metric = layer.weight.abs() * torch.sqrt(rows[layer].reshape((1, -1)))
            order = torch.sort(metric, dim=-1, stable=True)[1]
            layer.weight.scatter_(1, order[:, : int(metric.shape[1] * 0.5)], 0)
        hidden = _through(block, hidden, calls)


def _through(block: nn.Module, hidden: list[Tensor], calls: list[tuple[Any, Any]]) -> list[Tensor]:
    found = []
    for each, (args, kwargs) in zip(hidden, calls, strict=True):
        answer = block(each, *args[1:], **kwargs)
        found.append(answer[0] if isinstance(answer, tuple) else answer)
    return found
