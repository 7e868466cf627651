"""Forward passes that wait at each block of a decoder, so that a block can be run when it suits.

A model hands its blocks whatever its own loop has made: hidden states, position embeddings, masks,
what an earlier block has left for a later one. Each sequence therefore has a forward pass of its
own, the model's code from beginning to end, which stops where a block is called and goes on with
what that block has answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from greenlet import getcurrent, greenlet
from torch import Tensor, nn

from pruneproof.integration.decoder.allocation import give_back_what_is_free
from pruneproof.integration.decoder.parallel import in_order

BETWEEN_RETURNS = 8
"""Sequences after which memory goes back to the system: what waiting passes hold lies between."""


@dataclass(frozen=True)
class Call:
    """A block's arguments in one pass.

    Attributes:
        number: of the block.
        args: by position.
        kwargs: by name.
    """

    number: int
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def __call__(self, block: nn.Module) -> Any:
        """What the block answers."""
        return block(*self.args, **self.kwargs)


class _Way(greenlet):
    pass


class Pass:
    """One sequence on its way through a model, within :func:`waiting`.

    Args:
        model: in evaluation mode.
        tokens: 1 × length.

    Attributes:
        call: the block's call at which the pass waits, or None.
        result: what the model has given, once it has.
    """

    def __init__(self, model: nn.Module, tokens: Tensor) -> None:
        self.call: Call | None = None
        self.result: Any = None
        self._way = _Way(lambda: model(tokens, use_cache=False))

    def go_on(self, *answer: Any) -> None:
        """Go to the next block's call, or to the end.

        Args:
            answer: what the block has given whose call the pass waits at; nothing at the start.
        """
        self.call = None
        arrived = self._way.switch(*answer)
        if self._way.dead:
            self.result = arrived
        else:
            self.call = arrived


class Passes:
    """The passes of some sequences, all of which wait at the same block; within :func:`waiting`.

    Args:
        model: a decoder in evaluation mode.
        tokens: count × length.
        spent: which tensors of the first block's call nobody looks at afterwards; they are freed.
    """

    @torch.no_grad()
    def __init__(self, model: Any, tokens: Tensor, spent: Sequence[int] = ()) -> None:
        self._spent = tuple(spent)
        # Where blocks are read one at a time, these are there.
        device = model.get_input_embeddings().weight.device
        self.all = [Pass(model, sequence.to(device)) for sequence in tokens.split(1)]
        self._go_on((each, ()) for each in self.all)

    def calls(self) -> list[Call]:
        """By sequence, the call that it waits at."""
        return [each.call for each in self.all if each.call is not None]

    @torch.no_grad()
    def advance(self, number: int, block: nn.Module, *, at_once: bool = False) -> None:
        """All sequences through a block, and to the next one's call.

        Args:
            number: of the block.
            block: as it is now.
            at_once: several sequences at a time, where that is faster.

        Raises:
            ValueError: the block gives a number that is not finite.
        """

        def through(sequence: int) -> Any:
            call = self.all[sequence].call
            assert call is not None
            answer = call(block)
            check_finite(number, sequence, answer)
            return answer

        numbers = range(len(self.all))
        answers = in_order(through, numbers, block) if at_once else map(through, numbers)
        self._go_on((self.all[sequence], (answer,)) for sequence, answer in enumerate(answers))

    @torch.no_grad()
    def results(self, number: int, block: nn.Module) -> Iterator[Any]:
        """What the model gives for each sequence, through its last block and to the end.

        Args:
            number: of the last block.
            block: as it is now.

        Raises:
            ValueError: the block gives a number that is not finite.
        """
        for sequence, each in enumerate(self.all):
            assert each.call is not None
            answer = each.call(block)
            check_finite(number, sequence, answer)
            each.go_on(answer)
            yield each.result
            each.result = None

    def _go_on(self, steps: Iterable[tuple[Pass, tuple[Any, ...]]]) -> None:
        for number, (each, answer) in enumerate(steps, 1):
            call = each.call
            each.go_on(*answer)
            if call is not None and call.number == 0:
                self._free(call)
            if number % BETWEEN_RETURNS == 0:
                give_back_what_is_free()

    def _free(self, call: Call) -> None:
        leaves = tensors_in((call.args, call.kwargs))
        for number in self._spent:
            # The model's own frame still names it. It has no length now, lest it be used.
            leaves[number].data = leaves[number].new_empty(0)


def check_finite(number: int, sequence: int, answer: Any) -> None:
    """Refuse outputs of a block that hold inf or nan.

    Raises:
        ValueError: with the block's number and the sequence's.
    """
    for output in tensors_in(answer)[:1]:
        # Here, since it would set all cores on one small operation between the others.
        if output.is_floating_point() and not torch.stack(output.aminmax()).isfinite().all():
            raise ValueError(
                f"block {number}: its outputs hold inf or nan for sequence {sequence}; "
                "where the dtype is float16, take bfloat16 or float32, else another checkpoint"
            )


def tensors_in(value: Any) -> list[Tensor]:
    """All tensors in nested tuples, lists and mappings."""
    found: list[Tensor] = []

    def look(each: Any) -> None:
        if isinstance(each, Tensor):
            found.append(each)
        elif isinstance(each, dict):
            look(list(each.values()))
        elif isinstance(each, list | tuple):
            for one in each:
                look(one)

    look(value)
    return found


@contextmanager
def waiting(blocks: Sequence[nn.Module]) -> Iterator[None]:
    """While entered, a pass that calls a block waits there; whoever else calls it runs it."""
    # An instance's `forward` hides its class's, and accelerate may have put one there before.
    before: list[Any] = []
    for number, block in enumerate(blocks):
        before.append(vars(block).get("forward"))
        block.forward = partial(_wait_or_run, number, block.forward)
    try:
        yield
    finally:
        # Backwards, since one module may stand in two places.
        for block, forward in reversed([*zip(blocks, before, strict=True)]):
            del block.forward
            if forward is not None:
                block.forward = forward


def _wait_or_run(number: int, run: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    if not isinstance(getcurrent(), _Way):
        return run(*args, **kwargs)
    # A name for the greenlet itself in its own frame would keep both for ever if it is dropped.
    caller = getcurrent().parent
    assert caller is not None
    return caller.switch(Call(number, args, kwargs))
