"""Statistics of a layer's inputs over all calibration tokens, gathered in one pass."""

import torch
from jaxtyping import Float
from torch import Tensor

from pruneproof.reference.blocks import block_size, row_blocks
from pruneproof.reference.checks import (
    check_batch,
    check_device,
    check_integer,
    check_matrix,
    check_norms,
)
from pruneproof.reference.norms import norms_of_finite
from pruneproof.reference.precision import accumulation_dtype, summable_limit, to_accumulation


class ActivationStatistics:
    r"""Norm, mean, population variance and centred norm of each input feature, over batches.

    .. math::
        \lVert X_{:j} \rVert_2, \qquad
        \mu_j = \frac1a \sum_i X_{ij}, \qquad
        \sigma_j^2 = \frac1a \sum_i (X_{ij} - \mu_j)^2

    How the tokens are cut into batches changes the results by rounding only: batches are merged
    by the exact formula for the moments of a union, so the variance between their means is
    counted too. Sums are taken in float64 whatever the activations' dtype. A feature that never
    changes has exactly its value as mean and exactly 0 as variance.

    Args:
        in_features: number of input features, b.
        device: where the batches lie and the sums are kept.
        moments: without, only norms are gathered, in a third of the time.

    Raises:
        ValueError: in_features is below 1.

    Example:
        >>> statistics = ActivationStatistics(2)
        >>> statistics.update(torch.tensor([[3.0, 1.0]]))
        >>> statistics.update(torch.tensor([[[4.0, 1.0]], [[5.0, 1.0]]]))
        >>> statistics.tokens, statistics.mean.tolist()
        (3, [4.0, 1.0])
        >>> statistics.norm.square().round(decimals=9).tolist()
        [50.0, 3.0]

    Source: §3.6, E[·] and Var(·) "over N × L tokens". Formula: Chan, Golub and LeVeque (1979),
    *Updating formulae and a pairwise algorithm for computing sample variances*. Other code:
    DSnoT averages the variances of the batches, which drops the variance between their means.
    """

    def __init__(
        self, in_features: int, device: torch.device | str = "cpu", *, moments: bool = True
    ) -> None:
        check_integer("in_features", in_features, 1)
        self.in_features, self.moments = in_features, moments
        self.tokens = 0
        dtype = accumulation_dtype(torch.device(device))
        zeros = torch.zeros(in_features, dtype=dtype, device=device)
        self._norm, self._mean, self._squared_deviations = zeros, zeros, zeros

    def update(self, batch: Float[Tensor, "... b"]) -> None:
        """Count the tokens of one batch.

        Args:
            batch: activations, any shape [..., in_features], empty too; any floating dtype.

        Raises:
            ValueError: another last dimension or device, a number that is not finite, or one so
                large (float64 only) that a sum over the tokens could overflow.
        """
        limit = summable_limit(self._mean.dtype)
        check_batch("batch", batch, self.in_features, device=self._mean.device, limit=limit)
        tokens = batch.reshape(-1, self.in_features)
        self._norm = torch.hypot(self._norm, norms_of_finite(tokens, 2, dim=0))
        if not self.moments:
            self.tokens += len(tokens)
            return
        for rows in row_blocks(*tokens.shape, elements=block_size(tokens.device)):
            self._count(tokens[rows])

    def merge(self, other: "ActivationStatistics") -> None:
        """Count all tokens that another accumulator has seen; it is left unchanged.

        Args:
            other: of the same in_features and device, and with moments where this has them.

        Raises:
            TypeError: not an ActivationStatistics.
            ValueError: another number of features or device, or moments that are missing.
        """
        if not isinstance(other, ActivationStatistics):
            raise TypeError(f"other must be an ActivationStatistics, got {type(other).__name__}")
        if other.in_features != self.in_features:
            raise ValueError(
                f"other must have {self.in_features} in_features, got {other.in_features}"
            )
        check_device("other", other._mean, "the accumulator", self._mean)
        if self.moments and not other.moments:
            raise ValueError("other must have moments, as the accumulator does")
        self._norm = torch.hypot(self._norm, other._norm)
        self._merge(other.tokens, other._mean, other._squared_deviations)

    @property
    def norm(self) -> Float[Tensor, " b"]:
        """‖X_:j‖₂ over all tokens, not averaged; it cannot overflow where the result does not.

        Raises:
            ValueError: no token has been seen.
        """
        self._check_not_empty()
        return self._norm.clone()

    @property
    def mean(self) -> Float[Tensor, " b"]:
        """Mean of each feature over all tokens.

        Raises:
            ValueError: no token has been seen, or no moments are gathered.
        """
        self._check_moments()
        return self._mean.clone()

    @property
    def var(self) -> Float[Tensor, " b"]:
        """Population variance of each feature (divided by the tokens, not by one less).

        Raises:
            ValueError: no token has been seen, or no moments are gathered.
        """
        self._check_moments()
        return self._squared_deviations / self.tokens

    @property
    def centred_norm(self) -> Float[Tensor, " b"]:
        """‖X_:j − μ_j‖₂ over all tokens, not averaged: what the variance is the mean square of.

        Raises:
            ValueError: no token has been seen, or no moments are gathered.
        """
        self._check_moments()
        return self._squared_deviations.sqrt()

    def _count(self, tokens: Tensor) -> None:
        X = to_accumulation(tokens.contiguous())
        mean, deviations = centred(X)
        self._merge(len(X), mean, deviations.square_().sum(0))

    def _merge(self, tokens: int, mean: Tensor, squared_deviations: Tensor) -> None:
        if tokens == 0:
            return
        union = self.tokens + tokens
        shift = mean - self._mean
        # shift · (shift · …): its square alone could overflow and meet a weight of 0.
        between = shift * (shift * (self.tokens * (tokens / union)))
        self._squared_deviations = self._squared_deviations + squared_deviations + between
        self._mean = self._mean + shift * (tokens / union)
        self.tokens = union

    def _check_not_empty(self) -> None:
        if self.tokens == 0:
            raise ValueError("tokens must be at least 1 before a statistic is read, got 0")

    def _check_moments(self) -> None:
        self._check_not_empty()
        if not self.moments:
            raise ValueError("moments must be True where mean or var are read")


def centred_activation_norms(X: Float[Tensor, "a b"]) -> Float[Tensor, " b"]:
    r"""Euclidean norm of each input feature about its mean over all tokens, not averaged.

    .. math:: \lVert X_{:j} - \mu_j \rVert_2 = \sqrt{\textstyle\sum_i X_{ij}^2 - a\mu_j^2}

    It is the root of a sum of squared deviations. The difference on the right would lose all
    digits of a small deviation beside a large mean.

    Args:
        X: calibration inputs, tokens × in_features. For more tokens than memory holds, see
            :class:`ActivationStatistics`.

    Returns:
        One number an input, in the accumulation dtype; 0 for one that never varies, and without
        tokens. Deviations whose squares are below float64's range count as 0.

    Raises:
        ValueError: X is not a finite floating-point matrix, a number in it is so large (float64
            only) that a sum over the tokens could overflow, or the square of a norm would.

    Example:
        >>> X = torch.tensor([[103.0, 5.0], [97.0, 5.0], [97.0, 5.0], [103.0, 5.0]])
        >>> centred_activation_norms(X).tolist()
        [6.0, 0.0]

    Source: beyond the paper; see :func:`~pruneproof.reference.scores.stade.stade`.
    """
    check_matrix("X", X)
    if X.numel() == 0:
        return torch.zeros(X.shape[1], dtype=accumulation_dtype(X.device), device=X.device)
    statistics = ActivationStatistics(X.shape[1], X.device)
    statistics.update(X)
    norm = statistics.centred_norm
    check_norms("the deviations' norm of X", norm, X.shape[1])
    return norm


def centred(X: Float[Tensor, "a b"]) -> tuple[Float[Tensor, " b"], Float[Tensor, "a b"]]:
    """The mean of each feature, and a new matrix of what each token deviates from it.

    Args:
        X: in the accumulation dtype, with any number of tokens.

    Example:
        >>> mean, deviations = centred(torch.tensor([[1.0], [3.0]]))
        >>> mean.tolist(), deviations.tolist()
        ([2.0], [[-1.0], [1.0]])
    """
    if len(X) == 0:
        return X.new_zeros(X.shape[1]), X.clone()
    mean = X.sum(0) / len(X)
    deviations = X - mean
    # Corrected once, the mean of equal numbers is that number and they do not deviate from it.
    mean += deviations.sum(0) / len(X)
    return mean, torch.sub(X, mean, out=deviations)
