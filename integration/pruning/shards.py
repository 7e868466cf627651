"""A checkpoint's safetensors files, of which little is in memory at once."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from pruneproof.integration.errors import one_line
from pruneproof.integration.files import read_object, write_whole
from pruneproof.integration.progress import warn

INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"
METADATA = {"format": "pt"}
"""What a file says of itself, which transformers asks for."""
DTYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16",
    "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8", "BOOL": "bool",
    "U64": "uint64", "U32": "uint32", "U16": "uint16", "U8": "uint8",
    "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "F8_E8M0": "float8_e8m0fnu",
}  # fmt: skip
"""torch's names of what safetensors calls them."""


class Header(NamedTuple):
    """What a file says about a tensor before its numbers."""

    dtype: str
    shape: tuple[int, ...]


class OnHub(NamedTuple):
    """A checkpoint of which only the headers are fetched."""

    headers: dict[str, Header]


def empty(files: Shards | OnHub) -> dict[str, Tensor]:
    """A checkpoint's tensors on the meta device.

    Raises:
        ValueError: a dtype that torch does not have.
    """
    return {name: _empty(name, each) for name, each in files.headers.items()}


class Shards:
    """The tensors of a checkpoint by name, whichever file they are in.

    Args:
        folder: with `model.safetensors`, or `model.safetensors.index.json` and what it names.

    Raises:
        FileNotFoundError: neither is there, or a file that the index names is missing.
        ValueError: a file that is damaged, or whose tensors are not those that the index says.

    Attributes:
        files: each tensor's file.
        headers: each tensor's dtype and shape.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.files = folder, _files(folder)
        there = {file: _headers(file) for file in sorted(set(self.files.values()))}
        if lost := [name for name, file in self.files.items() if name not in there[file]]:
            raise ValueError(
                f"{self.files[lost[0]]}: holds no {lost[0]}, as {INDEX} says; fetch both again"
            )
        # transformers 5 would read it all the same, and transformers 4 would not.
        for file, names in there.items():
            if more := sorted(name for name in names if self.files.get(name) != file):
                raise ValueError(
                    f"{file}: holds {more[0]}, of which {INDEX} knows nothing; fetch both again"
                )
        self.headers: Mapping[str, Header] = {
            name: there[file][name] for name, file in self.files.items()
        }

    def read(self, name: str, dtype: torch.dtype | None, device: torch.device | str) -> Tensor:
        """A copy of one tensor, in its own dtype for None.

        safetensors maps the file into memory, where each page that was read stays for as long as
        the mapping. It is undone after each tensor, so only one tensor is ever there twice.
        """
        with _opened(self.files[name]) as file:
            return file.get_tensor(name).to(device, dtype, copy=True)


class ShardWriter:
    """Writes a checkpoint file by file; what is there under its name is whole.

    Args:
        folder: where to; whole files of a run that was cut off stay as they are.
        count: how many files there will be.
    """

    def __init__(self, folder: Path, count: int) -> None:
        self.folder, self.count = folder, count
        folder.mkdir(exist_ok=True)

    def write(self, number: int, tensors: dict[str, Tensor]) -> None:
        """Write one file, unless it is there and holds these tensors bit for bit."""
        path = self._path(number)
        if path.exists():
            if _holds(path, tensors):
                return
            warn(f"{path} is damaged; it is written again")
        draft = path.with_suffix(".draft")
        on_cpu = {name: tensor.to("cpu").contiguous() for name, tensor in tensors.items()}
        save_file(on_cpu, draft, metadata=METADATA)
        draft.replace(path)

    def finish(self) -> None:
        """Write the index of what was written."""
        files = [self._path(number) for number in range(self.count)]
        names = {name: file.name for file in files for name in _headers(file)}
        index = {"metadata": {"total_size": sum(map(_data_size, files))}, "weight_map": names}
        write_whole(self.folder / INDEX, json.dumps(index, indent=2, sort_keys=True) + "\n")

    def _path(self, number: int) -> Path:
        return self.folder / f"model-{number + 1:05d}-of-{self.count:05d}.safetensors"


def has_safetensors(folder: Path) -> bool:
    """Whether a folder holds weights as safetensors."""
    return (folder / SINGLE).is_file() or (folder / INDEX).is_file()


def _files(folder: Path) -> dict[str, Path]:
    # In the order of transformers.
    if (folder / SINGLE).is_file():
        return dict.fromkeys(_headers(folder / SINGLE), folder / SINGLE)
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


def _headers(file: Path) -> dict[str, Header]:
    with _opened(file) as opened:
        slices = {name: opened.get_slice(name) for name in opened.keys()}  # noqa: SIM118 - no mapping
        return {
            name: Header(each.get_dtype(), tuple(each.get_shape())) for name, each in slices.items()
        }


def _empty(name: str, header: Header) -> Tensor:
    dtype = getattr(torch, DTYPES.get(header.dtype, ""), None)
    if dtype is None:
        raise ValueError(
            f"model: its files hold {name} as {header.dtype}, which needs a scale; take the "
            "checkpoint that it was quantised from"
        )
    return torch.empty(header.shape, dtype=dtype, device="meta")


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    try:
        with safe_open(file, framework="pt") as opened:
            yield opened
    except SafetensorError as error:
        raise ValueError(f"{file}: cannot be read; fetch it again ({one_line(error)})") from error


def same_bits(one: Tensor, other: Tensor) -> bool:
    """Whether dtypes, shapes and all bits of two tensors on the CPU are equal."""
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    return torch.equal(*(each.contiguous().flatten().view(torch.uint8) for each in (one, other)))


def _holds(file: Path, tensors: Mapping[str, Tensor]) -> bool:
    # What a damaged header raises differs.
    try:
        with safe_open(file, framework="pt") as opened:
            return (
                opened.metadata() == METADATA
                and set(opened.keys()) == tensors.keys()
                and all(
                    same_bits(opened.get_tensor(name), each.to("cpu"))
                    for name, each in tensors.items()
                )
            )
    except Exception:
        return False


def _data_size(file: Path) -> int:
    # A file is the length of its header in 8 bytes, the header, and the data.
    with file.open("rb") as opened:
        return file.stat().st_size - 8 - int.from_bytes(opened.read(8), "little")
