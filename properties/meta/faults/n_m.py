"""Wrong n:m masks."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from pruneproof.properties.meta.faults.masks import Masks
from pruneproof.properties.meta.registry import fault


@fault("n_m.count:magnitude")
class NCountsThePruned(Masks):
    """Prunes n of every m, as a published repository's prune_n does."""

    def n_of_m(self, scores: Tensor, n: int, m: int) -> Tensor:
        """Invisible at 2:4."""
        return super().n_of_m(scores, m - n, m)


@fault("n_m.count:wanda")
class AlongOutputs(Masks):
    """Keeps n of every m outputs of an input."""

    def n_of_m(self, scores: Tensor, n: int, m: int) -> Tensor:
        """Where m divides out_features, else along inputs."""
        if len(scores) % m:
            return super().n_of_m(scores, n, m)
        return super().n_of_m(scores.T, n, m).T


@fault("n_m.count:magnitude")
class KeepsTiedScores(Masks):
    """Keeps every score that is not below the n-th of its m."""

    def n_of_m(self, scores: Tensor, n: int, m: int) -> Tensor:
        """Right where all scores differ."""
        super().n_of_m(scores, n, m)
        grouped = scores.reshape(-1, m)
        return (grouped >= grouped.topk(n, dim=1).values[:, -1:]).reshape(scores.shape)


@fault("n_m.optimal:wanda")
class KeepsTheFirst(Masks):
    """Keeps the first n of every m, whatever their scores."""

    def n_of_m(self, scores: Tensor, n: int, m: int) -> Tensor:
        """With the errors of what is right."""
        keep = super().n_of_m(scores, n, m)
        return (torch.arange(keep.shape[1]) % m).expand_as(keep) < n


@fault("n_m.optimal:magnitude")
class KeepsTheLowest(Masks):
    """Keeps the n lowest of every m."""

    def n_of_m(self, scores: Tensor, n: int, m: int) -> Tensor:
        """Of negative scores."""
        return super().n_of_m(-scores, n, m)


@fault("n_m.absorbed:magnitude")
class BestPairBySum(Masks):
    """Chooses the two of four with the largest sum, where a large weight absorbs the small ones."""

    def n_of_m(self, scores: Tensor, n: int, m: int) -> Tensor:
        """In float32; other patterns rightly."""
        if (n, m) != (2, 4):
            return super().n_of_m(scores, n, m)
        pairs = torch.combinations(torch.arange(4))
        chosen = nn.functional.one_hot(pairs, 4).sum(1)
        best = (scores.float().reshape(-1, 4) @ chosen.T.float()).argmax(1)
        return chosen[best].bool().reshape(scores.shape)


@fault("n_m.large_groups:magnitude")
class RanksInFourBits(Masks):
    """Ranks the inputs of a group by four bits."""

    def n_of_m(self, scores: Tensor, n: int, m: int) -> Tensor:
        """Right for groups of up to 16."""
        order = scores.reshape(-1, m).argsort(dim=1, stable=True).argsort(dim=1)
        return (order % 16 >= (m - n) % 16).reshape(scores.shape)


@fault("n_m.ties:magnitude")
class HighestIndexAmongM(Masks):
    """Declares that of equal scores the lowest index goes first, which among m does not hold."""

    conventions = {"ties": "lowest_index"}  # noqa: RUF012 - as adapters are written

    def n_of_m(self, scores: Tensor, n: int, m: int) -> Tensor:
        """Backwards."""
        return super().n_of_m(scores.flip(1), n, m).flip(1)


@fault("n_m.tail:magnitude")
class StraddlesOutputs(Masks):
    """Groups the flattened weights by m, across the ends of the rows."""

    def n_of_m(self, scores: Tensor, n: int, m: int) -> Tensor:
        """Where m divides the number of weights, else an error."""
        return super().n_of_m(scores.reshape(1, -1), n, m).reshape(scores.shape)


@fault("n_m.tail:wanda")
class RestPrunedWhole(Masks):
    """Prunes all of a last group of fewer than m inputs, and declares it dense."""

    conventions = {"tail": "dense"}  # noqa: RUF012 - as adapters are written

    def n_of_m(self, scores: Tensor, n: int, m: int) -> Tensor:
        """Of what fills whole groups."""
        whole = scores.shape[1] - scores.shape[1] % m
        keep = torch.zeros_like(scores, dtype=torch.bool)
        if whole:
            keep[:, :whole] = super().n_of_m(scores[:, :whole], n, m)
        return keep


@fault("n_m.arguments:wanda")
class NormalisesInPlace(Masks):
    """Leaves the inputs divided by their norms behind."""

    def keep_mask(self, *given: Any, **named: Any) -> Tensor:
        """For n:m only."""
        keep = super().keep_mask(*given, **named)
        if named.get("n_m") is not None and len(given) > 2:
            given[2].div_(given[2].norm(dim=0, keepdim=True))
        return keep
