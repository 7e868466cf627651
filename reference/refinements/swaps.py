r"""The loop of DSnoT and R²-DSnoT: one pruned weight for one kept weight, output by output.

A weight's contribution is :math:`W_{jk}\,\mathbb{E}[X_j]`, and an output's error the sum over what
is pruned, :math:`\mathbb{E}[\epsilon_k] = \sum_{j\ \text{pruned}} W_{jk}\,\mathbb{E}[X_j]`. For
each output k on its own, at most ``max_cycles`` times, until it stops:

1. If :math:`|\mathbb{E}[\epsilon_k]|` is not above ``update_threshold``, stop. Let s be its sign.
2. Grow: of the inputs pruned at the start and not grown since, take the one whose gain for this s
   is largest. If there is none, stop.
3. Prune: of the inputs kept at the start and not pruned since whose contribution has the sign −s
   (Δ < 0), take the one whose cost is lowest. If there is none, stop.
4. The new error is the old one, less the grown contribution, plus the pruned one. With ``guard``,
   stop unless its magnitude is smaller; with ``same_sign``, stop unless its sign is that of the
   error before the first cycle (0 is a sign of its own).
5. Swap the two.

Ties go to the lowest input. Gains and costs are fixed at the start, and nothing is undone: a
weight just pruned is never grown again, nor one just grown pruned. Each cycle prunes one and grows
one, so the number kept never changes.

An output uses at most ``max_cycles`` candidates, so only that many of each kind are ever ordered.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from pruneproof.reference.blocks import row_blocks
from pruneproof.reference.checks import (
    check_device,
    check_floating,
    check_integer,
    check_mask,
    check_matrix,
    check_norms,
    check_number,
)
from pruneproof.reference.precision import to_accumulation
from pruneproof.reference.selection import keep_all_but_lowest


@dataclass(frozen=True)
class Limits:
    """When an output stops swapping; the steps of the module's algorithm say how."""

    max_cycles: int
    update_threshold: float
    same_sign: bool
    guard: bool


def check_refinement(
    W: Tensor, keep: Tensor, mean: Tensor, var: Tensor, x_norm: Tensor, limits: Limits
) -> None:
    """Refuse what neither refinement can work with."""
    check_matrix("W", W)
    check_mask("keep", keep, W.shape)
    check_floating("mean", mean, (len(W),))
    check_norms("var", var, len(W))
    check_norms("x_norm", x_norm, len(W))
    for name, value in (("keep", keep), ("mean", mean), ("var", var), ("x_norm", x_norm)):
        check_device(name, value, "W", W)
    check_integer("max_cycles", limits.max_cycles, 0)
    check_number("update_threshold", limits.update_threshold, 0)


def swap(
    W: Float[Tensor, "b c"],
    keep: Bool[Tensor, "b c"],
    mean: Float[Tensor, " b"],
    gain: Callable[[Tensor, slice, int], Tensor],
    cost: Callable[[Tensor, slice], Tensor],
    limits: Limits,
) -> Bool[Tensor, "b c"]:
    """Run the module's algorithm on every output.

    Args:
        W: weights, in_features × out_features.
        keep: True where the weight survives so far.
        mean: E[X_j] of each input feature.
        gain: takes the contributions of some outputs (outputs × inputs), the slice of those
            outputs and the error's sign; returns what growing each weight promises.
        cost: takes the weights of some outputs (outputs × inputs) and the slice of those outputs;
            returns what pruning each loses.
        limits: when to stop.

    Returns:
        A new mask with as many kept for each output as in ``keep``.
    """
    refined = keep.T.clone(memory_format=torch.contiguous_format)
    mean = to_accumulation(mean)
    if limits.max_cycles == 0 or W.numel() == 0:
        return refined.T
    for outputs in row_blocks(*refined.shape):
        weight = to_accumulation(W.T[outputs].contiguous())
        contribution = weight * mean
        kept = refined[outputs]
        # The largest gain comes first when its negative is sorted; inf marks what is no candidate.
        grow = [
            gain(contribution, outputs, sign).neg_().masked_fill_(kept, torch.inf)
            for sign in (1, -1)
        ]
        loss = cost(weight, outputs)
        prune = [
            loss.masked_fill(~kept | (sign * contribution >= 0), torch.inf) for sign in (1, -1)
        ]
        _swap_block(
            contribution, kept, _Candidates(grow, limits), _Candidates(prune, limits), limits
        )
    return refined.T


class _Candidates:
    """The best candidates of each output for either sign of the error, and which are left."""

    def __init__(self, costs: list[Tensor], limits: Limits) -> None:
        count = min(limits.max_cycles, costs[0].shape[1])
        firsts = [_lowest(cost, count) for cost in costs]
        self._input = torch.stack([index for index, _ in firsts])
        self._left = torch.stack([cost < torch.inf for _, cost in firsts])
        self._row = torch.arange(len(costs[0]), device=costs[0].device)

    def first(self, error: Float[Tensor, " r"]) -> tuple[Int[Tensor, " r"], Bool[Tensor, " r"]]:
        """Return the best input left for each output, and whether there is one at all."""
        side = (error < 0).long()
        left = self._left[side, self._row]
        return self._input[side, self._row, left.int().argmax(dim=1)], left.any(dim=1)

    def use(self, chosen: Int[Tensor, " r"], where: Bool[Tensor, " r"]) -> None:
        """Take the chosen inputs of some outputs off both lists."""
        self._left &= ~((self._input == chosen[:, None]) & where[:, None])


def _lowest(cost: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return places and values of the lowest of each row, ascending, ties by place."""
    values, place = cost.topk(min(count + 1, cost.shape[1]), largest=False)
    tied = (values[:, count:] == values[:, count - 1, None]).any(1) & (values[:, -1] < torch.inf)
    place = place[:, :count].sort(dim=1).values
    # Of equal costs at the boundary topk takes any; elsewhere its choice is the only one.
    place[tied] = (~keep_all_but_lowest(cost[tied], count)).nonzero()[:, 1].view(-1, count)
    values, order = cost.gather(1, place).sort(dim=1, stable=True)
    return place.gather(1, order), values


def _swap_block(
    contribution: Tensor, keep: Tensor, grow: _Candidates, prune: _Candidates, limits: Limits
) -> None:
    row = torch.arange(len(keep), device=keep.device)
    error = contribution.masked_fill(keep, 0).sum(dim=1)
    first_sign = error.sign()
    active = torch.ones_like(row, dtype=torch.bool)
    for _ in range(limits.max_cycles):
        grown, can_grow = grow.first(error)
        pruned, can_prune = prune.first(error)
        after = error - contribution[row, grown] + contribution[row, pruned]
        active &= (error.abs() > limits.update_threshold) & can_grow & can_prune
        if limits.guard:
            active &= after.abs() < error.abs()
        if limits.same_sign:
            active &= after.sign() == first_sign
        if not bool(active.any()):
            break
        keep[row[active], grown[active]] = True
        keep[row[active], pruned[active]] = False
        grow.use(grown, active)
        prune.use(pruned, active)
        error = torch.where(active, after, error)
