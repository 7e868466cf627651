"""One short sequence through a model without its weights: how its blocks are called and multiplied.

What a decoder's configuration leads to is seen, not guessed from names: which list of modules holds
the blocks, that each is called once and in order, which weights they multiply, in which order of
axes, and which of a product's outputs are those of different matrices. It takes no memory to speak
of, and so can be known before a weight is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from accelerate.hooks import remove_hook_from_module
from torch import Tensor, nn

from pruneproof.integration.decoder.blocks import outermost_lists
from pruneproof.integration.decoder.passes import Pass, tensors_in, waiting
from pruneproof.integration.decoder.products import storage_of
from pruneproof.integration.decoder.virtual import META, Quick
from pruneproof.integration.decoder.watched import Use, Watched

LENGTH = 6
"""Tokens of the sequence: few enough for any model, and each is sent to some expert."""


@dataclass
class Trial:
    """What one sequence has shown.

    Attributes:
        stack: name of the list that holds the blocks.
        uses: by block, how its parameters are multiplied, by their names in the block.
        routed: by block, whether what it does depends on numbers, as sending tokens to experts.
        spent: which tensors of the first block's call nobody looks at after it.
        between: the model uses weights of its own between the first and the last block.
    """

    stack: str
    uses: list[dict[str, Use]]
    routed: list[bool]
    spent: tuple[int, ...]
    between: bool


@torch.no_grad()
def trial(model: nn.Module) -> Trial:
    """Try a model, whose weights may be on the meta device, on one short sequence.

    Raises:
        ValueError: no list of blocks, one whose blocks are not called once each and in order, or
            experts that run all at once.
    """
    implementation = getattr(getattr(model, "config", None), "_experts_implementation", None)
    if implementation not in (None, "eager") and any(each.ndim == 3 for each in model.parameters()):
        raise ValueError(
            f"model: its experts run all at once ({implementation}), so that it cannot be seen "
            "which tokens each is sent; call its set_experts_implementation('eager')"
        )
    model = without_weights(model)
    stacks = outermost_lists(model)
    with _said_simply(model):
        vocabulary = model.get_input_embeddings().num_embeddings if stacks else 1
        tokens = torch.randint(vocabulary, (1, LENGTH), generator=torch.Generator().manual_seed(0))
        # The largest first: a tower for images, say, is not called with text.
        for stack in sorted(stacks, key=lambda name: -_size(stacks[name])):
            if (seen := _tried(model, stack, stacks, tokens)) is not None:
                return seen
        kind = type(model).__name__
        raise _Refused(f"model: {kind} holds no nn.ModuleList of blocks that it calls with text")


@torch.no_grad()
def held_by_a_pass(model: nn.Module, stack: str, spent: Sequence[int], length: int) -> int:
    """Bytes that a pass holds while it waits at a block.

    Args:
        model: as `trial` takes it.
        stack: name of the list that holds its blocks.
        spent: see `Trial`.
        length: tokens of the sequence.
    """
    model = without_weights(model)
    blocks = model.get_submodule(stack)
    assert isinstance(blocks, nn.ModuleList)
    with _said_simply(model), waiting(blocks), Quick():
        way = Pass(model, torch.zeros(1, length, dtype=torch.long))
        way.go_on()
    assert way.call is not None
    leaves = tensors_in((way.call.args, way.call.kwargs))
    held = {storage_of(each): each.untyped_storage().nbytes() for each in leaves}
    # What block 0 is given stays, beside what later ones are, where the model looks at it again.
    again = 0 if 0 in spent else leaves[0].untyped_storage().nbytes()
    return sum(held.values()) + again


def without_weights(model: nn.Module) -> nn.Module:
    """A copy whose parameters are on the meta device and whose buffers are real.

    A model may keep what it computes, which would be random, or nowhere.
    """
    memo: dict[int, Any] = {
        id(each): nn.Parameter(each.detach().to(META), each.requires_grad)
        for each in model.parameters()
    }
    memo |= {id(each): each.detach().to("cpu", copy=True) for each in model.buffers()}
    return remove_hook_from_module(deepcopy(model, memo), recurse=True)


@contextmanager
def _said_simply(model: nn.Module) -> Iterator[None]:
    try:
        yield
    except _Refused as error:
        raise ValueError(str(error)) from error
    # Whatever a model's own code raises.
    except Exception as error:
        first = str(error).strip().partition("\n")[0]
        raise ValueError(
            f"model: {type(model).__name__} does not run on {LENGTH} tokens alone, so it cannot be "
            f"said how it would be pruned ({type(error).__name__}: {first[:200]})"
        ) from error


class _Refused(Exception):  # noqa: N818 - becomes a ValueError
    pass


def _size(modules: nn.Module) -> int:
    return sum(each.numel() for each in modules.parameters())


def _tried(
    model: nn.Module, stack: str, stacks: dict[str, nn.ModuleList], tokens: Tensor
) -> Trial | None:
    """What is seen of one stack, or None where the model does not call it."""
    blocks = stacks[stack]
    mode, order = Watched(model, blocks), list[int]()
    with waiting(blocks), _refusing(stack, stacks) as other, mode:
        way = Pass(model, tokens)
        try:
            way.go_on()
        except _Refused:
            # A stack that is called where this one was not yet is tried by itself.
            if other:
                return None
            raise
        first, between = way.call, False
        while (call := way.call) is not None:
            order.append(call.number)
            if order != list(range(len(order))):
                break
            mode.seen |= {storage_of(each) for each in tensors_in((call.args, call.kwargs))}
            answer = mode.answer_of(call, blocks[call.number])
            if mode.in_place:
                raise _Refused(
                    f"model: block {call.number} of {stack} changes its inputs in place, so it "
                    "cannot be run once to look at it and again when it is pruned"
                )
            if call is first:
                mode.seen, mode.outside = set(), False
            between = mode.outside
            way.go_on(answer)
    if first is None:
        return None
    if order != list(range(len(blocks))):
        raise _Refused(
            f"model: the {len(blocks)} blocks of {stack} are called in the order "
            f"{', '.join(map(str, order))} …; only blocks that are called once each, one after "
            "the other, can be pruned"
        )
    hidden, *_ = tensors_in((first.args, first.kwargs))
    # The others may be the model's own and meet every sequence.
    spent = () if storage_of(hidden) in mode.seen else (0,)
    return Trial(stack, mode.uses, mode.routed, spent, between)


@contextmanager
def _refusing(stack: str, stacks: dict[str, nn.ModuleList]) -> Iterator[list[str]]:
    """While entered, a second stack of blocks that is called is an error; gives its name, too."""
    called: list[str] = []

    def refuse(name: str, *_: Any) -> None:
        called.append(name)
        raise _Refused(
            f"model: beside the blocks of {stack} it calls those of {name}, which would stay "
            "dense; only models with one stack of blocks can be pruned"
        )

    with ExitStack() as hooks:
        for name, each in stacks.items():
            # A list of single layers is no stack of blocks.
            composite = any(any(True for _ in member.children()) for member in each)
            for member in each if composite and name != stack else ():
                hooks.callback(member.register_forward_pre_hook(partial(refuse, name)).remove)
        yield called
