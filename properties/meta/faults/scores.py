"""Wrong scores."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pruneproof.properties.meta.plain_scores import Plain
from pruneproof.properties.meta.registry import fault


@fault("score.value:wanda")
class SquaredNorm(Plain):
    """The squared norm of the inputs, as a published sparsifier has it."""

    def norm(self, activations: Tensor) -> Tensor:
        """‖X_:j‖₂²."""
        return activations.square().sum(0)


@fault("score.value:ria")
class MeanNorm(Plain):
    """The root mean square over tokens, undeclared."""

    def norm(self, activations: Tensor) -> Tensor:
        """‖X_:j‖₂/√a."""
        return activations.norm(dim=0) / activations.shape[0] ** 0.5


@fault("score.value:symwanda")
class LargerNorm(Plain):
    """The larger of the two norms where their sum is meant."""

    def symwanda(self, W: Tensor, X: Tensor, Y: Tensor) -> Tensor:
        """|W|·max(‖X‖, ‖Y‖)."""
        return W.abs() * torch.maximum(self.norm(X), self.norm(Y.T)[:, None])


@fault("score.value:symwanda_squared")
class SumOfNorms(Plain):
    """The sum of the two norms where the root of the sum of their squares is meant."""

    def symwanda_squared(self, W: Tensor, X: Tensor, Y: Tensor) -> Tensor:
        """|W|·(‖X‖ + ‖Y‖)."""
        return self.symwanda(W, X, Y)


@fault("score.scaled_weight:symmetric_squared")
class RootForgottenOfSquares(Plain):
    """The squared cost of the joint norm, without its root."""

    def symmetric_squared(self, W: Tensor) -> Tensor:
        """W²(r² + q²)."""
        return super().symmetric_squared(W).square()


@fault("score.value:stade")
class NormAboutZero(Plain):
    """The norm of the inputs as they are, where the means are to be taken off."""

    def stade(self, W: Tensor, X: Tensor) -> Tensor:
        """|W|·‖X‖."""
        return self.wanda(W, X)


@fault("score.shifted_inputs:stade")
class CancelledNorm(Plain):
    """The centred norm as a difference of squares, whose digits cancel beside a large mean."""

    def stade(self, W: Tensor, X: Tensor) -> Tensor:
        """|W|·√(Σx² − a·μ²)."""
        squares = X.square().sum(0) - len(X) * X.mean(0).square()
        return W.abs() * squares.clamp(min=0).sqrt()


@fault("score.value:lp")
class StrategiesExchanged(Plain):
    """Strategies S2 and S4 exchanged."""

    def lp(self, W: Tensor, *given: Any, **parameters: Any) -> Tensor:
        """S4 for S2."""
        strategy = parameters.pop("strategy", "S1")
        other: str = {"S2": "S4", "S4": "S2"}.get(strategy) or strategy
        return super().lp(W, *given, strategy=other, **parameters)


@fault("score.zero_weights:wanda")
class AddedConstant(Plain):
    """A constant of 1.2e-7 added to every score, as a published library has it."""

    def wanda(self, W: Tensor, X: Tensor, alpha: float = 1.0) -> Tensor:
        """|W|·‖X‖ + ε."""
        return super().wanda(W, X, alpha) + 1.2e-7


@fault("score.repeatable:wanda")
class AccumulatingCalibration(Plain):
    """Calibration goes on from the call before instead of starting anew."""

    def __init__(self) -> None:
        self.squares: dict[int, Tensor] = {}

    def norm(self, activations: Tensor) -> Tensor:
        """Of everything so far."""
        seen = self.squares.get(activations.shape[1], 0)
        self.squares[activations.shape[1]] = activations.square().sum(0) + seen
        return self.squares[activations.shape[1]].sqrt()


@fault("score.repeatable:ria")
class ReusedMemory(Plain):
    """Answers of one shape share their memory, so that a later call changes the ones before."""

    def __init__(self) -> None:
        self.memory: dict[tuple[int, ...], Tensor] = {}

    def ria(self, W: Tensor, X: Tensor, alpha: float = 0.5, terms: str = "both") -> Tensor:
        """In the same place."""
        scores = super().ria(W, X, alpha, terms)
        return self.memory.setdefault((*W.shape, W.element_size()), scores).copy_(scores)


@fault("score.permutation:ri")
class FirstBlockNorm(Plain):
    """The norm of an output over its first three inputs only."""

    def norms(self, W: Tensor, p: float = 1.0) -> tuple[Tensor, Tensor]:
        """Of a block."""
        return super().norms(W, p)[0], super().norms(W[:, :3], p)[1]


@fault("score.sign:magnitude")
class SignedScores(Plain):
    """Scores with the sign of their weight."""

    def magnitude(self, W: Tensor) -> Tensor:
        """W."""
        return W.clone()


@fault("score.sign:wanda")
class NormOfSum(Plain):
    """Activations are summed before they are squared."""

    def norm(self, activations: Tensor) -> Tensor:
        """|ΣX|."""
        return activations.sum(0).abs()


@fault("score.scaled_weight:ri")
class GuardedDivision(Plain):
    """A constant in the denominator that guards against 0/0."""

    def share(self, W: Tensor, norm: Tensor) -> Tensor:
        """|W|/(r + ε)."""
        return W.abs() / (norm + 1e-9)


@fault("score.scaled_activations:wanda")
class GuardedNorm(Plain):
    """A constant under the root of the norm, as normalisation layers have it."""

    def norm(self, activations: Tensor) -> Tensor:
        """√(‖X‖² + ε)."""
        return (activations.square().sum(0) + 1e-9).sqrt()


@fault("score.transposition:symmetric")
class OneSided(Plain):
    """The norm of the input twice where the output's is meant once."""

    def symmetric(self, W: Tensor) -> Tensor:
        """|W|·2r."""
        return W.abs() * 2 * self.norms(W, 2)[0]


@fault("score.transposition:owanda")
class NormAcrossOutputs(Plain):
    """Output Wanda's norm along the outputs, which fits for a square Y."""

    def owanda(self, W: Tensor, Y: Tensor) -> Tensor:
        """|W|·‖Y_:k‖."""
        wrong = Y.shape[0] == Y.shape[1]
        return W.abs() * self.norm(Y if wrong else Y.T)[:, None]


@fault("score.construction:symmetric")
class JointNorm(Plain):
    """Corollary 3.4 with the root of the sum of squares that Table 1 prints."""

    def symmetric(self, W: Tensor) -> Tensor:
        """|W|·√(r² + q²)."""
        return self.symmetric_squared(W)


@fault("score.construction:ri")
class EuclideanShares(Plain):
    """Relative importance with ℓ2 norms instead of ℓ1."""

    def ri(self, W: Tensor, terms: str = "both") -> Tensor:
        """|W|/‖W‖₂."""
        return self.relative(W, *self.norms(W, 2), terms)


@fault("score.alpha_zero:wanda")
class PowerIgnored(Plain):
    """Alpha is accepted and ignored."""

    def wanda(self, W: Tensor, X: Tensor, alpha: float = 1.0) -> Tensor:
        """|W|·‖X‖."""
        return super().wanda(W, X)


@fault("score.special_case:general_diagonal")
class HalfNormalised(Plain):
    """Only the inputs' norms divide in the general diagonal solution."""

    def general_diagonal(self, W: Tensor, A: Tensor, B: Tensor) -> Tensor:
        """|W|/r·‖A‖ + |W|·‖B‖."""
        share = self.share(W, self.norms(W)[0])
        return share * self.norm(A) + W.abs() * self.norm(B.T)[:, None]


@fault("score.special_case:symwanda")
class AveragedNorms(Plain):
    """The mean of the two norms where their sum is meant."""

    def symwanda(self, W: Tensor, X: Tensor, Y: Tensor) -> Tensor:
        """|W|·(‖X‖ + ‖Y‖)/2."""
        return super().symwanda(W, X, Y) / 2


@fault("score.normalisation:ri")
class TermsExchanged(Plain):
    """The input term where the output term is asked for, and the other way round."""

    def ri(self, W: Tensor, terms: str = "both") -> Tensor:
        """The other term."""
        return super().ri(W, {"input": "output", "output": "input"}.get(terms, terms))


@fault("score.share:ri")
class ShareOfMean(Plain):
    """A weight relative to the mean of its line instead of the sum."""

    def norms(self, W: Tensor, p: float = 1.0) -> tuple[Tensor, Tensor]:
        """Means."""
        r, q = super().norms(W, p)
        return r / W.shape[0], q / W.shape[1]


@fault("score.monotone_in_p:lp")
class RootForgotten(Plain):
    """An ℓp norm without its root."""

    def norms(self, W: Tensor, p: float = 1.0) -> tuple[Tensor, Tensor]:
        """‖W‖_p^p."""
        r, q = super().norms(W, p)
        return (r, q) if p in (0, float("inf")) else (r**p, q**p)


@fault("score.large_p:lp")
class InfinityIsOne(Plain):
    """p = inf is taken for a missing p, and the sum is used."""

    def norms(self, W: Tensor, p: float = 1.0) -> tuple[Tensor, Tensor]:
        """ℓ1."""
        return super().norms(W, 1.0 if p == float("inf") else p)


@fault("score.dead:ri")
class UndeclaredNan(Plain):
    """A dead line gives 0/0, and the convention does not say so."""

    conventions = {"dead": "zero"}  # noqa: RUF012 - as adapters are written

    def share(self, W: Tensor, norm: Tensor) -> Tensor:
        """|W|/r."""
        return W.abs() / norm


@fault("score.batch_shape:wanda")
class AveragedSequences(Plain):
    """The norms of the sequences of a batch are averaged."""

    def tokens(self, inputs: Tensor) -> Tensor:
        """As they come."""
        return inputs

    def norm(self, activations: Tensor) -> Tensor:
        """Mean of norms."""
        norms = activations.norm(dim=-2)
        return norms if norms.ndim == 1 else norms.mean(0)


@fault("score.batch_shape:ria")
class NormAlongTheBatch(Plain):
    """The norm is taken along the first dimension, which is the batch in three dimensions."""

    def tokens(self, inputs: Tensor) -> Tensor:
        """As they come."""
        return inputs


@fault("score.half_precision:wanda")
class NormInHalf(Plain):
    """Squares and their sum in the dtype of the activations."""

    def widened(self, tensor: Tensor) -> Tensor:
        """Nothing."""
        return tensor

    def norm(self, activations: Tensor) -> Tensor:
        """√Σx², which overflows in float16 from 256 on."""
        return activations.square().sum(0).sqrt()


@fault("score.half_precision:wanda")
class MagnitudeInHalf(Plain):
    """In half precision the activations are left out."""

    def score(self, method: str, weight: Tensor, *given: Any, **parameters: Any) -> Tensor:
        """|W| for Wanda in half precision."""
        if method == "wanda" and weight.dtype in (torch.float16, torch.bfloat16):
            return weight.abs()
        return super().score(method, weight, *given, **parameters)


@fault("score.larger:wanda")
class NormOfTheFirstTokens(Plain):
    """The norm is that of the first 64 tokens."""

    def norm(self, activations: Tensor) -> Tensor:
        """Right for up to 64."""
        return super().norm(activations[:64])


@fault("score.arguments:magnitude")
class WeightInPlace(Plain):
    """Absolute values are taken in place."""

    def magnitude(self, W: Tensor) -> Tensor:
        """|W|, in W."""
        return W.abs_().clone()


@fault("score.arguments:wanda")
class InputsInPlace(Plain):
    """Activations are squared in place."""

    def norm(self, activations: Tensor) -> Tensor:
        """√ΣX², with X² in X."""
        return activations.square_().sum(0).sqrt()


@fault("score.views:magnitude")
class RawMemory(Plain):
    """A weight's memory is read as if it were contiguous."""

    def magnitude(self, W: Tensor) -> Tensor:
        """|W|, by a pointer."""
        return W.as_strided(W.shape, (W.shape[1], 1)).abs()


@fault("score.no_tokens:wanda")
class NormOfNothing(Plain):
    """Without tokens the norm counts as 1, and scores look like magnitudes."""

    def norm(self, activations: Tensor) -> Tensor:
        """1 for no tokens."""
        return super().norm(activations) if len(activations) else activations.new_ones(1)


@fault("score.not_finite:wanda")
class NanIsZero(Plain):
    """What is not finite becomes a number without a word."""

    def wanda(self, W: Tensor, X: Tensor, alpha: float = 1.0) -> Tensor:
        """Cleaned."""
        return super().wanda(W, X, alpha).nan_to_num()
