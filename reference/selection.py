"""Splitting the lowest entries off each row of a matrix without sorting the rows.

A row's threshold is bracketed by counting: a pass that counts the entries up to a pivot costs
little more than reading them, and a few pivots leave only some dozens of entries between the two
ends. Those alone are sorted. Counting needs no luck with the data: pivots steer only how many
entries are left, never which are chosen, so ties, outliers and constant rows come out right.
"""

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from pruneproof.reference.precision import score_dtype

# A sample of every 64th entry places the first two pivots, interpolation the others. They aim this
# many standard deviations beside the wanted rank, now on one side, now on the other, so that the
# bracket closes from both ends.
_SAMPLE_STRIDE = 64
_DEVIATIONS = 3.0
# Counting stops when sorting what is left costs less than another pass, or with data on which
# interpolation makes no headway, such as many ties.
_FEW = 1 / 128
_MOST_PASSES = 8


def keep_all_but_lowest(A: Float[Tensor, "r n"], k: int) -> Bool[Tensor, "r n"]:
    """Mark all but the k lowest entries of each row; of equal entries the first go first.

    The same choice as the first k places of a stable ascending sort of the row.

    Args:
        A: finite numbers, any strides.
        k: how many to leave unmarked in each row, 0 <= k <= n.

    Returns:
        True where the entry is kept, contiguous; n − k of them in each row.

    Example:
        >>> keep_all_but_lowest(torch.tensor([[3.0, 1.0, 1.0, 2.0]]), 1).tolist()
        [[True, False, True, True]]
    """
    if k == 0 or A.numel() == 0:
        return torch.ones(A.shape, dtype=torch.bool, device=A.device)
    keep = torch.empty(A.shape, dtype=torch.bool, device=A.device)
    size = block_size(A.device)
    dtype = score_dtype(A.dtype)
    scratch = torch.empty((2, size), dtype=dtype, device=A.device)
    rows = max(1, size // A.shape[1])
    for block, keep_block in zip(A.split(rows), keep.split(rows), strict=True):
        _split(block.to(dtype).contiguous(), k, keep_block, scratch)
    return keep


def block_size(device: torch.device) -> int:
    """How many entries to work on at a time: what the CPU cores' caches hold, more on a GPU."""
    return torch.get_num_threads() << 18 if device.type == "cpu" else 1 << 24


def _split(A: Tensor, k: int, keep: Tensor, scratch: Tensor) -> None:
    lower, upper, needed = _bracket(A, k, scratch[0])
    place, values = _keep_from_upper(A, lower, upper, keep, scratch)

    # By row, then by value, then by place: two stable sorts, the more important key last.
    row = place // A.shape[1]
    order = values.argsort(stable=True)
    order = order[row[order].argsort(stable=True)]
    inside = torch.bincount(row, minlength=len(A))
    rank = torch.arange(len(row), device=A.device) - (inside.cumsum(0) - inside)[row]
    keep.view(-1)[place[order[rank >= needed[row]]]] = True

    ties = (needed - inside).clamp(min=0)
    if bool(ties.any()):
        _release_first_equal(A, upper, ties, keep)


def _bracket(A: Tensor, k: int, scratch: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Find ends with #(A <= lower) < k <= #(A <= upper); also k − #(A <= lower), by row."""
    lower = torch.nextafter(A.amin(1), torch.full_like(A[:, 0], -torch.inf))
    upper = A.amax(1)
    up_to_lower = torch.zeros_like(lower, dtype=torch.int64)
    up_to_upper = torch.full_like(up_to_lower, A.shape[1])
    sampled = _sampled_pivots(A, k)
    for step in range(_MOST_PASSES):
        if int((up_to_upper - up_to_lower).sum()) <= _FEW * A.numel():
            break
        if step < len(sampled):
            pivot = sampled[step]
        else:
            side = 1 if step % 2 else -1
            pivot = _interpolate(lower, upper, k - up_to_lower, up_to_upper - up_to_lower, side)
        # fmin and fmax also replace the nan of a bracket wider than the largest number.
        pivot = torch.fmax(lower, torch.fmin(upper, pivot))
        count = _count_up_to(A, pivot, scratch)
        below = count < k
        lower, up_to_lower = (
            torch.where(below, pivot, lower),
            torch.where(below, count, up_to_lower),
        )
        upper, up_to_upper = (
            torch.where(below, upper, pivot),
            torch.where(below, up_to_upper, count),
        )
    return lower, upper, k - up_to_lower


def _sampled_pivots(A: Tensor, k: int) -> list[Tensor]:
    sample = A[:, ::_SAMPLE_STRIDE]
    size = sample.shape[1]
    share = k / A.shape[1]
    deviation = _DEVIATIONS * math.sqrt(size * share * (1 - share))
    ranks = [round(size * share + sign * deviation) for sign in (-1, 1)]
    return [sample.kthvalue(min(max(rank, 1), size), dim=1).values for rank in ranks]


def _interpolate(lower: Tensor, upper: Tensor, rank: Tensor, inside: Tensor, side: int) -> Tensor:
    deviation = torch.sqrt(rank * (inside - rank) / inside)
    share = (rank + side * _DEVIATIONS * deviation) / inside
    return torch.lerp(lower, upper, share.clamp(0, 1).to(lower.dtype))


def _count_up_to(A: Tensor, pivot: Tensor, scratch: Tensor) -> Int[Tensor, " r"]:
    total = torch.zeros(len(A), dtype=torch.int64, device=A.device)
    for piece in A.split(len(scratch), dim=1):
        total += torch.le(piece, pivot[:, None], out=_shaped(scratch, piece)).sum(1).long()
    return total


def _keep_from_upper(
    A: Tensor, lower: Tensor, upper: Tensor, keep: Tensor, scratch: Tensor
) -> tuple[Int[Tensor, " s"], Float[Tensor, " s"]]:
    """Keep what reaches the upper end; return flat places and values strictly inside the ends."""
    # A block is several whole rows or pieces of one row; either way a flat place in a piece is
    # one in A but for the pieces before it.
    width = scratch.shape[1]
    places, values = [], []
    for number, piece in enumerate(A.split(width, dim=1)):
        reaches = torch.ge(piece, upper[:, None], out=_shaped(scratch[0], piece))
        keep[:, number * width : (number + 1) * width] = reaches
        inside = torch.gt(piece, lower[:, None], out=_shaped(scratch[1], piece)).sub_(reaches)
        place = _nonzero(inside.view(-1))
        places.append(place + number * width)
        values.append(piece.view(-1)[place])
    return torch.cat(places), torch.cat(values)


def _nonzero(flags: Float[Tensor, " s"]) -> Int[Tensor, " n"]:
    # Few are set, so eight at a time are looked at as one integer first.
    eights = torch.zeros((-(-len(flags) // 8), 8), dtype=torch.bool, device=flags.device)
    eights.view(-1)[: len(flags)] = flags
    some = eights.view(torch.int64)[:, 0].nonzero()[:, 0]
    eight, one = eights[some].nonzero(as_tuple=True)
    return some[eight] * 8 + one


def _shaped(scratch: Tensor, piece: Tensor) -> Tensor:
    # A comparison written in the operands' own dtype is vectorised on the CPU; one written as bool
    # is not, and takes five times as long. Sums of fewer than 2^24 ones are exact in float32.
    return scratch[: piece.numel()].view(piece.shape)


def _release_first_equal(A: Tensor, value: Tensor, count: Tensor, keep: Tensor) -> None:
    """In each row, let go of the first ``count`` entries that equal ``value``."""
    width = block_size(A.device)
    for piece, keep_piece in zip(A.split(width, dim=1), keep.split(width, dim=1), strict=True):
        equal = piece == value[:, None]
        keep_piece &= ~(equal & (equal.cumsum(1) <= count[:, None]))
        count = count - equal.sum(1)
