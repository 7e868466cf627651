"""Small checkpoints for `pruneproof inspect`, and the command as a function."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from typer.testing import CliRunner

from pruneproof.cli.app import app

SHAPES = {
    "self_attn.q_proj": (64, 64),
    "self_attn.o_proj": (64, 64),
    "mlp.up_proj": (160, 64),
    "mlp.down_proj": (64, 160),
}
BLOCKS = 6
NAMES = [f"model.layers.{n}.{name}.weight" for n in range(BLOCKS) for name in SHAPES]
CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 64,
    "num_attention_heads": 4,
    "num_hidden_layers": BLOCKS,
}
Weights = dict[str, np.ndarray]


def dense(seed: int = 0) -> Weights:
    """All tensors of a decoder in float32, without a zero."""
    draw = np.random.default_rng(seed)
    made = {name: draw.standard_normal(SHAPES[name.split(".", 3)[3][:-7]]) for name in NAMES}
    made |= {f"model.layers.{n}.input_layernorm.weight": np.ones(64) for n in range(BLOCKS)}
    made["model.embed_tokens.weight"] = draw.standard_normal((97, 64))
    return {name: each.astype(np.float32) for name, each in made.items()}


def smallest(W: np.ndarray, count: int) -> np.ndarray:
    """Which weights of each output are among so many smallest ones."""
    order = np.argsort(np.abs(W), axis=1)[:, :count]
    gone = np.zeros(W.shape, bool)
    np.put_along_axis(gone, order, True, axis=1)
    return gone


def pruned(tensors: Weights, sparsity: float = 0.5) -> Weights:
    """Every layer without its smallest weights, in each output."""
    return tensors | {
        name: np.where(smallest(each, int(each.shape[1] * sparsity)), np.float32(0), each)
        for name, each in tensors.items()
        if name in NAMES
    }


def two_of_four(W: np.ndarray) -> np.ndarray:
    """Weights without the smaller two of every four neighbouring inputs."""
    groups = W.reshape(-1, 4)
    return np.where(smallest(groups, 2), np.float32(0), groups).reshape(W.shape)


def save(folder: Path, tensors: Weights, dtype: torch.dtype = torch.float32, **config: Any) -> Path:
    """Write a folder with one file and a configuration."""
    folder.mkdir()
    stored = {name: torch.from_numpy(np.array(each)).to(dtype) for name, each in tensors.items()}
    save_file(stored, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(CONFIG | config), "utf-8")
    return folder


class Found:
    """What a call of the command came to."""

    def __init__(self, *arguments: object, report: Path) -> None:
        words = ["inspect", *map(str, arguments), "--report", str(report)]
        self.result = CliRunner().invoke(app, words)
        self.code, self.report = self.result.exit_code, report
        path = report / "inspect.json"
        self.record = json.loads(path.read_text("utf-8")) if path.exists() else {}
        self.tensors = {each["name"]: each for each in self.record.get("tensors", ())}

    @property
    def claims(self) -> dict[str, str]:
        """Verdicts by claim."""
        return {each["claim"]: each["verdict"] for each in self.record["claims"]}

    @property
    def line(self) -> str:
        """The last line on standard error."""
        return self.result.stderr.splitlines()[-1]
