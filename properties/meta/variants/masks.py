"""Right masks that are made otherwise than the reference's."""

# ruff: noqa: RUF012 - conventions are written as adapters write them
from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pruneproof.properties.meta.faults.conventions import WholeLayer
from pruneproof.properties.meta.faults.masks import Masks
from pruneproof.properties.meta.registry import variant

variant(WholeLayer)


@variant
class NumpyPartition:
    """Wanda's mask in numpy and double precision, by a partition of each row."""

    def keep_mask(
        self, method: str, weight: Tensor, inputs: Any = None, *, sparsity: float, alpha: float = 1
    ) -> Tensor:
        """By sparsity alone."""
        if method != "wanda":
            raise NotImplementedError(method)
        if not 0 <= sparsity < 1:
            raise ValueError("sparsity")
        norms = np.sqrt((inputs.double().numpy() ** 2).sum(0))
        scores = np.abs(weight.double().numpy()) * norms**alpha
        pruned = int(scores.shape[1] * sparsity)
        keep = np.ones(scores.shape, bool)
        if pruned:
            np.put_along_axis(keep, np.argpartition(scores, pruned - 1)[:, :pruned], False, 1)
        return torch.from_numpy(keep)


@variant
class Rounded(Masks):
    """Rounds n · sparsity, a half away from zero."""

    conventions = {"count": "round"}

    def count(self, n: int, sparsity: float) -> int:
        """To the nearest."""
        return math.floor(n * sparsity + 0.5)


@variant
class RoundedToEven(Masks):
    """Rounds n · sparsity, a half to even."""

    conventions = {"count": "round"}

    def count(self, n: int, sparsity: float) -> int:
        """As Python's round does."""
        return round(n * sparsity)


@variant
class Ceiling(Masks):
    """Keeps ⌊n · (1 - sparsity)⌋."""

    conventions = {"count": "ceil"}

    def count(self, n: int, sparsity: float) -> int:
        """The others."""
        return n - int(n * (1 - sparsity))


@variant
class RandomTies(Masks):
    """Settles equal scores at random."""

    def order(self, scores: Tensor) -> Tensor:
        """Of shuffled rows."""
        shuffled = torch.rand(scores.shape).argsort(dim=1)
        return shuffled.gather(1, scores.gather(1, shuffled).argsort(dim=1))


@variant
class HighestIndexFirst(Masks):
    """Prunes the highest index of equal scores first."""

    def order(self, scores: Tensor) -> Tensor:
        """Backwards."""
        return scores.shape[1] - 1 - scores.flip(1).argsort(dim=1, stable=True)


@variant
class DenseRest(Masks):
    """Keeps all of a last group of fewer than m inputs."""

    conventions = {"tail": "dense"}

    def n_of_m(self, scores: Tensor, n: int, m: int) -> Tensor:
        """And the n highest of every m before."""
        whole = scores.shape[1] - scores.shape[1] % m
        keep = super().n_of_m(scores[:, :whole], n, m) if whole else scores[:, :0].bool()
        return torch.cat([keep, torch.ones_like(scores[:, whole:], dtype=torch.bool)], dim=1)


@variant
class PaddedRest(Masks):
    """Fills a last group of fewer than m inputs up with zeros: at most n of it are kept."""

    conventions = {"tail": "prune_partial"}

    def n_of_m(self, scores: Tensor, n: int, m: int) -> Tensor:
        """Of what is padded."""
        padded = torch.nn.functional.pad(scores, (0, -scores.shape[1] % m), value=-1.0)
        return super().n_of_m(padded, n, m)[:, : scores.shape[1]]


@variant
class RestPrunedAsMany(Masks):
    """Prunes m - n of a last group of fewer than m inputs too, and all where there are fewer."""

    conventions = {"tail": "prune_partial"}

    def n_of_m(self, scores: Tensor, n: int, m: int) -> Tensor:
        """As loops over slices of m do."""
        slices = [self.highest(each, m - n) for each in scores.split(m, dim=1)]
        return torch.cat(slices, dim=1)


@variant
class MagnitudeOnly:
    """Knows one method, one argument and 2:4."""

    def keep_mask(
        self,
        method: str,
        weight: Tensor,
        *,
        sparsity: float | None = None,
        n_m: tuple[int, int] | None = None,
    ) -> Tensor:
        """By top-k."""
        if method != "magnitude" or n_m not in (None, (2, 4)):
            raise NotImplementedError(method)
        scores, kept = weight.abs(), 2
        if n_m is not None:
            if scores.shape[1] % 4:
                raise NotImplementedError("in_features must be a multiple of 4")
            scores = scores.reshape(-1, 4)
        else:
            assert sparsity is not None
            if not 0.0 <= sparsity < 1.0:
                raise ValueError(f"sparsity must lie in [0, 1), got {sparsity}")
            kept = scores.shape[1] - int(scores.shape[1] * sparsity)
        keep = torch.zeros_like(scores, dtype=torch.bool)
        return keep.scatter(1, scores.topk(kept, dim=1).indices, True).reshape(weight.shape)


@variant
class SquaredScores(Masks):
    """Sorts squared scores."""

    conventions = {"score_scale": "order"}

    def scores(self, method: str, weight: Tensor, inputs: Tensor | None, alpha: float) -> Tensor:
        """Of the same order; in float32, since squares of half precision overflow."""
        return super().scores(method, weight, inputs, alpha).float().square()
