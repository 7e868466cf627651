"""The loop over a decoder's blocks: observe a block while dense, prune it, feed the next one.

Calibration sequences wait at block 0. Each block is run twice: dense, for the statistics of its
matrices, and pruned, for what the next block is fed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn

from pruneproof.integration.decoder.allocation import give_back_what_is_free
from pruneproof.integration.decoder.decoder import Decoder
from pruneproof.integration.decoder.matrices import Matrices
from pruneproof.integration.decoder.parallel import in_order, scored_at_once
from pruneproof.integration.decoder.passes import Passes, waiting
from pruneproof.integration.pruning.layer import Observed, keep_mask_of
from pruneproof.integration.pruning.observe import observe
from pruneproof.integration.pruning.unreached import check_reached
from pruneproof.integration.recipe.plan import Plan

Masks = dict[str, Tensor]
"""Keep masks by the name of `Matrices` in a block."""
Loaded = Callable[[int | None], AbstractContextManager[None]]
"""Has a block's weights in memory while it is entered, or, for None, those outside all blocks."""
Saw = Callable[[int, dict[str, int]], None]
"""Is given a block's number and how many tokens each expert's matrices saw, by name."""


@torch.no_grad()
def prune_blocks(
    model: nn.Module,
    tokens: Tensor,
    plan: Plan,
    *,
    decoder: Decoder | None = None,
    done: Callable[[int], Masks | None] = lambda _: None,
    store_masks: Callable[[int, Masks], None] = lambda _, __: None,
    saw: Saw = lambda _, __: None,
    loaded: Loaded = nullcontext,
) -> Iterator[int]:
    """Prune every matrix of every block, in place; yield each block's number when it is done.

    Args:
        model: a decoder in evaluation mode.
        tokens: calibration sequences, count × length.
        plan: how.
        decoder: what is known of the model; without it, it is looked at first.
        done: masks of a block from an earlier run that was cut off, or None.
        store_masks: is given each block's new masks.
        saw: is told how many tokens each expert saw, before the masks are stored.
        loaded: for a model that is not all in memory; a block still is when it is yielded.

    Raises:
        ValueError: no decoder, activations that are not finite, with block and matrix, or experts
            that no token reached.
    """
    decoder = decoder or Decoder.of(model)
    blocks = decoder.blocks(model)
    with waiting(blocks):
        with loaded(None):
            passes = Passes(model, tokens, decoder.spent)
        for number, block in enumerate(blocks):
            matrices = decoder.matrices[number]
            with loaded(number):
                masks = done(number)
                if masks is None:
                    chosen = [each for each in matrices if _plans(number, each, plan)]
                    seen = observe(
                        number, block, chosen, plan, passes.calls(), routed=decoder.routed[number]
                    )
                    if plan.needs:
                        saw(number, check_reached(number, chosen, seen, plan))
                    masks = {
                        each.name: masks_of(number, each, block, seen, plan) for each in chosen
                    }
                    give_back_what_is_free()
                    store_masks(number, masks)
                apply(block, matrices, masks)
                if number + 1 < len(blocks):
                    passes.advance(number, block, at_once=True)
                yield number


def apply(block: nn.Module, matrices: Sequence[Matrices], masks: Masks) -> None:
    """Set to zero what the masks do not keep."""
    for each in matrices:
        if each.name in masks:
            weight = each.of(block)
            # Times 0 and plus 0, since -0 is no zero to a file: several times as fast as a fill.
            weight.mul_(masks[each.name].to(weight.device)).add_(0)


def _plans(block: int, matrices: Matrices, plan: Plan) -> list[Plan | None]:
    """By matrix, its own plan, or None where it is skipped; empty where all are."""
    own = [plan.for_layer(block, name) for name in matrices.names]
    return own if any(own) else []


def masks_of(
    block: int, matrices: Matrices, module: nn.Module, seen: dict[str, Observed], plan: Plan
) -> Tensor:
    """Keep masks of a matrix of a block, or of all experts at once, each by its own plan.

    Args:
        block: its number, by which plans are chosen.
        matrices: which.
        module: the block.
        seen: what each was fed and gave, by its name.
        plan: how.

    Returns:
        True where a weight survives, (count ×) out_features × in_features; all of it in what is
        skipped.

    Raises:
        ValueError: as `keep_mask_of` does, with block and matrix.
    """
    weight = matrices.of(module)
    plans = _plans(block, matrices, plan)
    stack = weight if matrices.count is not None else weight[None]
    keep = torch.ones_like(stack, dtype=torch.bool)
    names = matrices.names

    def select(number: int) -> None:
        name, own = names[number], plans[number]
        if own is not None and own.needs and matrices.expert and not seen[name].tokens:
            own = own.if_unreached()
        if own is None:
            return
        try:
            keep[number] = keep_mask_of(stack[number], seen[name], own)
        except ValueError as error:
            raise ValueError(f"block {block}, {name}: {error}") from error

    # Each by itself, as a matrix of its own would be, so that its mask is the same bit for bit.
    numbers = range(len(stack))
    at_once = scored_at_once(len(stack), stack[0].numel()) > 1
    for _ in in_order(select, numbers, module) if at_once else map(select, numbers):
        pass
    return keep if matrices.count is not None else keep[0]
