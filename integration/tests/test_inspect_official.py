"""What the official code of Wanda, in the clone that PRUNEPROOF_WANDA names, makes of a model."""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from typer.testing import CliRunner

from inspect_bench.case import Made, saved_dense
from inspect_bench.dense import (
    BLOCKS,
    MATRICES,
    SHAPES,
    WIDTH,
    as_torch,
    llama,
    norms,
    rounded,
    save,
)
from pruneproof.cli.app import app

pytestmark = pytest.mark.official
SEQUENCES, LENGTH = 4, 32


class Block(nn.Module):
    """The matrices of a block, each fed with inputs of very unequal size."""

    def __init__(self, number: int, weights: dict[str, Any], dtype: str) -> None:
        super().__init__()
        self.number, self.dtype = number, dtype
        self.layers = nn.ModuleDict()
        for name, (out, inputs) in SHAPES.items():
            layer = nn.Linear(inputs, out, bias=False)
            weight = as_torch(weights[f"model.layers.{number}.{name}.weight"], dtype)
            # What is pruned in place is not to reach the dense model.
            layer.weight.data = weight.clone()
            self.layers[name.replace(".", "-")] = layer

    def forward(self, hidden: Tensor, **_: Any) -> tuple[Tensor]:
        """Not a model's own: what matters is that each matrix is called."""
        for name, layer in self.layers.items():
            full = f"model.layers.{self.number}.{name.replace('-', '.')}.weight"
            x = torch.from_numpy(norms(full, "heavy")).clamp(max=1e3)
            fed = hidden.repeat(1, 1, 2)[..., : layer.in_features].float() * x
            layer(fed.to(hidden.dtype))
        return (hidden.roll(1, -1),)


@pytest.fixture
def official(monkeypatch) -> Any:
    """Its module lib.prune, on a machine without CUDA and without its text."""
    for each in [name for name in sys.modules if name.partition(".")[0] == "lib"]:
        monkeypatch.delitem(sys.modules, each)
    data = ModuleType("lib.data")
    data.get_loaders = lambda *_, **__: ([], None)
    monkeypatch.setitem(sys.modules, "lib.data", data)
    monkeypatch.syspath_prepend(os.environ["PRUNEPROOF_WANDA"])
    monkeypatch.setattr(Tensor, "cuda", lambda self: self)
    prune = importlib.import_module("lib.prune")
    draw = torch.Generator().manual_seed(0)
    hidden = torch.randn(SEQUENCES, LENGTH, WIDTH, generator=draw)

    def inputs(model: Any, *_: Any) -> tuple[Any, ...]:
        return hidden.to(model.dtype), torch.zeros_like(hidden).to(model.dtype), None, None

    monkeypatch.setattr(prune, "prepare_calibration_input", inputs)
    yield prune
    for each in [name for name in sys.modules if name.partition(".")[0] == "lib"]:
        monkeypatch.delitem(sys.modules, each)


def pruned(official: Any, function: str, folder: Path, dtype: str, **shape: Any) -> Made:
    """A checkpoint of what a function of it leaves, beside the dense one."""
    dense = rounded(llama(), dtype)
    blocks = nn.ModuleList([Block(number, dense, dtype) for number in range(BLOCKS)])
    model = SimpleNamespace(
        config=SimpleNamespace(use_cache=False), model=SimpleNamespace(layers=blocks),
        hf_device_map={}, seqlen=LENGTH, dtype=blocks[0].layers["mlp-up_proj"].weight.dtype,
    )  # fmt: skip
    arguments = SimpleNamespace(
        nsamples=SEQUENCES, seed=0, sparsity_ratio=shape.pop("sparsity", 0.5), use_variant=False
    )
    with torch.no_grad():
        getattr(official, function)(arguments, model, None, torch.device("cpu"), **shape)
    tensors = dict(dense)
    for number, block in enumerate(blocks):
        for name, layer in block.layers.items():
            full = f"model.layers.{number}.{name.replace('-', '.')}.weight"
            tensors[full] = layer.weight.data.float().numpy()
    it = save(folder / "it", tensors, dtype)
    return Made(it, ("--dense", saved_dense(folder, dense, dtype)))


def inspected(made: Made, folder: Path, *options: str) -> dict[str, Any]:
    arguments = ["inspect", made.checkpoint, *made.options, *options, "--report", folder / "report"]
    result = CliRunner().invoke(app, [str(each) for each in arguments])
    assert result.exit_code == 0, result.output
    return json.loads((folder / "report/inspect.json").read_text("utf-8"))


@pytest.mark.parametrize("dtype", ["F32", "BF16", "F16"])
@pytest.mark.parametrize("shape", [{}, {"sparsity": 0.7}, {"prune_n": 2, "prune_m": 4}], ids=str)
def test_its_wanda_is_not_refuted(official, tmp_path, dtype, shape):
    made = pruned(official, "prune_wanda", tmp_path, dtype, **shape)
    found = inspected(made, tmp_path, "--method", "wanda")
    of = {each["method"]: each for each in found["explanations"] if each["group"] == "output"}
    assert of["wanda"]["verdict"] in ("possible", "not_decided")
    assert of["magnitude"]["verdict"] == "refuted"
    assert all(each["changed_kept"] == 0 for each in found["tensors"] if each["name"] in MATRICES)


def test_its_magnitude_pruning_is_recognised_with_one_too_many(official, tmp_path):
    made = pruned(official, "prune_magnitude", tmp_path, "F32")
    found = inspected(made, tmp_path, "--method", "magnitude", "--group", "layer")
    of = {each["method"]: each for each in found["explanations"] if each["group"] == "layer"}
    assert of["magnitude"]["verdict"] == "explains"
    for each in found["tensors"]:
        if each["name"] in MATRICES:
            assert each["zeros"] == each["shape"][0] * each["shape"][1] // 2 + 1
