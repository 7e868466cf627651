"""The loop over a decoder's blocks: observe a block while dense, prune it, feed the next one.

Calibration sequences enter block 0. Each block is run twice: dense, for the statistics of its
linear layers, and pruned, for what the next block is fed. Hidden states are replaced one sequence
at a time, so that one block's inputs, or outputs, are held beside the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial

import torch
from torch import Tensor, nn

from pruneproof.integration.linear_inputs import decoder_blocks
from pruneproof.integration.pruning.allocation import give_back_what_is_free
from pruneproof.integration.pruning.carried import block_inputs
from pruneproof.integration.pruning.layer import Observed, keep_mask_of
from pruneproof.integration.pruning.observe import observe
from pruneproof.integration.pruning.plan import Plan

Masks = dict[str, Tensor]
"""Keep masks by the layer's name in its block."""
Loaded = Callable[[int | None], AbstractContextManager[None]]
"""Has a block's weights in memory while it is entered, or, for None, those outside all blocks."""


@torch.no_grad()
def prune_blocks(
    model: nn.Module,
    tokens: Tensor,
    plan: Plan,
    *,
    done: Callable[[int], Masks | None] = lambda _: None,
    keep: Callable[[int, Masks], None] = lambda _, __: None,
    loaded: Loaded = nullcontext,
) -> Iterator[int]:
    """Prune every `nn.Linear` of every block, in place; yield each block's number when it is done.

    Args:
        model: a decoder in evaluation mode.
        tokens: calibration sequences, count × length.
        plan: how.
        done: masks of a block from an earlier run that was cut off, or None.
        keep: is given each block's new masks.
        loaded: for a model that is not all in memory; a block still is when it is yielded.

    Raises:
        ValueError: no decoder, or activations that are not finite, with block and layer.
    """
    blocks = decoder_blocks(model)
    with loaded(None):
        carried = block_inputs(model, tokens)
    for number, block in enumerate(blocks):
        with loaded(number):
            masks = done(number)
            if masks is None:
                forward = partial(carried.run, number, block)
                layers = [each for each in linears(block) if plan.for_layer(number, each[0])]
                observed = observe(number, block, layers, plan, forward, carried.hidden)
                masks = {
                    name: _mask(number, name, layer, observed[name], plan) for name, layer in layers
                }
                give_back_what_is_free()
                keep(number, masks)
            apply(block, masks)
            if number + 1 < len(blocks):
                carried.advance(number, block, at_once=True)
            yield number


def linears(block: nn.Module) -> list[tuple[str, nn.Linear]]:
    """The linear layers of a block, by name."""
    return [(name, each) for name, each in block.named_modules() if isinstance(each, nn.Linear)]


def apply(block: nn.Module, masks: Masks) -> None:
    """Set to zero what the masks do not keep."""
    for name, layer in linears(block):
        # Times 0 and plus 0, since -0 is no zero to a file: several times as fast as a fill.
        if name in masks:
            layer.weight.data.mul_(masks[name].to(layer.weight.device)).add_(0)


def _mask(block: int, name: str, layer: nn.Linear, observed: Observed, plan: Plan) -> Tensor:
    own = plan.for_layer(block, name)
    assert own is not None, "layers that are skipped are left out before"
    try:
        return keep_mask_of(layer.weight.detach(), observed, own)
    except ValueError as error:
        raise ValueError(f"block {block}, {name}: {error}") from error
