"""How many of the weights that are gone a score would prune, too, if as many of each group went."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

MOST_OUTPUTS = 64
"""Outputs of a matrix that are compared where groups lie within outputs; more change no percent."""


@dataclass(frozen=True)
class Groups:
    """The weights that compete with each other.

    Attributes:
        group: `output` or `layer`.
        m: within an output, every m neighbouring inputs by themselves; None for all of it. A
            smaller last group is one, too.
    """

    group: str = "output"
    m: int | None = None

    def sampled(self, outputs: int) -> Tensor:
        """Which outputs are compared, in order; all of them where the layer is one group."""
        if self.group == "layer" or outputs <= MOST_OUTPUTS:
            return torch.arange(outputs)
        return torch.linspace(0, outputs - 1, MOST_OUTPUTS, dtype=torch.float64).long()

    def split(self, matrix: Tensor) -> list[Tensor]:
        """Of groups within outputs, matrices with one a row: parts of one, outputs × inputs."""
        if self.m is None:
            return [matrix]
        whole = matrix.shape[1] // self.m * self.m
        parts = [matrix[:, :whole].reshape(-1, self.m), matrix[:, whole:]]
        return [each for each in parts if each.shape[1]]


def pruned_alike(scores: Tensor, gone: Tensor, groups: Groups) -> Tensor:
    """The mask of a score that prunes as many weights of each group as there are gone.

    Args:
        scores: outputs × inputs, larger means keep; of equal ones the first go first.
        gone: True where a weight is gone, of the same shape.
        groups: which weights compete.

    Returns:
        True where the score prunes, outputs × inputs.

    Example:
        >>> S = torch.tensor([[3.0, 1.0, 2.0, 4.0]])
        >>> pruned_alike(S, torch.tensor([[True, False, True, False]]), Groups()).tolist()
        [[False, True, True, False]]
    """
    if groups.group == "layer":
        return _least(scores.flatten(), int(gone.sum())).reshape(scores.shape)
    parts = []
    for S, of in zip(groups.split(scores), groups.split(gone), strict=True):
        order = S.argsort(dim=1, stable=True)
        least = torch.arange(S.shape[1]) < of.sum(1, keepdim=True)
        parts.append(torch.empty_like(of).scatter_(1, order, least).reshape(len(scores), -1))
    return torch.cat(parts, dim=1)


def _least(scores: Tensor, count: int) -> Tensor:
    """True for so many of the lowest scores, of equal ones for the first; faster than a sort."""
    if count == 0:
        return torch.zeros_like(scores, dtype=torch.bool)
    border = scores.kthvalue(count).values
    pruned = scores < border
    pruned[(scores == border).nonzero().flatten()[: count - int(pruned.sum())]] = True
    return pruned
