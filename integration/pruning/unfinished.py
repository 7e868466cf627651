"""The folder beside a result in which a run that was cut off is found again.

Whatever is kept there has a checksum that also names the run, so that what is damaged, or another
run's, is done again and never taken for this one's.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock, Timeout
from safetensors import safe_open
from safetensors.numpy import save_file

from pruneproof.integration.files import in_words
from pruneproof.integration.progress import warn
from pruneproof.integration.pruning.blockwise import Masks
from pruneproof.reporting.files import write_whole

CHECKSUM = "checksum"
RECORD = "prune.json"
"""The name of a result's record."""
MOST_NAMED = 3
"""Changed files that an error names."""


class Unfinished:
    """Masks of the blocks that are done, a bit a weight, until the result is whole.

    Args:
        folder: where; see `beside`.
        record: what the run is to do, with what `fingerprint_of_files` gives under `files`;
            another run's masks are not taken for one's own.

    Attributes:
        result: the folder in which the result is put together.

    Raises:
        FileExistsError: another run's work lies there; with what differs.
    """

    def __init__(self, folder: Path, record: dict[str, Any]) -> None:
        self.folder, self.result = folder, folder / "whole"
        folder.mkdir(parents=True, exist_ok=True)
        self._tokens: dict[int, dict[str, int]] = {}
        record = json.loads(json.dumps(record))
        # Where an expert that no token reached is an error, all were reached in the blocks that
        # are done, and their masks are those of every other decision.
        self._run = _text(record)
        self._accepted = {self._run, _text({**record, "unreached": None})}
        run = folder / "run.json"
        earlier = _earlier(run)
        if earlier is None and self.result.exists():
            shutil.rmtree(self.result)
        if earlier is not None and (other := _differences(earlier, record)):
            raise FileExistsError(
                f"out: {folder} holds another run that was cut off, {other}; remove it or name "
                "another folder"
            )
        write_whole(run, json.dumps({**record, CHECKSUM: _checksum(self._run)}, indent=2))

    def done(self, block: int) -> Masks | None:
        """The masks of a block, if it was done before."""
        path = self._path(block)
        if not path.exists():
            return None
        # What a damaged header raises differs.
        try:
            packed, about = self._packed(block)
        except Exception:
            warn(f"{path} is damaged or another run's; block {block} is pruned again")
            return None
        if tokens := about["tokens"]:
            self._tokens[block] = tokens
        return {name: _unpacked(packed[name], width) for name, width in about["widths"].items()}

    def masks(self, block: int) -> Masks:
        """The masks of a block that this run has done.

        Raises:
            ValueError: they are gone, or damaged.
        """
        masks = self.done(block)
        if masks is None:
            raise ValueError(f"out: {self._path(block)} was written and cannot be read; run again")
        return masks

    def store_masks(self, block: int, masks: Masks) -> None:
        """Write a block's masks, and what `store_tokens` was given."""
        # safetensors writes an array's memory as it lies, and reads it row by row.
        packed = {
            name: np.ascontiguousarray(np.packbits(mask.numpy(force=True), axis=-1))
            for name, mask in masks.items()
        }
        draft = self.folder / "block.draft"
        about = {
            "block": block,
            "tokens": self._tokens.get(block, {}),
            "widths": {name: mask.shape[-1] for name, mask in masks.items()},
        }
        checksum = _checksum(self._run, _text(about), arrays=packed)
        # All in one, since safetensors writes several in any order.
        save_file(packed, draft, {"about": _text({**about, CHECKSUM: checksum})})
        draft.replace(self._path(block))

    def store_tokens(self, block: int, tokens: dict[str, int]) -> None:
        """How many tokens each expert of a block saw, which `store_masks` writes with its masks."""
        if tokens:
            self._tokens[block] = tokens

    def tokens(self) -> dict[int, dict[str, int]]:
        """By block that is done, how many tokens each expert saw."""
        return self._tokens

    def once(self, name: str, measure: Callable[[], float]) -> float:
        """A number that an earlier run has measured, or else measure it and remember it."""
        path = self.folder / f"{name}.json"
        if path.exists():
            with suppress(ValueError, TypeError, KeyError):
                found = json.loads(path.read_text("utf-8"))
                if found[CHECKSUM] in self._checksums(_text({name: found[name]})):
                    return found[name]
            warn(f"{path} is damaged or another run's; it is measured again")
        measured = {name: measure()}
        checksum = _checksum(self._run, _text(measured))
        write_whole(path, json.dumps({**measured, CHECKSUM: checksum}))
        return measured[name]

    def finish(self, out: Path, save: Callable[[Path], None], record: str) -> None:
        """Save what is left of the result and the record, and give the folder its final name."""
        save(self.result)
        write_whole(self.result / RECORD, record)
        self.result.rename(out)

    def _packed(self, block: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        with safe_open(self._path(block), framework="np") as file:
            packed = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
            about = json.loads(file.metadata()["about"])
        right = about.pop(CHECKSUM) in self._checksums(_text(about), arrays=packed)
        if not right or about["block"] != block:
            raise ValueError
        return packed, about

    def _checksums(self, content: str, **more: Any) -> set[str]:
        """Those that content of this run may have."""
        return {_checksum(run, content, **more) for run in self._accepted}

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


def was_named(out: Path) -> bool:
    """Whether a result lies beside unfinished work, as after a cut between the two."""
    return (out / RECORD).is_file() and beside(out).is_dir()


def record_of(out: Path, todo: dict[str, Any]) -> str:
    """The record of a result that a run has named before it was cut off.

    Args:
        out: the result.
        todo: what the run is to do.

    Raises:
        FileExistsError: it is not this run's.
    """
    mine = json.loads(_text(in_words(todo)))
    with suppress(OSError, ValueError, TypeError, KeyError):
        text = (out / RECORD).read_text("utf-8")
        found = json.loads(text)
        if {name: found[name] for name in mine} == mine:
            return text
    raise FileExistsError(f"out: {out} exists; name another folder or remove it")


def _earlier(run: Path) -> dict[str, Any] | None:
    """The record of the run whose work lies there, with its checksum; None where it is damaged."""
    if not run.exists():
        return None
    try:
        earlier = dict(json.loads(run.read_text("utf-8")))
    except (ValueError, TypeError):
        earlier = {CHECKSUM: None}
    own = _text({name: each for name, each in earlier.items() if name != CHECKSUM})
    if CHECKSUM in earlier and earlier[CHECKSUM] != _checksum(own):
        warn(f"{run} is damaged; what lies beside it is kept where it is this run's")
        return None
    return earlier


def _differences(earlier: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """In words, in what two runs differ."""
    if CHECKSUM not in earlier:
        return "of another version of pruneproof"
    decided = {"unreached"} if earlier.get("unreached") is None else set()
    if others := sorted(_differing(earlier, now) - decided - {"files", CHECKSUM}):
        return f"of another {', '.join(others)}"
    files = sorted(_differing(earlier.get("files", {}), now.get("files", {})))
    if len(files) > MOST_NAMED:
        files = [*files[:MOST_NAMED], f"{len(files) - MOST_NAMED} more"]
    return f"and {', '.join(files)} changed since" if files else ""


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> set[str]:
    return {name for name in {*one, *other} if one.get(name) != other.get(name)}


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _checksum(*texts: str, arrays: Mapping[str, np.ndarray] | None = None) -> str:
    """BLAKE2b, 128 bits, of texts and of arrays by name, with their shapes and dtypes."""
    named = sorted((arrays or {}).items())
    told = [*texts, *((name, each.shape, each.dtype.str) for name, each in named)]
    found = blake2b(repr(told).encode(), digest_size=16)
    for _, each in named:
        found.update(each.data)
    return found.hexdigest()


def _unpacked(packed: np.ndarray, width: int) -> torch.Tensor:
    return torch.from_numpy(np.unpackbits(packed, axis=-1, count=width)).bool()
