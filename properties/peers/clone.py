"""Driving the pruning functions of a clone as they are: a model of one linear layer, on the CPU.

The official repositories prune whole language models on CUDA with text that they download. Here
their functions get a model with one layer in place of LLaMA, the gate's tokens in place of the
text, and `Tensor.cuda` that stays where it is. Scores and masks are the functions' own variables.
"""

from __future__ import annotations

import importlib
import io
import os
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn

from pruneproof.properties.peers.variables import variables_of

CPU = torch.device("cpu")
MOST_SEQUENCES = 128


class Clone:
    """A clone of a repository whose pruning functions lie in lib/prune.py.

    Args:
        variable: of the environment, that holds the path of the clone.

    Raises:
        RuntimeError: there is no such variable, or no such clone.
    """

    def __init__(self, variable: str) -> None:
        place = Path(os.environ.get(variable, "")).resolve()
        if variable not in os.environ or not (place / "lib" / "prune.py").is_file():
            raise RuntimeError(f"{variable} must be the path of a clone")
        self.version = _commit(place)
        # Another clone's modules have the same names.
        for name in [name for name in sys.modules if name.split(".")[0] == "lib"]:
            del sys.modules[name]
        # Only its loaders of text would need the package datasets.
        data = ModuleType("lib.data")
        data.get_loaders = None  # type: ignore[attr-defined]
        sys.modules["lib.data"] = data
        sys.path.insert(0, str(place))
        self.prune = importlib.import_module("lib.prune")

    def run(self, name: str, weight: Tensor, inputs: Tensor | None = None, **options: Any) -> Any:
        """Call one of the functions; return its variables as they are at its end.

        Args:
            name: of the function.
            weight: out_features × in_features.
            inputs: sequences × tokens × in_features.
            options: `prune_n` and `prune_m`; the others are those of the command line.
        """
        function = getattr(self.prune, name)
        sequences = torch.zeros(0, 0, weight.shape[1]) if inputs is None else inputs
        shape = {key: options.pop(key, 0) for key in ("prune_n", "prune_m")}
        args = SimpleNamespace(nsamples=len(sequences), seed=0, **options)
        model = _Model(weight, sequences.shape[1])
        loaded = [(each[None],) for each in sequences]
        vars(self.prune)["get_loaders"] = lambda *_, **__: (loaded, None)
        with redirect_stdout(io.StringIO()), patch.object(Tensor, "cuda", lambda self: self):
            return variables_of(function, function, args, model, None, CPU, **shape)


def as_sequences(inputs: Tensor) -> Tensor:
    """Tokens × in_features as sequences of one token, so that sequences are accumulated.

    More tokens than Wanda's code has room for sequences, which is 128, are one sequence.
    """
    if inputs.ndim > 2:
        return inputs
    return inputs[:, None] if len(inputs) <= MOST_SEQUENCES else inputs[None]


def _commit(place: Path) -> str:
    found = subprocess.run(
        ["git", "-C", str(place), "rev-parse", "--short=12", "HEAD"],
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip() or "unknown"


class _Block(nn.Module):
    """A decoder layer as far as the functions look: one linear layer with a dotted name."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        linear = nn.Linear(1, 1, bias=False)
        linear.weight = nn.Parameter(weight.clone(), requires_grad=False)
        self.self_attn = nn.ModuleDict({"q_proj": linear})

    def forward(self, tokens: Tensor, **_: Any) -> tuple[Tensor]:
        self.self_attn["q_proj"](tokens)
        return (tokens,)


class _Model(nn.Module):
    def __init__(self, weight: Tensor, length: int) -> None:
        super().__init__()
        self.model = nn.Module()
        self.model.layers = nn.ModuleList([_Block(weight)])
        self.config = SimpleNamespace(use_cache=False, hidden_size=weight.shape[1])
        self.hf_device_map: dict[str, Any] = {}
        self.seqlen = length

    def forward(self, tokens: Tensor) -> Tensor:
        # Looked up each time, since a catcher of inputs takes its place.
        layer = self.model.layers[0]  # type: ignore[index]
        return layer(tokens, attention_mask=None, position_ids=None)[0]  # type: ignore[operator]
