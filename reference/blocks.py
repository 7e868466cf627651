"""Blocks of whole rows: what bounds the memory that a conversion to float64 takes."""

from collections.abc import Callable, Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from pruneproof.reference.precision import score_dtype, to_accumulation

BLOCK_ELEMENTS = 2**20
"""Elements of a block, 8 MiB in float64: it fits into a cache and still keeps a GPU busy."""


def row_blocks(rows: int, columns: int) -> Iterator[slice]:
    """Cut a matrix into blocks of whole rows, each of about ``BLOCK_ELEMENTS`` elements.

    Args:
        rows: number of rows of the matrix.
        columns: number of columns.

    Yields:
        Slices that cover ``range(rows)`` in order; a row is never divided.

    Example:
        >>> list(row_blocks(5, BLOCK_ELEMENTS // 2))
        [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    step = max(1, BLOCK_ELEMENTS // max(1, columns))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def score_in_blocks(
    W: Float[Tensor, "b c"], rule: Callable[[Tensor, slice], Tensor]
) -> Float[Tensor, "b c"]:
    """Score a matrix block by block; the one rounding to the score dtype happens here.

    Args:
        W: weights, in_features × out_features.
        rule: takes |W[j, :]| in the accumulation dtype, which it may overwrite, and the slice
            of inputs j; returns their scores in the same dtype.

    Returns:
        S, contiguous, in the score dtype.

    Example:
        >>> score_in_blocks(torch.tensor([[1.0, -2.0]]), lambda magnitude, j: 2 * magnitude)
        tensor([[2., 4.]])
    """
    S = torch.empty(W.shape, dtype=score_dtype(W.dtype), device=W.device)
    for j in row_blocks(*W.shape):
        S[j] = rule(to_accumulation(W[j].contiguous()).abs(), j)
    return S
