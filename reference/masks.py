"""Keep masks from scores: exact counts within each output or over the layer, and n:m."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pruneproof.reference.blocks import block_size
from pruneproof.reference.checks import (
    check_choice,
    check_group_length,
    check_integer,
    check_matrix,
    check_number,
)
from pruneproof.reference.precision import score_dtype
from pruneproof.reference.selection import keep_all_but_lowest

# Ranking a group against itself takes m − 1 passes; splitting it costs the same for any m.
_LARGEST_RANKED_GROUP = 32


def keep_mask(
    S: Float[Tensor, "b c"], sparsity: float, group: str = "output"
) -> Bool[Tensor, "b c"]:
    r"""Keep the highest scores of each group and prune an exact number of the others.

    .. math:: \#\{\text{pruned in a group of } n\} = \lfloor n \cdot \text{sparsity} \rfloor

    The product is taken in double precision, as every known implementation does: 28 of 100 at
    0.29. Of equal scores the lowest index in ``nn.Linear``'s layout (out × in, row by row) is
    pruned first, as a stable ascending sort does. Masks are nested: more sparsity prunes a
    superset.

    Args:
        S: scores, in_features × out_features, larger means keep. 0.0 and -0.0 are equal.
        sparsity: fraction to prune, in [0, 1).
        group: ``output`` compares the weights into one output, ``layer`` all of them.

    Returns:
        True where the weight survives.

    Raises:
        TypeError: S is not a tensor, or sparsity not a number.
        ValueError: S is not a finite floating-point matrix, sparsity is outside [0, 1), or group
            is neither word.

    Example:
        >>> S = torch.tensor([[4.0, 1.0], [3.0, 2.0]])
        >>> keep_mask(S, 0.5).tolist()
        [[True, False], [False, True]]
        >>> keep_mask(S, 0.5, group="layer").tolist()
        [[True, False], [True, False]]

    Source: Section 4.1. Other code: locuslab/wanda's mask is True where pruned.
    """
    by_output = _in_linear_layout(S)
    check_number("sparsity", sparsity, 0, 1, open_high=True)
    check_choice("group", group, ("output", "layer"))
    groups = by_output if group == "output" else by_output.reshape(1, -1)
    keep = keep_all_but_lowest(groups, int(groups.shape[1] * float(sparsity)))
    return keep.view(by_output.shape).T


def keep_n_of_m(S: Float[Tensor, "b c"], n: int, m: int) -> Bool[Tensor, "b c"]:
    """Keep the n highest scores of every m consecutive inputs of each output.

    Ties are settled as in :func:`keep_mask`. Masks are nested in n.

    Args:
        S: scores, in_features × out_features, larger means keep; m divides in_features.
        n: how many survive, 1 <= n < m. With n = 0 nothing would.
        m: length of a group.

    Returns:
        True where the weight survives.

    Raises:
        TypeError: S is not a tensor, n or m not an integer.
        ValueError: S is not a finite floating-point matrix, m is below 2 or does not divide
            in_features, or n is outside [1, m − 1].

    Example:
        >>> keep_n_of_m(torch.tensor([[1.0], [4.0], [2.0], [3.0]]), 1, 2)[:, 0].tolist()
        [False, True, False, True]

    Source: Section 4.1. Other code: locuslab/wanda's ``prune_n`` counts the pruned ones.
    """
    by_output = _in_linear_layout(S)
    check_group_length("m", m, by_output.shape[1])
    check_integer("n", n, 1)
    if n >= m:
        raise ValueError(f"n must be below m = {m}, got {n}")
    scores = by_output.to(score_dtype(S.dtype)).contiguous()
    if m > _LARGEST_RANKED_GROUP:
        return keep_all_but_lowest(scores.view(-1, m), m - n).view(scores.shape).T
    return _keep_highest_of_each_group(scores.view(-1), n, m).view(scores.shape).T


def _in_linear_layout(S: Tensor) -> Tensor:
    # S is most often a view of a contiguous out × in matrix, whose ends are found without a copy.
    by_output = S.T if isinstance(S, Tensor) and S.ndim == 2 else S
    check_matrix("S", by_output)
    return by_output


def _keep_highest_of_each_group(A: Float[Tensor, " s"], n: int, m: int) -> Bool[Tensor, " s"]:
    # An entry's rank counts the smaller ones of its m, and the equal ones before it. If nothing
    # were smaller than what comes before it, ranks would be places; each later and smaller entry
    # raises one rank and lowers its own. All groups are compared at once, at one distance after
    # the other, in A's own dtype for the reason given in selection.py.
    # Small pieces, since places, ranks and comparisons must stay in each core's own cache.
    size = max(1, block_size(A.device, torch.get_num_threads() << 16) // m) * m
    place = torch.arange(min(size, len(A)), dtype=A.dtype, device=A.device) % m
    same_group = [(place < m - distance).to(A.dtype) for distance in range(1, m)]
    ranks, less = torch.empty_like(place), torch.empty_like(place)
    keep = torch.empty(A.shape, dtype=torch.bool, device=A.device)
    for piece, keep_piece in zip(A.split(size), keep.split(size), strict=True):
        rank = ranks[: len(piece)].copy_(place[: len(piece)])
        for distance, same in enumerate(same_group, start=1):
            pairs = len(piece) - distance
            smaller = torch.lt(piece[distance:], piece[:pairs], out=less[:pairs])
            rank[:pairs].addcmul_(smaller, same[:pairs])
            rank[distance:].addcmul_(smaller, same[:pairs], value=-1)
        keep_piece.copy_(torch.ge(rank, m - n, out=rank))
    return keep
