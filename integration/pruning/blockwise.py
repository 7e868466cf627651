"""The loop over a decoder's blocks: observe a block while dense, prune it, feed the next one.

Calibration sequences enter block 0. Each block is run twice: dense, for the statistics of its
linear layers, and pruned, for what the next block is fed. At most one block's activations in and
out are held, beside the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from pruneproof.integration.linear_inputs import decoder_blocks
from pruneproof.integration.pruning.layer import Observed, keep_mask_of
from pruneproof.integration.pruning.observe import Observer
from pruneproof.integration.pruning.plan import Plan

Masks = dict[str, Tensor]
"""Keep masks by the layer's name in its block."""


@dataclass
class BlockInputs:
    """What block 0 is fed: hidden states of each sequence, and what goes with all of them."""

    hidden: list[Tensor]
    keywords: dict[str, Any]


class _Caught(Exception):  # noqa: N818 - not an error: the way out of a forward pass
    pass


@torch.no_grad()
def prune_blocks(
    model: nn.Module,
    tokens: Tensor,
    plan: Plan,
    *,
    done: Callable[[int], Masks | None] = lambda _: None,
    keep: Callable[[int, Masks], None] = lambda _, __: None,
) -> Iterator[int]:
    """Prune every `nn.Linear` of every block, in place; yield each block's number when it is done.

    Args:
        model: a decoder in evaluation mode.
        tokens: calibration sequences, count × length.
        plan: how.
        done: masks of a block from an earlier run that was cut off, or None.
        keep: is given each block's new masks.

    Raises:
        ValueError: no decoder, or activations that are not finite, with the layer's name.
    """
    blocks = decoder_blocks(model)
    fed = block_inputs(model, blocks[0], tokens)
    for number, block in enumerate(blocks):
        masks = done(number)
        if masks is None:
            forward = partial(_run, block, keywords=fed.keywords)
            observed = Observer(number, linears(block), plan).watch(forward, fed.hidden)
            masks = {
                name: _mask(f"block {number}, {name}", layer, observed[name], plan)
                for name, layer in linears(block)
            }
            keep(number, masks)
        apply(block, masks)
        if number + 1 < len(blocks):
            fed.hidden = [_run(block, hidden, fed.keywords) for hidden in fed.hidden]
        yield number


def linears(block: nn.Module) -> list[tuple[str, nn.Linear]]:
    """The linear layers of a block, by name."""
    return [(name, each) for name, each in block.named_modules() if isinstance(each, nn.Linear)]


def apply(block: nn.Module, masks: Masks) -> None:
    """Set to zero what the masks do not keep."""
    for name, layer in linears(block):
        layer.weight.data.masked_fill_(~masks[name].to(layer.weight.device), 0)


def block_inputs(model: nn.Module, first: nn.Module, tokens: Tensor) -> BlockInputs:
    """Run the model up to its first block, one sequence at a time."""
    fed = BlockInputs([], {})

    def catch(_: nn.Module, args: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        hidden, *rest = args or (keywords.pop("hidden_states"),)
        if rest:
            raise ValueError("model: its blocks take more than hidden states by position")
        fed.hidden.append(hidden)
        fed.keywords = {**keywords, "use_cache": False} if "use_cache" in keywords else keywords
        raise _Caught

    hook = first.register_forward_pre_hook(catch, with_kwargs=True)
    try:
        for sequence in tokens.split(1):
            try:
                model(sequence.to(next(model.parameters()).device), use_cache=False)
            except _Caught:
                continue
            raise ValueError("model: its first block is never called")
    finally:
        hook.remove()
    return fed


def _mask(what: str, layer: nn.Linear, observed: Observed, plan: Plan) -> Tensor:
    try:
        return keep_mask_of(layer.weight.detach(), observed, plan)
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from error


def _run(block: nn.Module, hidden: Tensor, keywords: dict[str, Any]) -> Tensor:
    output = block(hidden, **keywords)
    return output[0] if isinstance(output, tuple) else output
