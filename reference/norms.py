r"""Norms of the rows and columns of a matrix, for every p from 0 to infinity.

Four cases, all safe from overflow and underflow of an intermediate result:

- p = 0 counts the non-zeros and p = ∞ takes the largest magnitude; both are exact.
- p = 1 and p = 2, which the scores stand on, sum after an exact scaling by the power of two
  that brings the largest magnitude into [½, 1). What the scaling makes subnormal is less than
  :math:`2^{-1021}` of that magnitude.
- Any other p sums :math:`e^{p(\ln|x_i| - \ln\max_i|x_i|)}`, which lie in [0, 1] for every p. No
  scaling would do: for small p, a number :math:`2^{-2000}` times the largest still counts.

Sums run over contiguous copies, so neither strides nor transposition change a bit of a result.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from pruneproof.reference.blocks import row_blocks
from pruneproof.reference.checks import check_matrix, check_number
from pruneproof.reference.precision import accumulation_dtype, times_power_of_two


def input_norms(W: Float[Tensor, "b c"], p: float) -> Float[Tensor, " b"]:
    r"""Norm of the weights that leave each input.

    .. math:: \lVert W_{j:} \rVert_p = \Bigl(\sum_k |W_{jk}|^p\Bigr)^{1/p}

    Args:
        W: weights, in_features × out_features.
        p: 0 counts the non-zeros, ``math.inf`` takes the largest; below 1 it is no norm, but
            defined all the same.

    Returns:
        One number an input, in the accumulation dtype; 0 for an input without a weight.

    Raises:
        ValueError: W is not a finite floating-point matrix, p is not in [0, inf], or a norm is
            beyond half of float64's range (the root of a small p can be: n equal numbers have
            the norm n^(1/p) times one of them).

    Example:
        >>> W = torch.tensor([[3.0, -4.0], [0.0, 0.0]])
        >>> input_norms(W, 2).tolist(), input_norms(W, 0).tolist()
        ([5.0, 0.0], [2.0, 0.0])

    Source: §3.4 and §3.5.1.
    """
    check_matrix("W", W)
    return _row_norms("W", W, p)


def output_norms(W: Float[Tensor, "b c"], p: float) -> Float[Tensor, " c"]:
    r"""Norm of the weights that enter each output.

    .. math:: \lVert W_{:k} \rVert_p = \Bigl(\sum_j |W_{jk}|^p\Bigr)^{1/p}

    Args:
        W: weights, in_features × out_features.
        p: as in :func:`input_norms`.

    Returns:
        One number an output, in the accumulation dtype; 0 for an output without a weight.

    Raises:
        ValueError: as in :func:`input_norms`.

    Example:
        >>> output_norms(torch.tensor([[1.0, -2.0], [0.0, 4.0]]), 1).tolist()
        [1.0, 6.0]

    Source: §3.4 and §3.5.1.
    """
    check_matrix("W", W)
    return _row_norms("W", W.T, p)


def activation_norms(X: Float[Tensor, "a b"]) -> Float[Tensor, " b"]:
    r"""Euclidean norm of each input feature over all tokens, not averaged.

    .. math:: \lVert X_{:j} \rVert_2

    Args:
        X: calibration inputs, tokens × in_features. For more tokens than memory holds, see
            :class:`~pruneproof.reference.statistics.ActivationStatistics`.

    Returns:
        One number an input, in the accumulation dtype.

    Raises:
        ValueError: X is not a finite floating-point matrix, or a norm is beyond half of
            float64's range.

    Example:
        >>> activation_norms(torch.tensor([[3.0, 0.0], [4.0, -2.0]])).tolist()
        [5.0, 2.0]

    Source: Eq. (1).
    """
    check_matrix("X", X)
    return _row_norms("X", X.T, 2)


def output_activation_norms(Y: Float[Tensor, "c d"]) -> Float[Tensor, " c"]:
    r"""Euclidean norm of each row of the output calibration matrix.

    .. math:: \lVert Y_{k:} \rVert_2

    Args:
        Y: output calibration, out_features × d.

    Returns:
        One number an output, in the accumulation dtype.

    Raises:
        ValueError: Y is not a finite floating-point matrix, or a norm is beyond half of
            float64's range.

    Example:
        >>> output_activation_norms(torch.tensor([[3.0, -4.0], [0.0, 2.0]])).tolist()
        [5.0, 2.0]

    Source: Eq. (1).
    """
    check_matrix("Y", Y)
    return _row_norms("Y", Y, 2)


def _row_norms(name: str, A: Tensor, p: float) -> Tensor:
    check_number("p", p, 0)
    dtype = accumulation_dtype(A.device)
    norms = torch.zeros(A.shape[0], dtype=dtype, device=A.device)
    if A.numel() == 0:
        return norms
    for rows in row_blocks(*A.shape):
        block = torch.empty(A[rows].shape, dtype=dtype, device=A.device)
        norms[rows] = _norms_of_magnitudes(block.copy_(A.detach()[rows]).abs_(), p)
    if not (norms <= torch.finfo(dtype).max / 2).all():
        raise ValueError(f"{name} must have {p}-norms within half of {dtype}'s range; scale it")
    return norms


def _norms_of_magnitudes(A: Tensor, p: float) -> Tensor:
    if p == 0:
        return (A > 0).sum(1).to(A.dtype)
    largest = A.amax(1, keepdim=True)
    if p == math.inf:
        return largest.squeeze(1)
    if p in (1, 2):
        exponent = torch.frexp(largest).exponent
        scaled = times_power_of_two(A, -exponent)
        norms = scaled.sum(1) if p == 1 else scaled.square_().sum(1).sqrt()
        return times_power_of_two(norms, exponent.squeeze(1))
    # The clamp keeps a row of zeros, whose logarithms are all -inf, from becoming nan.
    top = largest.log().clamp(min=torch.finfo(A.dtype).min)
    total = A.log_().sub_(top).mul_(p).exp_().sum(1)
    return (top.squeeze(1) + total.log() / p).exp()
