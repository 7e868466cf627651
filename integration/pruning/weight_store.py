"""Where a model's weights are while it is pruned: all in memory, or one block at a time."""

from __future__ import annotations

import math
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import torch
from accelerate.utils import set_module_tensor_to_device
from torch import Tensor, nn

from pruneproof.integration.checkpoint.saved import compare_saved
from pruneproof.integration.checkpoint.settle import settle
from pruneproof.integration.checkpoint.shards import Shards, ShardWriter
from pruneproof.integration.checkpoint.stored import Stored
from pruneproof.integration.decoder.allocation import give_back_what_is_free
from pruneproof.integration.decoder.decoder import Decoder
from pruneproof.integration.decoder.passes import Passes, check_finite, waiting
from pruneproof.integration.perplexity import perplexity, perplexity_of
from pruneproof.integration.pruning.blockwise import Loaded, Masks, apply

Done = Callable[[int], Masks | None]
"""The masks of a block that is done."""
Told = Callable[[float], None]
"""Called with the fraction of the work done since the last call; all calls add up to 1."""


class WeightStore(Protocol):
    """A model, and where its weights are.

    Attributes:
        model: the model.
        decoder: what is known of it.
        loaded: has weights in memory while entered, see `blockwise.Loaded`.
    """

    model: Any
    decoder: Decoder
    loaded: Loaded

    def perplexity(self, windows: Tensor, masks: Done, tell: Told) -> float:
        """Perplexity with those blocks pruned that have masks."""
        ...

    def store_block(self, block: int, folder: Path) -> None:
        """A block is done, and its weights are there."""
        ...

    def save(self, folder: Path, masks: Done) -> None:
        """Write what is not yet written, and compare all of it with what was measured.

        Raises:
            ValueError: see `compare_saved`.
        """
        ...


class InMemory:
    """A model all of whose weights are loaded."""

    def __init__(self, model: Any, decoder: Decoder) -> None:
        self.model, self.loaded, self.decoder = model, nullcontext, decoder

    def perplexity(self, windows: Tensor, masks: Done, tell: Told) -> float:
        """Perplexity of the model as it is: blocks that have masks are pruned already."""

        def told() -> Iterator[Tensor]:
            for window in windows:
                yield window
                tell(1 / len(windows))

        found = perplexity(self.model, told())
        if math.isnan(found):
            with _refusing_by_block(self.decoder.blocks(self.model)):
                perplexity(self.model, windows)
        return found

    def store_block(self, block: int, folder: Path) -> None:
        """Nothing: the pruned block stays in memory until all is saved."""

    def save(self, folder: Path, masks: Done) -> None:
        """Save model and configuration, and compare them with the model."""
        self.model.save_pretrained(folder)
        compare_saved(folder, self.model, [self.model.state_dict()])


class Streamed:
    """A model that has weights only where it is worked on; the others stay in their files.

    Args:
        model: without weights, all of its parameters on the meta device, in the wanted dtype.
        shards: its checkpoint.
        device: where the work is done.
        decoder: what is known of the model.

    Raises:
        ValueError: see `settle`.
    """

    def __init__(self, model: Any, shards: Shards, device: str, decoder: Decoder) -> None:
        self.model, self.shards, self.device, self.decoder = model, shards, device, decoder
        self.blocks, self._stack = decoder.blocks(model), decoder.stack
        settle(model, shards)
        self.stored = Stored(model, shards)
        for name, buffer in model.named_buffers():
            set_module_tensor_to_device(model, name, device, buffer)

    @contextmanager
    def loaded(self, block: int | None) -> Iterator[None]:
        """A block's weights, or for None those outside all blocks, are there while entered."""
        before = self._state(block)
        read = self.stored.read(before, self.device)
        self.model.load_state_dict(read, strict=False, assign=True)
        try:
            yield
        finally:
            self.model.load_state_dict(before, strict=False, assign=True)
            give_back_what_is_free()

    @torch.no_grad()
    def perplexity(self, windows: Tensor, masks: Done, tell: Told) -> float:
        """Perplexity with those blocks pruned that have masks.

        The hidden states of all windows go through the blocks together, so that each block is
        read once.
        """
        last = len(self.blocks) - 1
        with waiting(self.blocks):
            with self.loaded(None):
                passes = Passes(self.model, windows, self.decoder.spent)
            for number in range(last):
                with self._pruned(number, masks) as block:
                    passes.advance(number, block)
                tell(1 / len(self.blocks))
            # What comes after the blocks follows at once, lest the logits of all windows be held.
            with self.loaded(None), self._pruned(last, masks) as block:
                results = passes.results(last, block)
                found = perplexity_of(zip(windows.split(1), _logits(results), strict=True))
            tell(1 / len(self.blocks))
            return found

    @contextmanager
    def _pruned(self, number: int, masks: Done) -> Iterator[nn.Module]:
        """A block, with its weights while entered, pruned if it has masks."""
        with self.loaded(number):
            block = self.blocks[number]
            if (keep := masks(number)) is not None:
                apply(block, self.decoder.matrices[number], keep)
            yield block

    def store_block(self, block: int, folder: Path) -> None:
        """Write the block's file while its weights are there."""
        self._writer(folder).write(block, self.stored.as_stored(self._state(block)))

    def save(self, folder: Path, masks: Done) -> None:
        """Copy what is outside the blocks, and write configuration and index; then compare.

        What was measured is read again, a block at a time.
        """
        writer = self._writer(folder)
        for number, names in enumerate(self._outside(), start=len(self.blocks)):
            writer.write(number, self.stored.as_stored(self.stored.read(names, self.device)))
        writer.finish()
        # As save_pretrained does.
        self.model.config.dtype = str(self.model.dtype).removeprefix("torch.")
        self.model.config.architectures = [type(self.model).__name__]
        self.model.config.save_pretrained(folder)
        generation = self.stored.files.folder / "generation_config.json"
        if generation.is_file():
            shutil.copyfile(generation, folder / generation.name)
        compare_saved(folder, self.model, self._measured(masks), self.stored.ties)

    def _measured(self, masks: Done) -> Iterator[dict[str, Tensor]]:
        for number in range(len(self.blocks)):
            with self._pruned(number, masks):
                yield self._state(number)
        for names in self._outside():
            yield self.stored.read(names, self.device)

    def _writer(self, folder: Path) -> ShardWriter:
        return ShardWriter(folder, len(self.blocks) + len(self._outside()))

    def _state(self, block: int | None) -> dict[str, Tensor]:
        stack, there = f"{self._stack}.", self.stored.names()
        state = {name: each for name, each in self.model.state_dict().items() if name in there}
        if block is not None:
            mine = f"{stack}{block}."
            return {name: each for name, each in state.items() if name.startswith(mine)}
        return {name: each for name, each in state.items() if not name.startswith(stack)}

    def _outside(self) -> list[list[str]]:
        """Names outside the blocks, those together that are written into one file."""
        files: dict[str, list[str]] = {}
        for name in self._state(None):
            # Tied weights are stored once.
            if name not in self.stored.same:
                files.setdefault(_part(self.stored.groups[name].names[0]), []).append(name)
        return list(files.values())


def check_apart(stack: str, stored: Stored) -> None:
    """Refuse a checkpoint of which two blocks can only be had together.

    Raises:
        ValueError: it is one.
    """
    for name, group in stored.groups.items():
        members = {
            (re.match(rf"{re.escape(stack)}\.\d+\.", each) or [""])[0] for each in group.names
        }
        if len(members) > 1:
            raise ValueError(
                f"stream: {name} and {group.names[-1]} are stored in one tensor and belong to "
                "different blocks; leave --stream out"
            )


def _part(name: str) -> str:
    """The module that a weight is in, or, of a list of modules, the member that it is below."""
    numbered = re.match(r".+?\.\d+(?=\.)", name)
    return numbered[0] if numbered else name.rpartition(".")[0]


def _logits(results: Iterable[Any]) -> Iterator[Tensor]:
    return (each.logits for each in results)


@contextmanager
def _refusing_by_block(blocks: nn.ModuleList) -> Iterator[None]:
    """While entered, a block whose outputs are not finite is an error that names it."""
    calls = Counter[int]()

    def look(number: int, _: Any, __: Any, answer: Any) -> None:
        check_finite(number, calls[number], answer)
        calls[number] += 1

    with ExitStack() as hooks:
        for number, block in enumerate(blocks):
            hooks.callback(block.register_forward_hook(partial(look, number)).remove)
        yield
