"""A GGUF file as a source: each tensor's own type, its numbers expanded a few rows at a time."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from pruneproof.integration.errors import named
from pruneproof.integration.inspection.content import Content
from pruneproof.integration.inspection.layouts import roles_of
from pruneproof.integration.inspection.roles import Role
from pruneproof.integration.inspection.source import PLAIN, Entry, Source, in_order

NUMBERS = {"F64": np.uint64, "F32": np.uint32, "F16": np.uint16, "BF16": np.uint16}
"""Types whose numbers stand for themselves, and the integers of their size."""
WHOLE = frozenset({"I8", "I16", "I32", "I64"})


def storage_of(kind: str) -> str:
    """What a tensor of a GGUF type has as its storage."""
    return PLAIN if kind in NUMBERS else f"GGUF {kind}"


def open_gguf(name: str, path: Path) -> Source:
    """A checkpoint in a GGUF file.

    Raises:
        ValueError: a damaged file.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise ValueError(f"{path}: must be a GGUF file; fetch it again")
    from gguf import GGUFReader

    try:
        reader = GGUFReader(path)
        tensors = {each.name: each for each in reader.tensors}
        settings = _settings(reader)
    # The package raises what reading beyond the end of an array leads to.
    except Exception as error:
        raise ValueError(f"{path}: cannot be read; fetch it again ({named(error)})") from error
    shapes = {key: _shape(each) for key, each in tensors.items()}
    # GGUF files have all weights as outputs × inputs.
    roles = roles_of(shapes, {}, shapes)
    entries = [_entry(each, roles[key]) for key, each in tensors.items()]
    kinds = sorted({each.dtype for each in entries})
    return Source(
        name,
        f"GGUF, {', '.join(kinds)}",
        tuple(sorted(entries, key=lambda each: in_order(each.name))),
        lambda entry: _content(entry, tensors[entry.name]),
        str(settings.get("general.architecture", "")),
        settings,
    )


def _shape(tensor: Any) -> tuple[int, ...]:
    # GGUF says the fastest dimension first.
    return tuple(int(each) for each in reversed(tensor.shape))


def _entry(tensor: Any, role: Role) -> Entry:
    kind = tensor.tensor_type.name
    unread = ""
    if kind in WHOLE:
        unread = "whole numbers, no weights"
    elif kind not in NUMBERS and not _is_known(tensor.tensor_type):
        unread = f"gguf cannot expand {kind}"
    return Entry(
        tensor.name, _shape(tensor), kind, storage_of(kind), role, int(tensor.n_bytes),
        unread or (role.why if role.judged else ""),
    )  # fmt: skip


def _is_known(kind: Any) -> bool:
    from gguf import quants

    return kind in quants._type_traits


def _content(entry: Entry, tensor: Any) -> Content:
    from gguf.quants import dequantize

    rows, columns = prod(entry.shape[:-1]), entry.shape[-1] if entry.shape else 1
    if entry.storage == PLAIN:
        # The package has bytes for types that NumPy lacks.
        bits = (
            np.ascontiguousarray(tensor.data).view(np.uint8).reshape(-1).view(NUMBERS[entry.dtype])
        )
        bits = bits.reshape(rows, columns)
        return Content(rows, columns, entry.dtype, lambda start, stop: bits[start:stop])
    packed = tensor.data.reshape(rows, -1)

    def read(start: int, stop: int) -> Any:
        with np.errstate(all="ignore"):
            return dequantize(packed[start:stop], tensor.tensor_type).reshape(-1, columns)

    return Content(rows, columns, "", read)


def _settings(reader: Any) -> Mapping[str, object]:
    """The metadata that are no long lists, and how many heads each block has."""
    found: dict[str, object] = {}
    for key, each in reader.fields.items():
        if len(each.data) == 1 or ".attention.head_count" in key:
            found[key] = each.contents()
    return found
