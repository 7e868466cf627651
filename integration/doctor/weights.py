"""What the weights of a decoder's blocks look like: zeros, patterns, levels, damage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pruneproof.integration.linear_inputs import decoder_blocks, linears
from pruneproof.integration.pruning.decoder import Decoder

PATTERNS = ((2, 4), (4, 8))
LEVELS, RUN = 16, 32
"""Four-bit formats such as GGUF's Q4_0 and Q4_1 give runs of 32 weights at most 16 values."""
RUNS_LOOKED_AT = 512


@dataclass(frozen=True)
class Weights:
    """The matrices of all blocks, experts' included.

    Attributes:
        weights: how many there are.
        zeros: how many are zero.
        damaged: names of layers that hold NaN or infinity.
        absent: names of layers whose weights are not in memory.
        packed: names of layers whose weights are not stored as floating point of 16 bits or more.
        pattern: n:m that all layers keep, such as 2:4, or "".
        four_bit: whether runs of weights have no more values than four bits can tell apart.
        dtypes: number of parameters of the model in each dtype.
    """

    weights: int
    zeros: int
    damaged: tuple[str, ...]
    absent: tuple[str, ...]
    packed: tuple[str, ...]
    pattern: str
    four_bit: bool
    dtypes: dict[str, int]

    @property
    def fraction(self) -> float:
        """Zeros among the weights."""
        return self.zeros / self.weights if self.weights else 0.0


@torch.no_grad()
def look_at(model: Any) -> Weights:
    """Look through all matrices of all blocks, once.

    Raises:
        ValueError: the model has no stack of blocks.
    """
    weights = zeros = 0
    kept: list[set[tuple[int, int]]] = []
    few_levels: list[bool] = []
    groups: dict[str, list[str]] = {"damaged": [], "absent": [], "packed": []}
    for name, weight in _layers(model):
        if weight.device.type == "meta":
            groups["absent"].append(name)
        elif not weight.is_floating_point() or weight.element_size() < 2:
            groups["packed"].append(name)
        else:
            if not bool(weight.isfinite().all()):
                groups["damaged"].append(name)
            zero = weight == 0
            weights, zeros = weights + weight.numel(), zeros + int(zero.sum())
            kept.append({each for each in PATTERNS if _keeps(zero, *each)})
            few_levels.append(_four_bit(weight))
    common = set.intersection(*kept) if kept else set()
    dtypes = Counter[str]()
    for parameter in model.parameters():
        dtypes[str(parameter.dtype).removeprefix("torch.")] += parameter.numel()
    return Weights(
        weights=weights,
        zeros=zeros,
        pattern=":".join(map(str, min(common))) if common else "",
        four_bit=bool(few_levels) and all(few_levels),
        dtypes=dict(dtypes),
        **{key: tuple(names) for key, names in groups.items()},
    )


def _layers(model: Any) -> Iterator[tuple[str, Tensor]]:
    try:
        decoder = Decoder.of(model)
    # Of a model that cannot be pruned as it is, what is quantised, say, is still looked at.
    except ValueError:
        for number, block in enumerate(decoder_blocks(model)):
            for name, layer in linears(block):
                yield f"block {number}, {name}", layer.weight
        return
    for number, block in enumerate(decoder.blocks(model)):
        for each in decoder.matrices[number]:
            yield f"block {number}, {each.name}", each.of(block).reshape(-1, each.in_features)


def _keeps(zero: Tensor, n: int, m: int) -> bool:
    """Whether at most n of every m consecutive inputs are non-zero."""
    width = zero.shape[1] // m * m
    runs = zero[:, :width].reshape(-1, m)
    return runs.numel() > 0 and int(runs.sum(1).min()) >= m - n


def _four_bit(weight: Tensor) -> bool:
    """Whether the first runs of inputs have few values, pruned ones not counted."""
    width = weight.shape[1] // RUN * RUN
    runs = weight[:, :width].reshape(-1, RUN)[:RUNS_LOOKED_AT].float().sort(dim=1).values
    values = 1 + (runs.diff(dim=1) != 0).sum(1)
    full = (runs != 0).sum(1) > LEVELS
    return bool(full.any()) and int(values[full].max()) <= LEVELS + 1
