"""What the weights of a decoder's blocks look like: zeros, patterns, levels, damage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pruneproof.integration.decoder.blocks import decoder_blocks, linears
from pruneproof.integration.decoder.decoder import Decoder
from pruneproof.integration.inspection.facts import Facts, look
from pruneproof.integration.inspection.levels import levels_of, sample
from pruneproof.integration.inspection.n_of_m import claimed
from pruneproof.integration.inspection.of_torch import content_of, entry_of

PATTERNS = ((2, 4), (4, 8))
"""Patterns that are named also where all outputs have the same zeros."""


@dataclass(frozen=True)
class Weights:
    """The matrices of all blocks, experts' included.

    Attributes:
        weights: how many there are.
        zeros: how many are zero.
        pruned: names of layers that were pruned: whose zeros no format explains.
        moved: weights at a value near 0 that their block shares, where a format moved zeros.
        damaged: names of layers that hold NaN or infinity.
        absent: names of layers whose weights are not in memory.
        packed: names of layers whose weights are not stored as floating point of 16 bits or more.
        pattern: n:m that all layers keep, such as 2:4, or "".
        levels: values in a run of weights, on average over the layers that were expanded from a
            quantised format; 0 where most layers were not.
        dtypes: number of parameters of the model in each dtype.
    """

    weights: int
    zeros: int
    pruned: tuple[str, ...]
    moved: int
    damaged: tuple[str, ...]
    absent: tuple[str, ...]
    packed: tuple[str, ...]
    pattern: str
    levels: float
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
    found: list[Facts] = []
    kept: list[set[str]] = []
    values: list[float] = []
    groups: dict[str, list[str]] = {"damaged": [], "absent": [], "packed": [], "pruned": []}
    for name, weight in _layers(model):
        if weight.device.type == "meta":
            groups["absent"].append(name)
        elif not weight.is_floating_point() or weight.element_size() < 2:
            groups["packed"].append(name)
        else:
            content = content_of(weight)
            facts, mask = look(entry_of(name, weight), content, {}, damaged=True)
            found.append(facts)
            if not facts.finite:
                groups["damaged"].append(name)
            if facts.pruned:
                groups["pruned"].append(name)
            kept.append({":".join(map(str, each)) for each in PATTERNS if _keeps(mask, *each)})
            if facts.pattern is not None:
                kept[-1].add(str(facts.pattern))
            levels = facts.levels
            if levels is None and facts.finite:
                levels = levels_of(sample(content))
            if levels is not None and levels.quantised:
                values.append(levels.values)
    common = set.intersection(*kept) if kept else set()
    dtypes = Counter[str]()
    for parameter in model.parameters():
        dtypes[str(parameter.dtype).removeprefix("torch.")] += parameter.numel()
    return Weights(
        weights=sum(each.entry.weights for each in found),
        zeros=sum(each.zeros for each in found),
        moved=sum(each.displaced for each in found),
        pattern=min(common, default=""),
        levels=sum(values) / len(values) if 2 * len(values) > len(found) else 0.0,
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


def _keeps(mask: Any, n: int, m: int) -> bool:
    """Whether at most n of every m consecutive inputs are non-zero."""
    return mask is not None and mask.shape[1] >= m and claimed(mask, n, m).violations == 0
