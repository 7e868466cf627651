"""Shorter cycles: two pairs of weights, four numbers, where there are such.

All pairs of inputs are b²·c quotients, so of a wide layer some inputs are looked at: those of a
cycle that is known, and others evenly spread. A cycle among them is a proof all the same.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pruneproof.integration.inspection.explanations.norms import Edge, Layer

QUOTIENTS = 2**27
"""How many are computed: a second or less."""
LONGEST = 48
"""Cycles of more inputs are left as they are."""
SMALL = 1e-3
"""Of the largest weight. Smaller ones prove as much, but in numbers that nobody likes to check."""


def shorter(layer: Layer, cycle: tuple[Edge, ...]) -> list[tuple[Edge, ...]]:
    """Cycles with no more edges than one that is known, the most convincing first.

    Those of two edges come first, by how much they exceed 1. They are of single precision, so that
    each must be checked.
    """
    outputs, _, length = layer.V.shape
    group = cycle[0][1] // length
    known = sorted({edge[1] % length for edge in cycle})
    kept = layer.kept[:, group]
    V = layer.V[:, group]
    V = torch.where(kept, V.clamp(min=V.max() + math.log(SMALL)), V)
    inputs = _chosen(known, length, math.isqrt(max(1, QUOTIENTS // max(1, outputs))))
    R = ratios(V, kept, inputs)
    first = R + R.T
    found = [
        (int(inputs[n // len(inputs)]), int(inputs[n % len(inputs)]))
        for n in first.flatten().topk(min(4, first.numel())).indices.tolist()
        if first.flatten()[n] > 0
    ]
    candidates: list[list[int]] = [list(pair) for pair in found if pair[0] < pair[1]]
    if 2 < len(known) <= LONGEST:
        candidates.append(_shortest(ratios(V, kept, torch.tensor(known)), known))
    cycles = [_edges(V, kept, nodes, group * length) for nodes in candidates if nodes]
    return [*cycles, cycle]


def ratios(V: Tensor, kept: Tensor, inputs: Tensor) -> Tensor:
    """For each two inputs the largest log |W_ki| − log |W_kj| with i pruned and j kept.

    Args:
        V: logarithms, out × in; -inf where nothing is said.
        kept: where they are of kept weights.
        inputs: which to compare.
    """
    low = V[:, inputs].masked_fill(kept[:, inputs], -math.inf)
    high = V[:, inputs].masked_fill(~kept[:, inputs], math.inf)
    R = V.new_full((len(inputs), len(inputs)), -math.inf)
    for n in range(len(inputs)):
        pruned = low[:, n] > -math.inf
        if pruned.any():
            R[n] = (low[pruned, n, None] - high[pruned]).amax(0)
    return R


def _chosen(known: list[int], length: int, most: int) -> Tensor:
    if length <= most:
        return torch.arange(length)
    spread = torch.linspace(0, length - 1, most).long().tolist()
    return torch.tensor(sorted({*known[:most], *spread}))


def _shortest(R: Tensor, inputs: list[int]) -> list[int]:
    """The inputs of a shortest cycle with a positive sum; none where rounding hides it."""
    reach, steps = R, []
    for _ in range(len(inputs) - 1):
        best, via = (reach[:, :, None] + R[None]).max(1)
        steps.append(via)
        reach = best
        start = int(reach.diagonal().argmax())
        if reach[start, start] > 0:
            nodes = [start]
            for step in reversed(steps):
                nodes.append(int(step[start, nodes[-1]]))
            return [inputs[n] for n in reversed(nodes)]
    return []


def _edges(V: Tensor, kept: Tensor, nodes: list[int], offset: int) -> tuple[Edge, ...]:
    edges = []
    for i, j in zip(nodes, [*nodes[1:], nodes[0]], strict=True):
        usable = ~kept[:, i] & (V[:, i] > -math.inf) & kept[:, j]
        k = int((V[:, i] - V[:, j]).masked_fill(~usable, -math.inf).argmax())
        edges.append((k, i + offset, j + offset))
    return tuple(edges)
