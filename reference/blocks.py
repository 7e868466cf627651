"""Blocks of whole rows: what bounds the memory that a conversion to float64 takes."""

from collections.abc import Callable, Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from pruneproof.reference.precision import accumulation_copy, score_dtype

BLOCK_ELEMENTS = 2**20
"""Elements of a block where much is done with each, as in a product: 8 MiB in float64."""


def block_size(device: torch.device, on_cpu: int = 2**17) -> int:
    """How many numbers to pass over at a time: what stays in a CPU's cache, more on a GPU.

    Args:
        device: where they lie.
        on_cpu: the answer there; 1 MiB in float64 unless told.

    Example:
        >>> block_size(torch.device("cpu"))
        131072
    """
    return on_cpu if device.type == "cpu" else 2**24


def row_blocks(rows: int, columns: int, elements: int | None = None) -> Iterator[slice]:
    """Cut a matrix into blocks of whole rows, each of about so many elements.

    Args:
        rows: number of rows of the matrix.
        columns: number of columns.
        elements: ``BLOCK_ELEMENTS`` unless told.

    Yields:
        Slices that cover ``range(rows)`` in order; a row is never divided.

    Example:
        >>> list(row_blocks(5, BLOCK_ELEMENTS // 2))
        [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    step = max(1, (elements or BLOCK_ELEMENTS) // max(1, columns))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def score_in_blocks(
    W: Float[Tensor, "b c"], rule: Callable[[Tensor, slice, slice], Tensor]
) -> Float[Tensor, "b c"]:
    """Score a matrix block by block; the one rounding to the score dtype happens here.

    Args:
        W: weights, in_features × out_features.
        rule: takes |W[j, k]| in the accumulation dtype, which it may overwrite, and the slices
            of inputs j and of outputs k; returns their scores in the same dtype.

    Returns:
        S in the score dtype, laid out in memory as W is, so that neither is walked across.

    Example:
        >>> score_in_blocks(torch.tensor([[1.0, -2.0]]), lambda magnitude, j, k: 2 * magnitude)
        tensor([[2., 4.]])
    """
    S = torch.empty_like(W, dtype=score_dtype(W.dtype), requires_grad=False)
    b, c = W.shape
    every, elements = slice(None), block_size(W.device)
    # A block is of inputs or of outputs, whichever lie in memory one after the other.
    if W.stride(0) < W.stride(1):
        blocks = [(every, k) for k in row_blocks(c, b, elements)]
    else:
        blocks = [(j, every) for j in row_blocks(b, c, elements)]
    for j, k in blocks:
        S[j, k] = rule(accumulation_copy(W[j, k]).abs_(), j, k)
    return S
