"""Right scores, computed in other ways."""

# ruff: noqa: RUF012 - conventions are written as adapters write them

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from pruneproof.properties.meta.plain_scores import Plain
from pruneproof.properties.meta.registry import variant


@variant
class PlainTorch(Plain):
    """Every score in plain torch."""


@variant
class DoubleInside(Plain):
    """Everything in float64, the result in the weight's dtype."""

    methods = ("wanda", "symwanda_squared", "ri", "ria", "lp", "stochria")

    def score(self, method: str, weight: Tensor, *given: Any, **parameters: Any) -> Tensor:
        """Widened and narrowed."""
        wide = [None if each is None else each.double() for each in given]
        return super().score(method, weight.double(), *wide, **parameters).to(weight.dtype)


@variant
class Numpy(Plain):
    """Magnitude, Wanda and relative importance in numpy, by matrix products; nothing else."""

    conventions = {"dead": "nan"}

    def score(self, method: str, weight: Tensor, *given: Any, **parameters: Any) -> Tensor:
        """To numpy and back."""
        scores = {"magnitude": self.of_magnitude, "wanda": self.of_wanda, "ri": self.of_ri}
        if method not in scores:
            raise NotImplementedError(method)
        arrays = [
            each.float().numpy() if each.dtype == torch.float16 else each.numpy()
            for each in (weight, *given)
        ]
        with np.errstate(all="ignore"):
            return torch.from_numpy(np.ascontiguousarray(scores[method](*arrays, **parameters)))

    def of_magnitude(self, W: np.ndarray) -> np.ndarray:
        """√W²."""
        return np.sqrt(W * W)

    def of_wanda(self, W: np.ndarray, X: np.ndarray, alpha: float = 1.0) -> np.ndarray:
        """|W|·(diagonal of XᵀX)^(α/2), a flattened batch allowed."""
        X = X.reshape(-1, X.shape[-1])
        return np.abs(W) * np.einsum("ij,ij->j", X, X) ** W.dtype.type(alpha / 2)

    def of_ri(self, W: np.ndarray, terms: str = "both") -> np.ndarray:
        """|W|·(1/r + 1/q), nan in dead lines."""
        one = W.dtype.type(1)
        r, q = np.abs(W).sum(0, keepdims=True), np.abs(W).sum(1, keepdims=True)
        zero = W.dtype.type(0)
        inverse = (one / r if terms != "output" else zero) + (one / q if terms != "input" else zero)
        return np.abs(W) * inverse


@variant
class GramDiagonal(Plain):
    """Norms from the diagonal of XᵀX."""

    methods = ("wanda", "owanda", "symwanda", "ria", "general_diagonal")

    def norm(self, activations: Tensor) -> Tensor:
        """√diag(XᵀX)."""
        return (activations.T @ activations).diagonal().sqrt()


@variant
class ProductOfMagnitudes(Plain):
    """The magnitude of a product instead of a product of magnitudes, an abs at the end."""

    methods = ("wanda", "ri", "ria")

    def wanda(self, W: Tensor, X: Tensor, alpha: float = 1.0) -> Tensor:
        """|W·‖X‖^α|."""
        return (W * self.norm(X) ** alpha).abs()

    def share(self, W: Tensor, norm: Tensor) -> Tensor:
        """|W/r|."""
        return torch.where(norm == 0, torch.zeros_like(W), W / norm).abs()


@variant
class MeanSquares(Plain):
    """Norms over the root of the number of tokens, declared."""

    methods = ("wanda", "ria")
    conventions = {"score_scale": "positive_multiple"}

    def norm(self, activations: Tensor) -> Tensor:
        """√(Σx²/a)."""
        return activations.square().mean(0).sqrt()


@variant
class StandardDeviation(Plain):
    """STADE by the standard deviation, which is its norm over the root of the tokens, declared."""

    methods = ("stade",)
    conventions = {"score_scale": "positive_multiple"}

    def norm(self, activations: Tensor) -> Tensor:
        """√(Σ(x − μ)²/a)."""
        return activations.square().mean(0).sqrt()


@variant
class RelativeToTheLargest(Plain):
    """Every score over the largest of its layer, declared."""

    methods = ("wanda", "ri", "lp", "symmetric", "stochria")
    conventions = {"score_scale": "positive_multiple"}

    def score(self, method: str, weight: Tensor, *given: Any, **parameters: Any) -> Tensor:
        """At most 1."""
        scores = super().score(method, weight, *given, **parameters)
        largest = scores.max()
        return scores / largest if largest > 0 else scores


@variant
class SquareOfEveryScore(Plain):
    """The square of every score, declared to have the right order only."""

    methods = ("wanda", "symwanda", "ri", "ria", "symmetric")
    conventions = {"score_scale": "order"}

    def score(self, method: str, weight: Tensor, *given: Any, **parameters: Any) -> Tensor:
        """In float64, where a square has room."""
        wide = [None if each is None else each.double() for each in given]
        return super().score(method, weight.double(), *wide, **parameters).square()


@variant
class RefusesWhatIsOdd(Plain):
    """Raises for dead lines, half precision, batches, no tokens and what is not finite."""

    methods = ("magnitude", "wanda", "ri", "ria")
    conventions = {"dead": "error"}

    def score(self, method: str, weight: Tensor, *given: Any, **parameters: Any) -> Tensor:
        """Of what is plain."""
        for each in (weight, *given):
            if each is None:
                continue
            if each.element_size() < 4 or each.ndim != 2 or not len(each):
                raise TypeError("two dimensions of float32 or float64 are needed")
            if not each.isfinite().all():
                raise ValueError("weights and activations must be finite")
        if ((weight == 0).all(0)).any() or ((weight == 0).all(1)).any():
            raise ValueError("every input and output needs a weight")
        return super().score(method, weight, *given, **parameters)


@variant
class OnlyOutputWanda(Plain):
    """One method, without a signature for the others."""

    def score(self, method: str, weight: Tensor, *given: Any, **parameters: Any):
        """Of output activations."""
        if method != "owanda":
            raise NotImplementedError
        return weight.abs() * given[1].norm(dim=1, keepdim=True)


@variant
class NumpySamples(Plain):
    """StochRIA with the samples of another generator."""

    methods = ("stochria",)

    def samples(self, lines: int, length: int, tau: int, generator: torch.Generator) -> Tensor:
        """By choice."""
        numbers = np.random.default_rng([generator.initial_seed(), lines, length])
        drawn = [numbers.choice(length, tau, replace=False) for _ in range(lines)]
        return torch.from_numpy(np.stack(drawn))
