"""Splitting the lowest entries off each row of a matrix without sorting the rows.

A partition finds each row's threshold and leaves only entries equal to it to be told apart. Of a
row too long for the cache, a sample first tells which few entries can be the threshold.
"""

import math

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pruneproof.reference.blocks import block_size
from pruneproof.reference.precision import score_dtype

# The sample is every 64th entry; but for one draw in ten thousand, the threshold lies within this
# many standard deviations of its expected place in the sample.
_SAMPLE_STRIDE = 64
_DEVIATIONS = 4.0


def keep_all_but_lowest(A: Float[Tensor, "r n"], k: int) -> Bool[Tensor, "r n"]:
    """Mark all but the k lowest entries of each row; of equal entries the first go first.

    The same choice as the first k places of a stable ascending sort of the row.

    Args:
        A: finite numbers, any strides.
        k: how many to leave unmarked in each row, 0 <= k < n.

    Returns:
        True where the entry is kept, contiguous; n − k of them in each row.

    Example:
        >>> keep_all_but_lowest(torch.tensor([[3.0, 1.0, 1.0, 2.0]]), 1).tolist()
        [[True, False, True, True]]
    """
    if k == 0 or A.numel() == 0:
        return torch.ones(A.shape, dtype=torch.bool, device=A.device)
    keep = torch.empty(A.shape, dtype=torch.bool, device=A.device)
    rows = max(1, block_size(A.device) // A.shape[1])
    split = _split_on_cpu if A.device.type == "cpu" else _split_on_device
    for block, keep_block in zip(A.split(rows), keep.split(rows), strict=True):
        split(block.detach().to(score_dtype(A.dtype)), k, keep_block)
    return keep


def _split_on_device(A: Tensor, k: int, keep: Tensor) -> None:
    threshold = A.kthvalue(k, dim=1, keepdim=True).values
    torch.gt(A, threshold, out=keep)
    missing = A.shape[1] - k - keep.sum(1, keepdim=True)
    equal = threshold == A
    place_from_last = equal.flip(1).cumsum(1, dtype=torch.int32).flip(1)
    keep |= equal & (place_from_last <= missing)


def _split_on_cpu(A: Tensor, k: int, keep: Tensor) -> None:
    # NumPy partitions and compares with vector instructions; torch takes several times as long.
    rows, marks = A.numpy(), keep.numpy()
    near, rank = rows, k - 1
    if rows.shape[1] > (size := block_size(A.device)):
        near, rank = _near_the_threshold(rows[0], rank, size)
    near = np.partition(near, rank, axis=1)
    threshold = near[:, rank]
    np.greater(rows, threshold[:, None], out=marks)
    missing = np.count_nonzero(near[:, rank + 1 :] == threshold[:, None], axis=1)
    for row in np.flatnonzero(missing):
        equal = np.flatnonzero(rows[row] == threshold[row])
        marks[row, equal[-missing[row] :]] = True


def _near_the_threshold(row: np.ndarray, rank: int, size: int) -> tuple[np.ndarray, int]:
    """Gather, as a matrix of one row, the entries near a rank; also the rank among them."""
    sample = row[::_SAMPLE_STRIDE]
    share = rank / len(row)
    margin = _DEVIATIONS * math.sqrt(len(sample) * share * (1 - share))
    places = [round(len(sample) * share + side) for side in (-margin, margin)]
    places = np.clip(places, 0, len(sample) - 1)
    lower, upper = np.partition(sample, places)[places]
    below, near = 0, []
    for start in range(0, len(row), size):
        piece = row[start : start + size]
        below += int(np.count_nonzero(piece < lower))
        near.append(piece[(piece >= lower) & (piece <= upper)])
    gathered = np.concatenate(near)
    if below <= rank < below + len(gathered):
        return gathered[None], rank - below
    # An order of entries that misleads the sample costs a partition of the whole row.
    return row[None], rank
