"""Which weights a pruning compares with each other."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pruneproof.reference.checks import check_choice, check_integer, check_mask, check_matrix


@dataclass(frozen=True)
class Grouping:
    """How the weights of a layer fall into groups.

    Attributes:
        group: `output`, or `layer`, where all weights are one group.
        n_m: kept of group; the groups are then m consecutive inputs of an output.
    """

    group: str
    n_m: tuple[int, int] | None

    def length(self, inputs: int) -> int:
        """How many inputs of one output compare."""
        return inputs if self.n_m is None else min(self.n_m[1], inputs)


def checked(W: Tensor, keep: Tensor, group: str, n_m: tuple[int, int] | None) -> Grouping:
    """The grouping, once the arguments are known to be good.

    Args:
        W: out × in.
        keep: of the same shape.
        group: `output` or `layer`.
        n_m: kept of group, or None.

    Raises:
        TypeError: something is no tensor, no boolean mask or no integer.
        ValueError: W is not a finite matrix, keep has another shape, group is another word, or
            n_m is not two numbers 1 ≤ n < m, or comes with the group `layer`.
    """
    check_matrix("W", W)
    check_mask("keep", keep, W.shape, device=W.device)
    check_choice("group", group, ("output", "layer"))
    if n_m is not None:
        if not isinstance(n_m, tuple | list) or len(n_m) != 2:
            raise ValueError(f"n_m must be two numbers, kept and group, got {n_m!r}")
        check_integer("n_m's group", n_m[1], 2)
        check_integer("n_m's kept", n_m[0], 1, n_m[1] - 1)
        if group != "output":
            raise ValueError(f"group must be 'output' with n_m, got {group!r}")
        n_m = (int(n_m[0]), int(n_m[1]))
    return Grouping(group, n_m)


def comparable(W: Tensor) -> Tensor:
    """W in a dtype that torch compares: float8, each of whose values float32 holds, is none.

    Example:
        >>> comparable(torch.ones(1, 1, dtype=torch.float8_e5m2)).dtype
        torch.float32
    """
    return W.float() if W.dtype.itemsize == 1 else W


def in_groups(A: Tensor, length: int, fill: float | bool) -> Tensor:
    """out × in as out × groups × length; a last group that is shorter is filled up.

    Example:
        >>> in_groups(torch.tensor([[1.0, 2.0, 3.0]]), 2, 0.0).tolist()
        [[[1.0, 2.0], [3.0, 0.0]]]
    """
    rows, inputs = A.shape
    groups = math.ceil(inputs / length) if length else 0
    if groups * length != inputs:
        A = torch.nn.functional.pad(A, (0, groups * length - inputs), value=fill)
    return A.reshape(rows, groups, length)


def extremes(
    low: Float[Tensor, "c g m"], high: Float[Tensor, "c g m"], pruned: Tensor, kept: Tensor
) -> tuple[Float[Tensor, "c g"], Float[Tensor, "c g"]]:
    """Of each group the highest pruned `low` and the lowest kept `high`.

    Args:
        low: lower ends of the scores.
        high: upper ends.
        pruned: which members count as pruned.
        kept: which count as kept; those that are neither do not count.
    """
    if low.shape[-1] == 0:
        empty = low.new_full(low.shape[:-1], torch.inf)
        return -empty, empty
    return (
        low.masked_fill(~pruned, -torch.inf).amax(-1),
        high.masked_fill(~kept, torch.inf).amin(-1),
    )


def sides(W: Tensor, keep: Tensor) -> tuple[Bool[Tensor, "c b"], Bool[Tensor, "c b"]]:
    """Which weights were pruned and which were kept.

    A weight that is 0 in the dense model looks the same either way, so it is neither.
    """
    live = W != 0
    return live & ~keep, live & keep


def something_compares(W: Tensor, keep: Tensor, group: str, length: int) -> bool:
    """Whether some group has both a pruned and a kept weight."""
    pruned, kept = sides(W, keep)
    if group == "layer" or W.numel() == 0:
        return bool(pruned.any() and kept.any())
    both = (in_groups(each, length, False).any(-1) for each in (pruned, kept))
    return bool(torch.logical_and(*both).any())


NOTHING = "no group has both a pruned and a kept weight"
"""Why nothing can be said."""
