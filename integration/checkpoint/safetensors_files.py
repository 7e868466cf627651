"""Which safetensors files a checkpoint is made of, and what their headers say; needs no torch."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

from safetensors import SafetensorError, safe_open

from pruneproof.integration.files import read_object
from pruneproof.reporting.printable import one_line

INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"


BYTES = {
    "F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2,
    "U16": 2, "I8": 1, "U8": 1, "BOOL": 1, "F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1,
}  # fmt: skip
"""Of a number, by dtype."""


class Header(NamedTuple):
    """What a file says about a tensor before its numbers."""

    dtype: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Bytes of its numbers; of a dtype that is not known, one each."""
        return prod(self.shape) * BYTES.get(self.dtype, 1)


def indexed_headers(folder: Path) -> tuple[dict[str, Path], Mapping[str, Header]]:
    """Each tensor's file, and its dtype and shape.

    Args:
        folder: with `model.safetensors`, or `model.safetensors.index.json` and what it names.

    Raises:
        FileNotFoundError: neither is there, or a file that the index names is missing.
        ValueError: a file that is damaged, or whose tensors are not those that the index says.
    """
    files = _files(folder)
    there = {file: headers_of(file) for file in sorted(set(files.values()))}
    if lost := [name for name, file in files.items() if name not in there[file]]:
        raise ValueError(
            f"{files[lost[0]]}: lacks {lost[0]}, which {INDEX} says it holds; fetch both again"
        )
    # transformers 5 would read it all the same, and transformers 4 would not.
    for file, names in there.items():
        if more := sorted(name for name in names if files.get(name) != file):
            raise ValueError(
                f"{file}: holds {more[0]}, which {INDEX} does not list; fetch both again"
            )
    return files, {name: there[file][name] for name, file in files.items()}


def has_safetensors(folder: Path) -> bool:
    """Whether a folder holds weights as safetensors."""
    return (folder / SINGLE).is_file() or (folder / INDEX).is_file()


def _files(folder: Path) -> dict[str, Path]:
    # In the order of transformers.
    if (folder / SINGLE).is_file():
        return dict.fromkeys(headers_of(folder / SINGLE), folder / SINGLE)
    if (folder / INDEX).is_file():
        return _indexed(folder)
    raise FileNotFoundError(
        f"model: {folder} holds neither {SINGLE} nor {INDEX}; fetch its weights, save the "
        "checkpoint as safetensors, or leave --stream out"
    )


def _indexed(folder: Path) -> dict[str, Path]:
    index = folder / INDEX
    files = read_object(index).get("weight_map")
    if not isinstance(files, dict) or not all(isinstance(each, str) for each in files.values()):
        raise ValueError(
            f"{index}: weight_map must be an object that gives each tensor a file; fetch it again"
        )
    for file in files.values():
        path = Path(file)
        if path.is_absolute() or ".." in path.parts:
            raise ValueError(
                f"{index}: names {file[:200]}, which leaves the folder; put all files of the model "
                "into it, and name them without their folder"
            )
        # Unlike `Path.is_file`, also of names that no file can have.
        if not os.path.isfile(folder / file):
            raise FileNotFoundError(
                f"{index}: names {file[:200]}, which is not there; fetch the model again"
            )
    return {name: folder / file for name, file in files.items()}


def headers_of(file: Path) -> dict[str, Header]:
    """What a file says of each of its tensors.

    Raises:
        ValueError: it is damaged.
    """
    with opened(file, "np") as it:
        slices = {name: it.get_slice(name) for name in it.keys()}  # noqa: SIM118 - no mapping
        return {
            name: Header(each.get_dtype(), tuple(each.get_shape())) for name, each in slices.items()
        }


@contextmanager
def opened(file: Path, framework: str = "pt") -> Iterator[Any]:
    """A file while it is mapped into memory.

    Raises:
        ValueError: it is damaged.
    """
    try:
        with safe_open(file, framework=framework) as it:
            yield it
    except SafetensorError as error:
        raise ValueError(f"{file}: cannot be read; fetch it again ({one_line(error)})") from error
