"""Hidden states on their way through a decoder's blocks, a block at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from pruneproof.integration.linear_inputs import decoder_blocks
from pruneproof.integration.pruning.parallel import in_order


class _Caught(Exception):  # noqa: N818 - not an error: the way out of a forward pass
    pass


@dataclass
class Carried:
    """Hidden states of each sequence, and what else the model hands to each block.

    Attributes:
        hidden: by sequence, 1 × length × width.
        keywords: by block: position embeddings, an attention mask. They may differ between blocks,
            as between those of full and of sliding attention, but not between sequences.
        in_tuples: the model expects its blocks to answer with tuples.
    """

    hidden: list[Tensor] = field(default_factory=list)
    keywords: dict[int, dict[str, Any]] = field(default_factory=dict)
    in_tuples: bool = False

    def run(self, number: int, block: nn.Module, hidden: Tensor) -> Tensor:
        """One sequence's hidden states through a block."""
        output = block(hidden, **self.keywords[number])
        self.in_tuples = isinstance(output, tuple)
        return output[0] if isinstance(output, tuple) else output

    @torch.no_grad()
    def advance(self, number: int, block: nn.Module, *, at_once: bool = False) -> None:
        """All sequences through a block, each in place of what it was.

        Args:
            number: of the block.
            block: as it is now.
            at_once: several sequences at a time, where that is faster.

        Raises:
            ValueError: the block gives a number that is not finite.
        """

        def through(sequence: int) -> Tensor:
            output = self.run(number, block, self.hidden[sequence])
            # Here, since it would set all cores on one small operation between the others.
            if not torch.stack(output.aminmax()).isfinite().all():
                raise ValueError(
                    f"block {number}: its outputs hold inf or nan for sequence {sequence}; "
                    "where the dtype is float16, take bfloat16 or float32, else another checkpoint"
                )
            return output

        numbers = range(len(self.hidden))
        outputs = in_order(through, numbers, block) if at_once else map(through, numbers)
        for sequence, output in enumerate(outputs):
            self.hidden[sequence] = output


@torch.no_grad()
def block_inputs(model: nn.Module, tokens: Tensor) -> Carried:
    """What block 0 is fed of each sequence; no block is run.

    Raises:
        ValueError: no decoder, or its blocks take more than hidden states by position.
    """
    blocks, carried = decoder_blocks(model), Carried()

    def catch(number: int, *args: Tensor, **keywords: Any) -> Tensor:
        hidden, *rest = args or (keywords.pop("hidden_states"),)
        if rest:
            raise ValueError("model: its blocks take more than hidden states by position")
        if number == 0:
            carried.hidden.append(hidden)
        carried.keywords[number] = keywords
        if number + 1 == len(blocks):
            raise _Caught
        return hidden

    with _answering(blocks, catch):
        for sequence in tokens.split(1):
            with suppress(_Caught):
                model(sequence.to(next(model.parameters()).device), use_cache=False)
    if len(carried.hidden) != len(tokens):
        raise ValueError("model: its blocks are not called one after the other")
    return carried


@contextmanager
def carrying(model: nn.Module, carried: Carried) -> Iterator[None]:
    """While entered, the model's blocks are behind it: it goes on from what was carried.

    Its calls must come in the order of the sequences, one sequence each.
    """
    rest = iter(carried.hidden)

    def answer(number: int, *args: Tensor, **keywords: Any) -> Any:
        hidden = next(rest) if number == 0 else (args or (keywords["hidden_states"],))[0]
        return (hidden,) if carried.in_tuples else hidden

    with _answering(decoder_blocks(model), answer):
        yield


@contextmanager
def _answering(blocks: nn.ModuleList, answer: Callable[..., Any]) -> Iterator[None]:
    # An instance's `forward` hides its class's, and accelerate may have put one there before.
    before = [vars(block).get("forward") for block in blocks]
    for number, block in enumerate(blocks):
        block.forward = partial(answer, number)
    try:
        yield
    finally:
        for block, forward in zip(blocks, before, strict=True):
            del block.forward
            if forward is not None:
                block.forward = forward
