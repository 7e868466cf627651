"""A checkpoint's safetensors files, of which little is in memory at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from pruneproof.integration.checkpoint.safetensors_files import (
    INDEX,
    Header,
    headers_of,
    indexed_headers,
    opened,
)
from pruneproof.integration.progress import warn
from pruneproof.reporting.files import write_whole

METADATA = {"format": "pt"}
"""What a file says of itself, which transformers asks for."""
DTYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16",
    "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8", "BOOL": "bool",
    "U64": "uint64", "U32": "uint32", "U16": "uint16", "U8": "uint8",
    "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "F8_E8M0": "float8_e8m0fnu",
}  # fmt: skip
"""torch's names of what safetensors calls them."""


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
        self.folder = folder
        self.files, self.headers = indexed_headers(folder)

    def read(self, name: str, dtype: torch.dtype | None, device: torch.device | str) -> Tensor:
        """A copy of one tensor, in its own dtype for None.

        safetensors maps the file into memory, where each page that was read stays for as long as
        the mapping. It is undone after each tensor, so only one tensor is ever there twice.
        """
        with opened(self.files[name]) as file:
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
        names = {name: file.name for file in files for name in headers_of(file)}
        index = {"metadata": {"total_size": sum(map(_data_size, files))}, "weight_map": names}
        write_whole(self.folder / INDEX, json.dumps(index, indent=2, sort_keys=True) + "\n")

    def _path(self, number: int) -> Path:
        return self.folder / f"model-{number + 1:05d}-of-{self.count:05d}.safetensors"


def _empty(name: str, header: Header) -> Tensor:
    dtype = getattr(torch, DTYPES.get(header.dtype, ""), None)
    if dtype is None:
        raise ValueError(
            f"model: its files hold {name} as {header.dtype}, which needs a scale; take the "
            "checkpoint that it was quantised from"
        )
    return torch.empty(header.shape, dtype=dtype, device="meta")


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
