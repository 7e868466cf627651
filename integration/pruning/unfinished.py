"""The folder beside a result in which a run that was cut off is found again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock, Timeout
from safetensors import safe_open
from safetensors.numpy import save_file

from pruneproof.integration.files import write_whole
from pruneproof.integration.pruning.blockwise import Masks


class Unfinished:
    """Masks of the blocks that are done, a bit a weight, until the result is whole.

    Args:
        folder: where; see `beside`.
        record: what the run is to do; another run's masks are not taken for one's own.

    Attributes:
        result: the folder in which the result is put together.

    Raises:
        FileExistsError: another run's work lies there.
    """

    def __init__(self, folder: Path, record: dict[str, Any]) -> None:
        self.folder, self.result = folder, folder / "whole"
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(record, indent=2, sort_keys=True)
        run = folder / "run.json"
        if run.exists() and (other := _differences(json.loads(run.read_text("utf-8")), text)):
            raise FileExistsError(
                f"out: {folder} holds another run that was cut off, of another "
                f"{', '.join(other)}; remove it or name another folder"
            )
        write_whole(run, text)

    def done(self, block: int) -> Masks | None:
        """The masks of a block, if it was done before."""
        path = self._path(block)
        if not path.exists():
            return None
        with safe_open(path, framework="np") as file:
            names, widths = file.keys(), file.metadata()
            return {name: _unpacked(file.get_tensor(name), int(widths[name])) for name in names}

    def keep(self, block: int, masks: Masks) -> None:
        """Remember a block's masks."""
        # safetensors writes an array's memory as it lies, and reads it row by row.
        packed = {
            name: np.ascontiguousarray(np.packbits(mask.numpy(force=True), axis=-1))
            for name, mask in masks.items()
        }
        draft = self.folder / "block.draft"
        # Without the block's number, a file for no mask at all could not be read again.
        widths = {name: str(mask.shape[-1]) for name, mask in masks.items()}
        save_file(packed, draft, {"block": str(block), **widths})
        draft.replace(self._path(block))

    def keep_tokens(self, block: int, tokens: dict[str, int]) -> None:
        """Remember how many tokens each expert of a block saw; to be called before `keep`."""
        if tokens:
            write_whole(self.folder / f"tokens-{block:04d}.json", json.dumps(tokens))

    def tokens(self) -> dict[int, dict[str, int]]:
        """By block, how many tokens each expert saw."""
        files = sorted(self.folder.glob("tokens-*.json"))
        return {
            int(each.stem.partition("-")[2]): json.loads(each.read_text("utf-8")) for each in files
        }

    def once(self, name: str, measure: Callable[[], float]) -> float:
        """A number that an earlier run has measured, or else measure it and remember it."""
        path = self.folder / f"{name}.json"
        if not path.exists():
            write_whole(path, json.dumps(measure()))
        return json.loads(path.read_text(encoding="utf-8"))

    def finish(self, out: Path, save: Callable[[Path], None], record: str) -> None:
        """Save what is left of the result and the record, and give the folder its final name."""
        save(self.result)
        write_whole(self.result / "prune.json", record)
        self.result.rename(out)
        shutil.rmtree(self.folder)

    def _path(self, block: int) -> Path:
        return self.folder / f"block-{block:04d}.safetensors"


@contextmanager
def only_process(folder: Path) -> Iterator[None]:
    """While entered, no other process works in the folder.

    Raises:
        FileExistsError: another one does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise FileExistsError(f"out: another process is at work in {folder}") from error
    try:
        yield
    finally:
        lock.release()


def drop_if_nothing_is_done(folder: Path) -> bool:
    """Remove a folder in which neither a perplexity nor a block is kept.

    Returns:
        Whether nothing is kept there.
    """
    if any(folder.glob("block-*.safetensors")) or any(folder.glob("*_perplexity.json")):
        return False
    shutil.rmtree(folder, ignore_errors=True)
    return True


def beside(out: Path) -> Path:
    """Where the unfinished work on a result lies."""
    return out.with_name(f"{out.name}.unfinished")


def _differences(earlier: dict[str, Any], text: str) -> list[str]:
    now = json.loads(text)
    # Where an expert that no token reached is an error, all were reached in the blocks that are
    # done, and their masks are those of every other decision.
    decided = {"unreached"} if earlier.get("unreached") is None else set()
    names = {*earlier, *now} - decided
    return sorted(name for name in names if earlier.get(name) != now.get(name))


def _unpacked(packed: np.ndarray, width: int) -> torch.Tensor:
    return torch.from_numpy(np.unpackbits(packed, axis=-1, count=width)).bool()
