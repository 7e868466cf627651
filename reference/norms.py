r"""Norms of the rows and columns of a matrix, for every p from 0 to infinity.

Four cases, all safe from overflow and underflow of an intermediate result:

- p = 0 counts the non-zeros and p = ∞ takes the largest magnitude; both are exact.
- p = 1 and p = 2, which the scores stand on, are plain sums. Where the numbers are as wide as
  the sums (float64 in float64) they are first scaled, exactly, by the power of two that brings
  the largest into [½, 1); what this makes subnormal is below :math:`2^{-1021}` of the largest.
- Any other p sums :math:`e^{p(\ln|x_i| - \ln\max_i|x_i|)}`, which lie in [0, 1] for every p. No
  scaling would do: for small p, a number :math:`2^{-2000}` times the largest still counts.

Sums run over contiguous copies of blocks, so strides do not change a bit of a result.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from pruneproof.reference.blocks import block_size, row_blocks
from pruneproof.reference.checks import check_matrix, check_number
from pruneproof.reference.precision import accumulation_copy, accumulation_dtype, times_power_of_two


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
    return _norms("W", W, p, dim=1)


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
    return _norms("W", W, p, dim=0)


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
    return _norms("X", X, 2, dim=0)


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
    return _norms("Y", Y, 2, dim=1)


def _norms(name: str, A: Tensor, p: float, dim: int) -> Tensor:
    check_matrix(name, A)
    check_number("p", p, 0)
    norms = norms_of_finite(A, p, dim)
    if not (norms <= torch.finfo(norms.dtype).max / 2).all():
        raise ValueError(
            f"{name} must have {p}-norms within half of {norms.dtype}'s range; scale it"
        )
    return norms


def norms_of_finite(A: Float[Tensor, "r n"], p: float, dim: int) -> Float[Tensor, " m"]:
    """Norms along a dimension of a matrix that is known to be finite, without any check.

    Args:
        A: finite numbers.
        p: from 0 to infinity.
        dim: 0 for the columns' norms, 1 for the rows'.

    Returns:
        In the accumulation dtype; inf where one is beyond its range.

    Example:
        >>> norms_of_finite(torch.tensor([[3.0], [4.0]]), 2, dim=0).tolist()
        [5.0]
    """
    dtype = accumulation_dtype(A.device)
    if A.numel() == 0:
        return torch.zeros(A.shape[1 - dim], dtype=dtype, device=A.device)
    # Where the square of any number of A's dtype lies within the range, nothing need be scaled.
    scaled = torch.finfo(A.dtype).max > math.sqrt(torch.finfo(dtype).max)
    of_blocks = []
    for rows in row_blocks(*A.shape, elements=block_size(A.device)):
        numbers = accumulation_copy(A[rows], torch.contiguous_format)
        # Squares need no magnitudes.
        if p == 2 and not scaled:
            of_blocks.append(_sum_of_powers(numbers, p, dim))
        else:
            of_blocks.append(_norms_of_magnitudes(numbers.abs_(), p, dim, scaled))
    return torch.cat(of_blocks) if dim == 1 else _union(torch.stack(of_blocks), p, scaled)


def _union(of_blocks: Tensor, p: float, scaled: bool) -> Tensor:
    # A norm of a column is the norm of the norms of its parts; a count is their sum.
    return of_blocks.sum(0) if p == 0 else _norms_of_magnitudes(of_blocks, p, 0, scaled)


def _norms_of_magnitudes(A: Tensor, p: float, dim: int, scaled: bool) -> Tensor:
    if p == 0:
        return (A > 0).sum(dim).to(A.dtype)
    if p in (1, 2) and not scaled:
        return _sum_of_powers(A, p, dim)
    largest = A.amax(dim, keepdim=True)
    if p == math.inf:
        return largest.squeeze(dim)
    if p in (1, 2):
        exponent = torch.frexp(largest).exponent
        norms = _sum_of_powers(times_power_of_two(A, -exponent), p, dim)
        return times_power_of_two(norms, exponent.squeeze(dim))
    # The clamp keeps a row of zeros, whose logarithms are all -inf, from becoming nan.
    top = largest.log().clamp(min=torch.finfo(A.dtype).min)
    total = A.log_().sub_(top).mul_(p).exp_().sum(dim)
    return (top.squeeze(dim) + total.log() / p).exp()


def _sum_of_powers(A: Tensor, p: float, dim: int) -> Tensor:
    return A.sum(dim) if p == 1 else A.square_().sum(dim).sqrt()
