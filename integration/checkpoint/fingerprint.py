"""What tells one state of a checkpoint from another: its files' contents, of weights a sample."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZipFile, is_zipfile

from pruneproof.integration.checkpoint.load import is_gguf
from pruneproof.integration.checkpoint.safetensors_files import has_safetensors
from pruneproof.integration.checkpoint.shards import Shards

PAGE = 4096
"""Bytes that are read of a tensor in one place."""
PAGES = 8
"""Places of a tensor that are read: its first and its last bytes, and evenly spaced between."""
SETTINGS = (
    "config.json", "generation_config.json", "*.index.json", "tokenizer*", "tekken.json",
    "special_tokens_map.json", "added_tokens.json", "chat_template*", "vocab*", "merges.txt",
    "*.model", "*.tiktoken",
)  # fmt: skip
"""Names of the files beside the weights that transformers makes model and tokenizer of."""


class Span(NamedTuple):
    """Where in a file the numbers of a tensor lie, in bytes."""

    start: int
    stop: int


def fingerprint_of_files(name: str, model: Any, *, whole: bool = False) -> dict[str, str]:
    """A digest (BLAKE2b, 128 bits) of each file that a model is made of.

    Configuration, generation settings and the tokenizer's files are read whole, and so is all of a
    file of weights that is no tensor: names, dtypes, shapes, offsets, a GGUF file's settings and
    vocabulary. Of each tensor 8 places of 4096 bytes are read, its first, its last and 6 evenly
    spaced between, of one of at most 32 KiB all: 8 MB of the 13.5 GB of LLaMA-2-7B. A change
    elsewhere in a tensor is seen with `whole` alone; when a file was written never counts.

    Args:
        name: hub id, folder or GGUF file; of a hub id what is in the cache.
        model: made of it, for the commit of a hub id.
        whole: read all of every tensor.

    Returns:
        Digests in hexadecimal by the file's name, in their order.

    Raises:
        OSError: a file that cannot be read, or a hub id that is not in the cache.
        ValueError: a damaged file of weights.
    """
    folder, weights = _files(name, model)
    settings = [
        each
        for each in folder.iterdir()
        if each.is_file() and any(fnmatch(each.name, pattern) for pattern in SETTINGS)
    ]
    found = dict.fromkeys(settings, True) | dict.fromkeys(weights, whole)
    return {each.name: _digest(each, whole=found[each]) for each in sorted(found)}


def _files(name: str, model: Any) -> tuple[Path, list[Path]]:
    """A checkpoint's folder, and the files that hold its weights."""
    from huggingface_hub import snapshot_download

    if is_gguf(name):
        return Path(name).parent, [Path(name)]
    folder = Path(name)
    if not folder.is_dir():
        commit = getattr(model.config, "_commit_hash", None)
        folder = Path(snapshot_download(name, revision=commit, local_files_only=True))
    if has_safetensors(folder):
        return folder, list(Shards(folder).files.values())
    return folder, list(folder.glob("*.bin"))


def _digest(file: Path, *, whole: bool) -> str:
    with file.open("rb", buffering=0) as opened:
        if whole:
            return file_digest(opened, lambda: blake2b(digest_size=16)).hexdigest()
        size = os.fstat(opened.fileno()).st_size
        found = blake2b(size.to_bytes(8, "little"), digest_size=16)
        for span in _read_of(sorted(_tensors(file)), size):
            for part in _bytes(opened, span):
                found.update(part)
        return found.hexdigest()


def _bytes(opened: Any, span: Span) -> Iterator[bytes]:
    """A part of a file, a megabyte at a time."""
    opened.seek(span.start)
    left = span.stop - span.start
    while left and (part := opened.read(min(left, 2**20))):
        yield part
        left -= len(part)


def _read_of(tensors: Iterable[Span], size: int) -> Iterator[Span]:
    """What is read of a file: all that lies between the tensors, and some of each."""
    done = 0
    for start, stop in tensors:
        yield Span(done, start)
        if stop - start <= PAGES * PAGE:
            yield Span(start, stop)
        else:
            last = stop - PAGE - start
            for number in range(PAGES):
                place = start + last * number // (PAGES - 1)
                yield Span(place, place + PAGE)
        done = stop
    yield Span(done, size)


def _tensors(file: Path) -> list[Span]:
    if file.suffix == ".gguf":
        return _of_gguf(file)
    return _of_safetensors(file) if file.suffix == ".safetensors" else _of_pickle(file)


def _of_safetensors(file: Path) -> list[Span]:
    with file.open("rb") as opened:
        length = int.from_bytes(opened.read(8), "little")
        header = json.loads(opened.read(length))
    header.pop("__metadata__", None)
    begin = 8 + length
    return [Span(*(begin + each for each in one["data_offsets"])) for one in header.values()]


def _of_gguf(file: Path) -> list[Span]:
    from gguf import GGUFReader

    return [
        Span(int(each.data_offset), int(each.data_offset + each.n_bytes))
        for each in GGUFReader(file).tensors
    ]


def _of_pickle(file: Path) -> list[Span]:
    """Those of torch's zip files; its older ones are read whole.

    A span begins with the header of its entry, so that the last bytes count as what lies between
    tensors. The directory, which is read whole, has a CRC-32 of each entry.
    """
    if not is_zipfile(file):
        return []
    with ZipFile(file) as opened:
        entries = opened.infolist()
    return [
        Span(each.header_offset, each.header_offset + each.compress_size)
        for each in entries
        if "/data/" in each.filename
    ]
