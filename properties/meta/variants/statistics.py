"""Right statistics, by every known way to compute them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from pruneproof.properties.meta.registry import variant


def _flat(batches: list[Tensor]) -> list[Tensor]:
    """Batches of tokens × in_features, in float32 unless they are in float64."""
    return [
        batch.reshape(-1, batch.shape[-1]).to(torch.promote_types(batch.dtype, torch.float32))
        for batch in batches
    ]


@variant
class Welford:
    """Token by token, in float32 for float32."""

    def activation_statistics(self, batches: list[Tensor]) -> dict[str, Any]:
        """Welford's updates."""
        tokens = torch.cat(_flat(batches))
        mean, deviations, squares = (torch.zeros_like(tokens[0]) for _ in range(3))
        for number, token in enumerate(tokens, start=1):
            before = token - mean
            mean = mean + before / number
            deviations = deviations + before * (token - mean)
            squares = squares + token * token
        var = deviations / len(tokens)
        return {"norm": squares.sqrt(), "mean": mean, "var": var, "tokens": len(tokens)}


@variant
class MergedBatches:
    """The moments of each batch, merged by Chan's formula; in float32 for float32."""

    def activation_statistics(self, batches: list[Tensor]) -> dict[str, Any]:
        """A running mean square, mean and variance."""
        count, square, mean, var = 0, 0.0, 0.0, 0.0
        for batch in _flat(batches):
            if not len(batch):
                continue
            total = count + len(batch)
            old, new = count / total, len(batch) / total
            shift = batch.mean(0) - mean
            var = old * var + new * batch.var(0, correction=0) + old * new * shift * shift
            square = old * square + new * batch.square().mean(0)
            mean, count = mean + new * shift, total
        norm = torch.as_tensor(square * count).sqrt()
        return {"norm": norm, "mean": mean, "var": var, "tokens": torch.tensor(count)}


@variant
class AllAtOnce:
    """All tokens at once with torch's own functions, and results in the activations' dtype."""

    def activation_statistics(self, batches: list[Tensor]) -> dict[str, Any]:
        """Of the concatenated tokens."""
        X = torch.cat([batch.reshape(-1, batch.shape[-1]) for batch in batches])
        var = X.var(0, correction=0)
        return {"norm": X.norm(dim=0), "mean": X.mean(0), "var": var, "tokens": len(X)}


@variant
class NumpyTwoPass:
    """Two passes over the tokens in numpy and float64."""

    def activation_statistics(self, batches: list[Tensor]) -> dict[str, Any]:
        """Of the concatenated tokens."""
        rows = [batch.double().numpy().reshape(-1, batch.shape[-1]) for batch in batches]
        X = np.concatenate(rows)
        found = {"norm": np.linalg.norm(X, axis=0), "mean": X.mean(0), "var": X.var(0)}
        return {key: torch.from_numpy(value) for key, value in found.items()} | {"tokens": len(X)}


@variant
class ShiftedData:
    """E[y²] − E[y]² of y = x − the first token; in float32 for float32."""

    def activation_statistics(self, batches: list[Tensor]) -> dict[str, Any]:
        """Sums about the first token."""
        X = torch.cat(_flat(batches))
        shifted = X - X[0]
        var = shifted.square().mean(0) - shifted.mean(0).square()
        norm = X.square().sum(0).sqrt()
        return {
            "norm": norm,
            "mean": X[0] + shifted.mean(0),
            "var": var.clamp(min=0),
            "tokens": len(X),
        }


@variant
class SquaresInDouble:
    """E[x²] − E[x]² in float64, which large means in float32 do not hurt; float32 results."""

    def activation_statistics(self, batches: list[Tensor]) -> dict[str, Any]:
        """Sums, a batch at a time."""
        count, total, squares = 0, 0.0, 0.0
        for batch in _flat(batches):
            count += len(batch)
            total = total + batch.double().sum(0)
            squares = squares + batch.double().square().sum(0)
        mean = torch.as_tensor(total / count)
        square = torch.as_tensor(squares)
        var = (square / count - mean.square()).clamp(min=0)
        found = {"norm": square.sqrt(), "mean": mean, "var": var}
        return {key: value.float() for key, value in found.items()} | {"tokens": count}


@variant
class NormAlone:
    """What Wanda needs and nothing else."""

    def activation_statistics(self, batches: list[Tensor]) -> dict[str, Any]:
        """No mean, no variance, no count."""
        return {"norm": torch.cat(_flat(batches)).norm(dim=0)}
