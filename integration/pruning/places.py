"""Where a model's weights are while it is pruned: all in memory, or one block at a time."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Protocol

import torch
from accelerate.utils import set_module_tensor_to_device
from torch import Tensor

from pruneproof.integration.linear_inputs import decoder_blocks
from pruneproof.integration.perplexity import perplexity
from pruneproof.integration.pruning.allocation import give_back_what_is_free
from pruneproof.integration.pruning.blockwise import Loaded, Masks, apply
from pruneproof.integration.pruning.carried import block_inputs, carrying
from pruneproof.integration.pruning.shards import Shards, ShardWriter

HEADS = ("embed_out.weight",)
"""What GPT-NeoX's checkpoints call the head, which transformers calls as in all models."""
Done = Callable[[int], Masks | None]
"""The masks of a block that is done."""
Told = Callable[[float], None]
"""Is told which part of the work, of 1, has been done since the last call."""


class Place(Protocol):
    """A model, and where its weights are.

    Attributes:
        model: the model.
        loaded: has weights in memory while entered, see `blockwise.Loaded`.
    """

    model: Any
    loaded: Loaded

    def perplexity(self, windows: Tensor, masks: Done, tell: Told) -> float:
        """Perplexity with those blocks pruned that have masks."""
        ...

    def keep(self, block: int, folder: Path) -> None:
        """A block is done, and its weights are there."""
        ...

    def save(self, folder: Path) -> None:
        """Write what is not yet written."""
        ...


class InMemory:
    """A model all of whose weights are loaded."""

    def __init__(self, model: Any) -> None:
        self.model, self.loaded = model, nullcontext

    def perplexity(self, windows: Tensor, masks: Done, tell: Told) -> float:
        """Perplexity of the model as it is: blocks that have masks are pruned already."""

        def told() -> Iterator[Tensor]:
            for window in windows:
                yield window
                tell(1 / len(windows))

        found = perplexity(self.model, told())
        if math.isnan(found):
            _refuse_by_block(self.model, windows)
        return found

    def keep(self, block: int, folder: Path) -> None:
        """Nothing: the pruned block stays in memory until all is saved."""

    def save(self, folder: Path) -> None:
        """Save model and configuration."""
        self.model.save_pretrained(folder)


class Streamed:
    """A model that has weights only where it is worked on; the others stay in their files.

    Args:
        model: without weights, all of its parameters on the meta device, in the wanted dtype.
        shards: its checkpoint.
        device: where the work is done.

    Raises:
        ValueError: tensors of other names or shapes than the model's.
    """

    def __init__(self, model: Any, shards: Shards, device: str) -> None:
        self.model, self.shards, self.device = model, shards, device
        self.blocks = decoder_blocks(model)
        (self._stack,) = [name for name, each in model.named_modules() if each is self.blocks]
        self._stored = stored_names(model, shards)
        for name, buffer in model.named_buffers():
            set_module_tensor_to_device(model, name, device, buffer)

    @contextmanager
    def loaded(self, block: int | None) -> Iterator[None]:
        """A block's weights, or for None those outside all blocks, are there while entered."""
        before = self._state(block)
        self.model.load_state_dict(self._read(before), strict=False, assign=True)
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
        with self.loaded(None):
            carried = block_inputs(self.model, windows)
        for number, block in enumerate(self.blocks):
            with self.loaded(number):
                if (keep := masks(number)) is not None:
                    apply(block, keep)
                carried.advance(number, block)
            tell(1 / len(self.blocks))
        with self.loaded(None), carrying(self.model, carried):
            return perplexity(self.model, windows)

    def keep(self, block: int, folder: Path) -> None:
        """Write the block's file while its weights are there."""
        self._writer(folder).write(block, self._as_stored(self._state(block)))

    def save(self, folder: Path) -> None:
        """Copy what is outside the blocks, a module a file, and write configuration and index."""
        writer = self._writer(folder)
        for number, empty in enumerate(self._outside(), start=len(self.blocks)):
            writer.write(number, self._as_stored(self._read(empty)))
        writer.finish()
        self.model.config.save_pretrained(folder)
        generation = self.shards.folder / "generation_config.json"
        if generation.is_file():
            shutil.copyfile(generation, folder / generation.name)

    def _as_stored(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        return {self._stored[name]: each for name, each in state.items()}

    def _writer(self, folder: Path) -> ShardWriter:
        return ShardWriter(folder, len(self.blocks) + len(self._outside()))

    def _state(self, block: int | None) -> dict[str, Tensor]:
        everything, stack = self.model.state_dict(), f"{self._stack}."
        state = {name: each for name, each in everything.items() if name in self._stored}
        if block is not None:
            mine = f"{stack}{block}."
            return {name: each for name, each in state.items() if name.startswith(mine)}
        return {name: each for name, each in state.items() if not name.startswith(stack)}

    def _outside(self) -> list[dict[str, Tensor]]:
        modules: dict[str, dict[str, Tensor]] = {}
        seen: set[str] = set()
        for name, empty in self._state(None).items():
            # Tied weights are stored once.
            if self._stored[name] not in seen:
                seen.add(self._stored[name])
                modules.setdefault(name.rpartition(".")[0], {})[name] = empty
        return list(modules.values())

    def _read(self, empty: dict[str, Tensor]) -> dict[str, Tensor]:
        dtypes = {self._stored[name]: each.dtype for name, each in empty.items()}
        read = {name: self.shards.read(name, dtypes[name], self.device) for name in dtypes}
        return {name: read[self._stored[name]] for name in empty}


def _refuse_by_block(model: Any, windows: Tensor) -> None:
    """Raise the error that names the first block whose outputs are not finite."""
    for window in windows.split(1):
        carried = block_inputs(model, window)
        for number, block in enumerate(decoder_blocks(model)):
            carried.advance(number, block)


def stored_names(model: Any, shards: Shards) -> dict[str, str]:
    """By the model's name of each weight, the checkpoint's.

    Raises:
        ValueError: tensors of other names than the model's.
    """
    model.tie_weights()
    head = getattr(model.get_output_embeddings(), "weight", None)
    tied: dict[int, list[str]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        tied.setdefault(id(parameter), []).append(name)
    stored: dict[str, str] = {}
    for parameter, names in tied.items():
        # A checkpoint of the model without its head leaves the prefix out.
        bare = [name.removeprefix(f"{model.base_model_prefix}.") for name in names]
        own = HEADS if parameter == id(head) else ()
        found = [name for name in (*names, *bare, *own) if name in shards.files]
        if not found:
            raise ValueError(
                f"stream: the checkpoint has no tensor {names[0]}, which {type(model).__name__} "
                "needs; prune it in memory, where other names are understood"
            )
        stored |= dict.fromkeys(names, found[0])
    kept = set(model.state_dict())
    return stored | {
        name: name for name, _ in model.named_buffers() if name in kept and name in shards.files
    }
