"""Wrong masks."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pruneproof.properties.meta.plain_scores import Plain
from pruneproof.properties.meta.registry import fault


class Masks:
    """Right, for others to go wrong in one place: magnitude and Wanda, within each output."""

    def keep_mask(
        self,
        method: str,
        weight: Tensor,
        inputs: Tensor | None = None,
        outputs: Tensor | None = None,
        *,
        sparsity: float | None = None,
        n_m: tuple[int, int] | None = None,
        alpha: float = 1.0,
    ) -> Tensor:
        """By sparsity or n:m."""
        self.look_at(weight, inputs)
        scores = self.scores(method, weight, inputs, alpha)
        if n_m is not None:
            return self.n_of_m(scores, *n_m)
        assert sparsity is not None
        self.check(sparsity)
        return self.keep(scores, sparsity)

    def scores(self, method: str, weight: Tensor, inputs: Tensor | None, alpha: float) -> Tensor:
        """|W| or |W|·‖X‖^α."""
        if method == "magnitude":
            return weight.abs()
        if method != "wanda":
            raise NotImplementedError(method)
        assert inputs is not None
        return weight.abs() * inputs.norm(dim=0) ** alpha

    def look_at(self, *given: Tensor | None) -> None:
        """Numbers that are finite."""
        if not all(each.isfinite().all() for each in given if each is not None):
            raise ValueError("weight and inputs must be finite")

    def check(self, sparsity: float) -> None:
        """A sparsity of [0, 1)."""
        if not 0 <= sparsity < 1:
            raise ValueError(f"sparsity must lie in [0, 1), got {sparsity}")

    def keep(self, scores: Tensor, sparsity: float) -> Tensor:
        """The highest of each row."""
        return self.highest(scores, self.count(scores.shape[1], sparsity))

    def count(self, n: int, sparsity: float) -> int:
        """⌊n · sparsity⌋."""
        return int(n * sparsity)

    def highest(self, scores: Tensor, pruned: int) -> Tensor:
        """All but the lowest of each row, as many as are pruned."""
        lowest = self.order(scores)[:, :pruned]
        return torch.ones_like(scores, dtype=torch.bool).scatter(1, lowest, False)

    def order(self, scores: Tensor) -> Tensor:
        """Of each row, ascending."""
        return scores.argsort(dim=1, stable=True)

    def n_of_m(self, scores: Tensor, n: int, m: int) -> Tensor:
        """The n highest of every m inputs."""
        if scores.shape[1] % m:
            raise ValueError(f"m must divide in_features, got {m}")
        return self.highest(scores.reshape(-1, m), m - n).reshape(scores.shape)


@fault("mask.count:magnitude")
class UpToTheThreshold(Masks):
    """Prunes every score up to the one at n · sparsity, which is one too many."""

    def keep(self, scores: Tensor, sparsity: float) -> Tensor:
        """As a published repository does for magnitude."""
        threshold = scores.sort(dim=1).values[:, self.count(scores.shape[1], sparsity), None]
        return scores > threshold


@fault("mask.count:wanda")
class OneMore(Masks):
    """Prunes int(n · sparsity) + 1, and so one at sparsity 0."""

    def count(self, n: int, sparsity: float) -> int:
        """As a published SparseGPT does."""
        return int(n * sparsity) + 1


@fault("mask.count:magnitude")
class OneAtLeast(Masks):
    """Prunes one weight at sparsity 0."""

    def count(self, n: int, sparsity: float) -> int:
        """Right for all others."""
        return max(1, int(n * sparsity))


@fault("mask.count:magnitude")
class CountInSinglePrecision(Masks):
    """Takes n · sparsity in float32, which is 29 of 100 at 0.29."""

    def count(self, n: int, sparsity: float) -> int:
        """With a tensor's default dtype."""
        return int(n * torch.tensor(sparsity))


@fault("mask.count:wanda")
class GroupsOfInputs(Masks):
    """Compares the weights that leave one input."""

    def keep(self, scores: Tensor, sparsity: float) -> Tensor:
        """Of the transposed scores."""
        return super().keep(scores.T, sparsity).T


@fault("mask.equal_scores:magnitude")
class BelowTheThreshold(Masks):
    """Prunes only scores below the threshold, so equal scores are all kept."""

    def keep(self, scores: Tensor, sparsity: float) -> Tensor:
        """Right where all scores differ."""
        return scores >= scores.sort(dim=1).values[:, self.count(scores.shape[1], sparsity), None]


@fault("mask.equal_scores:wanda")
class UpToTheLastPruned(Masks):
    """Prunes every score up to that of the last pruned one, so equal scores are all pruned."""

    def keep(self, scores: Tensor, sparsity: float) -> Tensor:
        """Right where all scores differ."""
        pruned = self.count(scores.shape[1], sparsity)
        if pruned == 0:
            return torch.ones_like(scores, dtype=torch.bool)
        return scores > scores.kthvalue(pruned, dim=1, keepdim=True).values


@fault("mask.zero_weights:magnitude")
class ReadOffAsZeros(Masks):
    """Takes every zero of the pruned weight for pruned, also those of before."""

    def keep_mask(self, *given: Any, **named: Any) -> Tensor:
        """Of the weight that is left."""
        return given[1] * super().keep_mask(*given, **named) != 0


@fault("mask.optimal:magnitude")
class Inverted(Masks):
    """Is True where a weight is pruned."""

    def keep(self, scores: Tensor, sparsity: float) -> Tensor:
        """As a published repository's mask, with the count of the kept ones."""
        kept = scores.shape[1] - self.count(scores.shape[1], sparsity)
        return ~self.highest(scores, kept)


@fault("mask.optimal:wanda")
class HalfPrecisionScores(Masks):
    """Sorts scores in half precision, where close ones are equal."""

    def order(self, scores: Tensor) -> Tensor:
        """Of rounded scores."""
        return scores.half().argsort(dim=1, stable=True)


@fault("mask.scaling:wanda")
class AbsoluteEpsilon(Masks):
    """Adds a constant to the activation norm, which drowns small ones."""

    def scores(self, method: str, weight: Tensor, inputs: Tensor | None, alpha: float) -> Tensor:
        """Against division by zero, say."""
        if method == "wanda" and inputs is not None:
            return weight.abs() * (inputs.norm(dim=0) + 1e-7) ** alpha
        return super().scores(method, weight, inputs, alpha)


@fault("mask.scaling:magnitude")
class FixedPointScores(Masks):
    """Rounds scores to six decimals."""

    def order(self, scores: Tensor) -> Tensor:
        """Of rounded scores."""
        return scores.round(decimals=6).argsort(dim=1, stable=True)


@fault("mask.half_precision:wanda")
class SquaresInHalfPrecision(Masks):
    """Squares activations in their own dtype, where large ones overflow."""

    def scores(self, method: str, weight: Tensor, inputs: Tensor | None, alpha: float) -> Tensor:
        """Infinite for all large activations."""
        if method == "wanda" and inputs is not None:
            return weight.abs() * inputs.square().sum(0).sqrt() ** alpha
        return super().scores(method, weight, inputs, alpha)


@fault("mask.nested:magnitude")
class PrunesTheHighestFromAHalf(Masks):
    """Prunes the highest scores instead of the lowest from sparsity 0.5 on."""

    def keep(self, scores: Tensor, sparsity: float) -> Tensor:
        """Not nested."""
        return super().keep(-scores if sparsity >= 0.5 else scores, sparsity)


@fault("mask.ties:magnitude")
class UnstableSort(Masks):
    """Declares that of equal scores the lowest index goes first, which holds in one row only."""

    conventions = {"ties": "lowest_index"}  # noqa: RUF012 - as adapters are written

    def order(self, scores: Tensor) -> Tensor:
        """Backwards where there are several rows."""
        if len(scores) == 1:
            return super().order(scores)
        return scores.shape[1] - 1 - scores.flip(1).argsort(dim=1, stable=True)


@fault("mask.sparsity_range:magnitude")
class ClampedSparsity(Masks):
    """Takes a sparsity outside [0, 1) for the nearest inside."""

    def check(self, sparsity: float) -> None:
        """Nothing."""

    def count(self, n: int, sparsity: float) -> int:
        """Of a clamped sparsity."""
        return int(n * min(max(sparsity, 0.0), 1.0)) if sparsity == sparsity else 0


@fault("mask.repeatable:wanda")
class NormsOfAllLayers(Masks):
    """Adds the norms of every layer of a width that it has seen."""

    def __init__(self) -> None:
        self.seen: dict[int, Tensor] = {}

    def scores(self, method: str, weight: Tensor, inputs: Tensor | None, alpha: float) -> Tensor:
        """With what calibration has left behind."""
        if method == "wanda" and inputs is not None:
            n = inputs.shape[1]
            squares = self.seen.get(n, torch.zeros(n)) + inputs.float().square().sum(0)
            self.seen[n] = squares
            return weight.abs() * squares.sqrt() ** alpha
        return super().scores(method, weight, inputs, alpha)


@fault("mask.strides:magnitude")
class IgnoresStrides(Masks):
    """Reads the weight from its memory as if it were contiguous."""

    def scores(self, method: str, weight: Tensor, inputs: Tensor | None, alpha: float) -> Tensor:
        """Of other weights, where there are gaps or another order."""
        memory = weight.as_strided(weight.shape, (weight.shape[1], 1))
        return super().scores(method, memory, inputs, alpha)


@fault("mask.arguments:magnitude")
class PrunesInPlace(Masks):
    """Sets the pruned weights to zero in the tensor that it is given."""

    def keep_mask(self, *given: Any, **named: Any) -> Tensor:
        """And changes nothing for n:m."""
        keep = super().keep_mask(*given, **named)
        if named.get("n_m") is None:
            given[1].mul_(keep)
        return keep


@fault("mask.larger:magnitude")
class CountsInBlocks(Masks):
    """Counts and prunes in blocks of 128 inputs, as compression by blocks does."""

    def keep(self, scores: Tensor, sparsity: float) -> Tensor:
        """Right for up to 128 inputs."""
        keep = super().keep
        return torch.cat([keep(block, sparsity) for block in scores.split(128, 1)], 1)


@fault("mask.larger:wanda")
class EightOutputs(Masks):
    """Leaves every output after the eighth as it is."""

    def keep(self, scores: Tensor, sparsity: float) -> Tensor:
        """Dense from there on."""
        mask = super().keep(scores, sparsity)
        mask[8:] = True
        return mask


@fault("mask.own_scores:stochria")
class LowestOfSampled(Masks):
    """Keeps the lowest of StochRIA's scores."""

    score = Plain().score

    def scores(self, method: str, weight: Tensor, inputs: Tensor | None, alpha: float) -> Tensor:
        """Turned round."""
        return -self.score(method, weight) if method == "stochria" else weight.abs()


@fault("mask.not_finite:magnitude")
class SortsNan(Masks):
    """Sorts nan behind the largest score, and so keeps it."""

    def look_at(self, *given: Tensor | None) -> None:
        """At nothing."""
