"""Wrong statistics."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pruneproof.properties.meta.registry import fault


class Statistics:
    """Right, for others to go wrong in one place."""

    def activation_statistics(self, batches: list[Tensor]) -> dict[str, Any]:
        """Of all tokens at once."""
        return self.of([self.flat(batch) for batch in batches])

    def flat(self, batch: Tensor) -> Tensor:
        """Tokens × in_features, in float64."""
        return batch.reshape(-1, batch.shape[-1]).double()

    def of(self, batches: list[Tensor]) -> dict[str, Any]:
        """From batches of tokens × in_features."""
        X = torch.cat(batches)
        mean = X.mean(0)
        var = (X - mean).square().mean(0)
        return {"norm": X.norm(dim=0), "mean": mean, "var": var, "tokens": len(X)}


@fault("statistics.between_batches:all")
class DroppedBetweenVariance(Statistics):
    """The variances of the batches are averaged, as DSnoT's code does."""

    def of(self, batches: list[Tensor]) -> dict[str, Any]:
        """Without the variance between the means."""
        right = super().of(batches)
        within = sum(len(batch) * batch.var(0, correction=0) for batch in batches if len(batch))
        return right | {"var": within / right["tokens"]}


@fault("statistics.norm:all")
class MeanOfBatchNorms(Statistics):
    """The norms of the batches are averaged."""

    def of(self, batches: list[Tensor]) -> dict[str, Any]:
        """With a mean of norms."""
        norms = torch.stack([batch.norm(dim=0) for batch in batches])
        return super().of(batches) | {"norm": norms.mean(0)}


@fault("statistics.norm:all")
class RootMeanSquare(Statistics):
    """The norm is divided by the root of the number of tokens."""

    def of(self, batches: list[Tensor]) -> dict[str, Any]:
        """With the root mean square."""
        right = super().of(batches)
        return right | {"norm": right["norm"] / right["tokens"] ** 0.5}


@fault("statistics.norm:all")
class NormDividedByBatches(Statistics):
    """The squared norm is divided by the number of batches, as Wanda's code does."""

    def of(self, batches: list[Tensor]) -> dict[str, Any]:
        """With a norm per batch."""
        right = super().of(batches)
        return right | {"norm": right["norm"] / len(batches) ** 0.5}


@fault("statistics.mean:all")
class MeanOfMeans(Statistics):
    """The means of the batches are averaged, however many tokens each has."""

    def of(self, batches: list[Tensor]) -> dict[str, Any]:
        """With a mean of means."""
        means = torch.stack([batch.mean(0) for batch in batches if len(batch)])
        return super().of(batches) | {"mean": means.mean(0)}


@fault("statistics.mean:all")
class MeanPerBatch(Statistics):
    """The sum is divided by the number of batches, as DSnoT's code divides by sequences."""

    def of(self, batches: list[Tensor]) -> dict[str, Any]:
        """With a sum per batch."""
        right = super().of(batches)
        return right | {"mean": right["mean"] * right["tokens"] / len(batches)}


@fault("statistics.variance:all")
class SampleVariance(Statistics):
    """The variance is divided by one less than the number of tokens."""

    def of(self, batches: list[Tensor]) -> dict[str, Any]:
        """With the sample variance, and 0 for a single token."""
        right = super().of(batches)
        return right | {"var": right["var"] * right["tokens"] / max(1, right["tokens"] - 1)}


@fault("statistics.variance:all")
class StandardDeviation(Statistics):
    """The standard deviation in place of the variance."""

    def of(self, batches: list[Tensor]) -> dict[str, Any]:
        """With a root too many."""
        right = super().of(batches)
        return right | {"var": right["var"].sqrt()}


@fault("statistics.large_mean:all")
class DifferenceOfSquares(Statistics):
    """The variance is E[x²] − E[x]² in float32, where large means cancel."""

    def flat(self, batch: Tensor) -> Tensor:
        """In float32."""
        return super().flat(batch).float()

    def of(self, batches: list[Tensor]) -> dict[str, Any]:
        """In one pass, and never negative."""
        X = torch.cat(batches)
        var = (X.square().mean(0) - X.mean(0).square()).clamp(min=0)
        return super().of(batches) | {"var": var}


@fault("statistics.variance_sign:all")
class NegativeVariance(DifferenceOfSquares):
    """The variance is E[x²] − E[x]² in float32, which rounding turns negative."""

    def of(self, batches: list[Tensor]) -> dict[str, Any]:
        """In one pass."""
        X = torch.cat(batches)
        return super().of(batches) | {"var": X.square().mean(0) - X.mean(0).square()}


@fault("statistics.tokens:all")
class CountedSequences(Statistics):
    """Sequences are counted for tokens."""

    def activation_statistics(self, batches: list[Tensor]) -> dict[str, Any]:
        """With the first dimension of each batch."""
        return super().activation_statistics(batches) | {"tokens": sum(map(len, batches))}


@fault("statistics.batching:all")
class LastBatch(Statistics):
    """Each batch overwrites what was gathered before."""

    def of(self, batches: list[Tensor]) -> dict[str, Any]:
        """Of the last batch with tokens."""
        last = [batch for batch in batches if len(batch)][-1]
        return super().of([last]) | {"tokens": sum(map(len, batches))}


@fault("statistics.order:all")
class MovingAverage(Statistics):
    """The mean is an exponential moving average over the tokens."""

    def of(self, batches: list[Tensor]) -> dict[str, Any]:
        """With a mean that forgets."""
        mean, *others = torch.cat(batches)
        for token in others:
            mean = 0.9 * mean + 0.1 * token
        return super().of(batches) | {"mean": mean}


@fault("statistics.shape:all")
class FirstSequence(Statistics):
    """Of a batch of sequences only the first is seen."""

    def flat(self, batch: Tensor) -> Tensor:
        """Its first sequence."""
        return super().flat(batch[0] if batch.dim() == 3 else batch)


@fault("statistics.one_token_vector:all")
class MatricesOnly(Statistics):
    """A batch without dimensions before in_features is refused."""

    def flat(self, batch: Tensor) -> Tensor:
        """Flattened, which a vector cannot be."""
        return batch.flatten(0, -2).double()


@fault("statistics.single_token:all")
class UndefinedForOneToken(Statistics):
    """The variance of a single token is nan, as the sample variance's is."""

    def of(self, batches: list[Tensor]) -> dict[str, Any]:
        """Divided by 0 where there is one."""
        right = super().of(batches)
        return right | {"var": right["var"] / min(1, right["tokens"] - 1)}


@fault("statistics.constant:all")
class VarianceFloor(Statistics):
    """A small number is added to the variance so that it can be divided by."""

    def of(self, batches: list[Tensor]) -> dict[str, Any]:
        """With 1e-5 more."""
        right = super().of(batches)
        return right | {"var": right["var"] + 1e-5}


@fault("statistics.half_overflow:all")
class SquaresInOwnDtype(Statistics):
    """Squares are taken in the activations' own dtype, where float16 overflows."""

    def activation_statistics(self, batches: list[Tensor]) -> dict[str, Any]:
        """With squares before the conversion."""
        squares = torch.cat([self.flat(batch.square()) for batch in batches])
        return super().activation_statistics(batches) | {"norm": squares.sum(0).sqrt()}


@fault("statistics.half_precision:all")
class SumsInHalf(Statistics):
    """A running sum is kept in the activations' own dtype."""

    def activation_statistics(self, batches: list[Tensor]) -> dict[str, Any]:
        """With a sum that is rounded after each token."""
        tokens = torch.cat([batch.reshape(-1, batch.shape[-1]) for batch in batches])
        total = torch.zeros_like(tokens[0])
        for token in tokens:
            total = total + token
        return super().activation_statistics(batches) | {"mean": total / len(tokens)}


@fault("statistics.fresh:all")
class NeverReset(Statistics):
    """Tokens of earlier calls go on counting."""

    def __init__(self) -> None:
        self.seen: list[Tensor] = []

    def of(self, batches: list[Tensor]) -> dict[str, Any]:
        """Of everything with as many features."""
        self.seen = [each for each in self.seen if each.shape[1] == batches[0].shape[1]]
        self.seen += batches
        return super().of(self.seen)


@fault("statistics.strides:all")
class IgnoredStrides(Statistics):
    """A batch is read as its memory lies."""

    def flat(self, batch: Tensor) -> Tensor:
        """Of a view, the numbers in another order."""
        strides = torch.empty(batch.shape).stride()
        return super().flat(batch.as_strided(batch.shape, strides))


@fault("statistics.empty_batch:all")
class EmptyBatchIsNan(Statistics):
    """A batch without tokens makes the mean nan."""

    def of(self, batches: list[Tensor]) -> dict[str, Any]:
        """By weighing a mean that there is not."""
        right = super().of(batches)
        weighed = [batch.mean(0) * len(batch) for batch in batches]
        return right | {"mean": torch.stack(weighed).sum(0) / right["tokens"]}


@fault("statistics.arguments:all")
class CentredInPlace(Statistics):
    """The mean is subtracted from the activations themselves."""

    def activation_statistics(self, batches: list[Tensor]) -> dict[str, Any]:
        """And they stay so."""
        right = super().activation_statistics(batches)
        for batch in batches:
            batch -= right["mean"].to(batch.dtype)
        return right


@fault("statistics.larger:all")
class FirstFeatures(Statistics):
    """The mean is kept in 128 places, as many as fit a block."""

    def of(self, batches: list[Tensor]) -> dict[str, Any]:
        """Zero for all other features."""
        found = super().of(batches)
        found["mean"][128:] = 0
        return found


@fault("statistics.larger:all")
class SamplesTokens(Statistics):
    """Takes the variance of the first 64 tokens, which are many."""

    def of(self, batches: list[Tensor]) -> dict[str, Any]:
        """Right for up to 64."""
        few = torch.cat(batches)[:64]
        return super().of(batches) | {"var": few.var(0, correction=0)}
