"""The pair of a pruned and a kept weight that each output swaps next, anywhere or in one group."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from pruneproof.reference.selection import keep_all_but_lowest


class Pairs:
    """The best pair left of each output, from anywhere in it.

    Args:
        grow: cost of growing each weight, outputs × inputs, for a positive and for a negative
            error; inf where it is no candidate.
        prune: the same of pruning.
        cycles: how many pairs an output uses at most.
    """

    def __init__(self, grow: list[Tensor], prune: list[Tensor], cycles: int) -> None:
        self._grow = _Candidates(grow, cycles)
        self._prune = _Candidates(prune, cycles)

    def first(
        self, error: Float[Tensor, " r"]
    ) -> tuple[Int[Tensor, " r"], Int[Tensor, " r"], Bool[Tensor, " r"]]:
        """Return the input to grow and the one to prune, and whether there is such a pair."""
        side = (error < 0).long()
        grown, can_grow = self._grow.first(side)
        pruned, can_prune = self._prune.first(side)
        return grown, pruned, can_grow & can_prune

    def use(
        self, grown: Int[Tensor, " r"], pruned: Int[Tensor, " r"], where: Bool[Tensor, " r"]
    ) -> None:
        """Take the pairs of some outputs off their lists."""
        self._grow.use(grown, where)
        self._prune.use(pruned, where)


class PairsOfGroups:
    """The best pair left of each output whose inputs lie in one group of m consecutive ones.

    For each sign of the error a group is open while it has a weight to prune. Only the growing is
    ordered over the whole output: the few weights to prune are looked at when their group is
    chosen. ``grow`` and ``prune`` are overwritten.

    Args:
        grow: as for :class:`Pairs`.
        prune: as for :class:`Pairs`.
        cycles: as for :class:`Pairs`.
        m: length of a group; it divides the number of inputs.
    """

    def __init__(self, grow: list[Tensor], prune: list[Tensor], cycles: int, m: int) -> None:
        self._m = m
        self._prune = [cost.unflatten(1, (-1, m)) for cost in prune]
        self._row = torch.arange(len(prune[0]), device=prune[0].device)
        most = 1
        for to_grow, to_prune in zip(grow, self._prune, strict=True):
            groups = to_grow.unflatten(1, (-1, m))
            groups.masked_fill_(to_prune.amin(2, keepdim=True) == torch.inf, torch.inf)
            most = max(most, int((groups < torch.inf).sum(2).amax()))
        # A swap takes no more candidates off a list than its group had there.
        self._grow = _Candidates(grow, cycles * most)

    def first(
        self, error: Float[Tensor, " r"]
    ) -> tuple[Int[Tensor, " r"], Int[Tensor, " r"], Bool[Tensor, " r"]]:
        """Return the input to grow and the one to prune, and whether there is such a pair."""
        side = (error < 0).long()
        grown, possible = self._grow.first(side)
        group = grown // self._m
        place = self._costs_in(group)[side, self._row].argmin(1)
        return grown, group * self._m + place, possible

    def use(
        self, grown: Int[Tensor, " r"], pruned: Int[Tensor, " r"], where: Bool[Tensor, " r"]
    ) -> None:
        """Take the pairs of some outputs off their lists, with the groups that this closes."""
        group, place = pruned // self._m, pruned % self._m
        for cost in self._prune:
            cost[self._row[where], group[where], place[where]] = torch.inf
        self._grow.use(grown, where)
        self._grow.close(group, self._m, self._costs_in(group).amin(2) == torch.inf)

    def _costs_in(self, group: Int[Tensor, " r"]) -> Float[Tensor, "2 r m"]:
        return torch.stack([cost[self._row, group] for cost in self._prune])


class _Candidates:
    """The best candidates of each output for either sign of the error, and which are left."""

    def __init__(self, costs: list[Tensor], count: int) -> None:
        count = min(count, costs[0].shape[1])
        firsts = [_lowest(cost, count) for cost in costs]
        self._input = torch.stack([index for index, _ in firsts])
        self._left = torch.stack([cost < torch.inf for _, cost in firsts])
        self._row = torch.arange(len(costs[0]), device=costs[0].device)

    def first(self, side: Int[Tensor, " r"]) -> tuple[Int[Tensor, " r"], Bool[Tensor, " r"]]:
        """Return the best input left for each output, and whether there is one at all."""
        left = self._left[side, self._row]
        return self._input[side, self._row, left.int().argmax(dim=1)], left.any(dim=1)

    def use(self, chosen: Int[Tensor, " r"], where: Bool[Tensor, " r"]) -> None:
        """Take the chosen inputs of some outputs off both lists."""
        self._left &= ~((self._input == chosen[:, None]) & where[:, None])

    def close(self, group: Int[Tensor, " r"], m: int, sides: Bool[Tensor, "2 r"]) -> None:
        """Take a group of each output off the lists of those signs for which it is closed."""
        self._left &= ~((self._input // m == group[:, None]) & sides[..., None])


def _lowest(cost: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return places and values of the lowest of each row, ascending, ties by place."""
    values, place = cost.topk(min(count + 1, cost.shape[1]), largest=False)
    tied = (values[:, count:] == values[:, count - 1, None]).any(1) & (values[:, -1] < torch.inf)
    place = place[:, :count].sort(dim=1).values
    # Of equal costs at the boundary topk takes any; elsewhere its choice is the only one.
    place[tied] = (~keep_all_but_lowest(cost[tied], count)).nonzero()[:, 1].view(-1, count)
    values, order = cost.gather(1, place).sort(dim=1, stable=True)
    return place.gather(1, order), values
