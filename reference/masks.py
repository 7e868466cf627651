"""Keep masks from scores: exact counts within each output or over the layer, and n:m."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pruneproof.reference.checks import check_choice, check_integer, check_matrix, check_number
from pruneproof.reference.precision import score_dtype
from pruneproof.reference.selection import block_size, keep_all_but_lowest

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
    check_matrix("S", S)
    check_number("sparsity", sparsity, 0, 1, open_high=True)
    check_choice("group", group, ("output", "layer"))
    by_output = S.T
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
    check_matrix("S", S)
    check_integer("m", m, 2)
    check_integer("n", n, 1, m - 1)
    by_output = S.T
    if by_output.shape[1] % m != 0:
        raise ValueError(f"m must divide in_features, {by_output.shape[1]}, got {m}")
    if m > _LARGEST_RANKED_GROUP:
        return keep_all_but_lowest(by_output.reshape(-1, m), m - n).view(by_output.shape).T
    keep = torch.empty(by_output.shape, dtype=torch.bool, device=S.device)
    _keep_highest_of_each_group(by_output, n, m, keep)
    return keep.T


def _keep_highest_of_each_group(A: Tensor, n: int, m: int, keep: Tensor) -> None:
    # An entry's rank counts the smaller ones of its m, and the equal ones before it. If nothing
    # were smaller than what comes before it, ranks would be places; each later and smaller entry
    # raises one rank and lowers its own. All groups are compared at once, at one distance after
    # the other, in float32 as in selection.py.
    columns = A.shape[1]
    rows = max(1, block_size(A.device) // max(1, columns))
    place = torch.arange(columns, dtype=torch.float32, device=A.device) % m
    same_group = [(place[:-distance] < m - distance).float() for distance in range(1, m)]
    less = torch.empty(rows * columns, dtype=torch.float32, device=A.device)
    ranks = torch.empty((rows, columns), dtype=torch.float32, device=A.device)
    for block, keep_block in zip(A.split(rows), keep.split(rows), strict=True):
        block = block.to(score_dtype(A.dtype)).contiguous()
        rank = ranks[: len(block)].copy_(place.expand(block.shape))
        for distance, same in enumerate(same_group, start=1):
            earlier, later = block[:, :-distance], block[:, distance:]
            smaller = torch.lt(later, earlier, out=less[: later.numel()].view(later.shape))
            rank[:, :-distance].addcmul_(smaller, same)
            rank[:, distance:].addcmul_(smaller, same, value=-1)
        keep_block.copy_(torch.ge(rank, m - n, out=rank))
