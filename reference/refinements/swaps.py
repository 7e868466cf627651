r"""The loop of DSnoT and R²-DSnoT: one pruned weight for one kept weight, output by output.

A weight's contribution is :math:`W_{jk}\,\mathbb{E}[X_j]`, and an output's error the sum over what
is pruned, :math:`\mathbb{E}[\epsilon_k] = \sum_{j\ \text{pruned}} W_{jk}\,\mathbb{E}[X_j]`. For
each output k on its own, at most ``max_cycles`` times, until it stops:

1. If :math:`|\mathbb{E}[\epsilon_k]|` is not above ``update_threshold``, stop. Let s be its sign.
2. Grow: of the inputs pruned at the start and not grown since, whose weight is not 0, take the one
   whose gain for this s is largest. If there is none, stop.
3. Prune: of the inputs kept at the start and not pruned since whose contribution has the sign −s
   (Δ < 0), take the one whose cost is lowest. If there is none, stop.
4. The new error is the old one, less the grown contribution, plus the pruned one. With ``guard``,
   stop unless its magnitude is smaller; with ``same_sign``, stop unless its sign is that of the
   error before the first cycle (0 is a sign of its own).
5. Swap the two.

With ``m``, for masks of n:m, both are of one group of m consecutive inputs: step 2 passes over the
inputs whose group has none for step 3, and step 3 looks only at the group of the grown input. One
group of all inputs is no restriction.

A weight of 0, as a model that was pruned before has them, is no candidate in step 2: growing it
changes no output, so the swap would only lose the kept weight. The paper's arg max names no
candidates, and among the gains of an output 0 is larger than any negative one. A kept weight of 0
is none in step 3 either, by Δ < 0 as printed. Where no pruned weight is 0 this restricts nothing.

Ties go to the lowest input. Gains and costs are fixed at the start, and nothing is undone: a
weight just pruned is never grown again, nor one just grown pruned. Each cycle prunes one and grows
one, so the number kept never changes, nor, with ``m``, that of a group.

An output uses at most ``max_cycles`` candidates, so only that many of each kind are ever ordered,
or, with ``m``, those of as many groups.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pruneproof.reference.blocks import row_blocks
from pruneproof.reference.checks import (
    check_floating,
    check_group_length,
    check_integer,
    check_mask,
    check_matrix,
    check_norms,
    check_number,
)
from pruneproof.reference.precision import to_accumulation
from pruneproof.reference.refinements.pairs import Pairs, PairsOfGroups


@dataclass(frozen=True)
class Limits:
    """Limits on the swaps of an output; the module's algorithm says which step uses each."""

    max_cycles: int
    update_threshold: float
    same_sign: bool
    guard: bool
    m: int | None


def check_refinement(
    W: Tensor, keep: Tensor, mean: Tensor, var: Tensor, x_norm: Tensor, limits: Limits
) -> None:
    """Refuse arguments with which no refinement can work."""
    check_matrix("W", W)
    check_mask("keep", keep, W.shape, device=W.device)
    check_floating("mean", mean, (len(W),), device=W.device)
    check_norms("var", var, len(W), W.device)
    check_norms("x_norm", x_norm, len(W), W.device)
    check_integer("max_cycles", limits.max_cycles, 0)
    check_number("update_threshold", limits.update_threshold, 0)
    if limits.m is not None:
        check_group_length("m", limits.m, len(W))


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
        limits: what may be swapped, and when to stop.

    Returns:
        A new mask with as many kept for each output, or each group of m, as in ``keep``.
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
        fixed = kept | (weight == 0)
        grow = [
            gain(contribution, outputs, sign).neg_().masked_fill_(fixed, torch.inf)
            for sign in (1, -1)
        ]
        loss = cost(weight, outputs)
        prune = [
            loss.masked_fill(~kept | (sign * contribution >= 0), torch.inf) for sign in (1, -1)
        ]
        del weight, loss, fixed
        _swap_block(contribution, kept, _pairs(grow, prune, limits), limits)
    return refined.T


def _pairs(grow: list[Tensor], prune: list[Tensor], limits: Limits) -> Pairs | PairsOfGroups:
    if limits.m is None:
        return Pairs(grow, prune, limits.max_cycles)
    return PairsOfGroups(grow, prune, limits.max_cycles, limits.m)


def _swap_block(
    contribution: Tensor, keep: Tensor, pairs: Pairs | PairsOfGroups, limits: Limits
) -> None:
    row = torch.arange(len(keep), device=keep.device)
    error = contribution.masked_fill(keep, 0).sum(dim=1)
    first_sign = error.sign()
    active = torch.ones_like(row, dtype=torch.bool)
    for _ in range(limits.max_cycles):
        grown, pruned, possible = pairs.first(error)
        after = error - contribution[row, grown] + contribution[row, pruned]
        active &= (error.abs() > limits.update_threshold) & possible
        if limits.guard:
            active &= after.abs() < error.abs()
        if limits.same_sign:
            active &= after.sign() == first_sign
        if not bool(active.any()):
            break
        keep[row[active], grown[active]] = True
        keep[row[active], pruned[active]] = False
        pairs.use(grown, pruned, active)
        error = torch.where(active, after, error)
