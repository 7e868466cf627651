"""A folder of safetensors as a source: headers first, then one tensor's numbers at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from pruneproof.integration.checkpoint.safetensors_files import (
    Header,
    has_safetensors,
    indexed_headers,
)
from pruneproof.integration.files import read_object
from pruneproof.integration.inspection.content import KINDS, Array, Content
from pruneproof.integration.inspection.layouts import model_type, roles_of
from pruneproof.integration.inspection.quantised import SPARSE, PackedWeights, packed_weights
from pruneproof.integration.inspection.roles import MATRIX, PARAMETER
from pruneproof.integration.inspection.source import PLAIN, SCALED, Entry, Source, in_order

CONFIG = "config.json"
LOOSE = "its numbers need a scale that is declared nowhere"
COUNTS = "whole numbers, no weights"


def open_folder(name: str, folder: Path) -> Source:
    """A checkpoint in a folder.

    Args:
        name: as it was given.
        folder: with safetensors files, and a configuration if there is one.

    Raises:
        ValueError: damaged files, or numbers that are packed in a way that is not read.
        FileNotFoundError: no weights, or not all.
    """
    if not has_safetensors(folder):
        raise FileNotFoundError(
            f"checkpoint: {folder} holds no model.safetensors and no index of several; fetch its "
            "weights, or save them as safetensors (pickled ones are not read)"
        )
    files, headers = indexed_headers(folder)
    config = read_object(folder / CONFIG) if (folder / CONFIG).is_file() else {}
    places = {file: _places(file) for file in set(files.values())}
    raw = _Raw(files, headers, places)
    packed = packed_weights(config, headers, raw.whole)
    shapes = {name: header.shape for name, header in headers.items() if name not in packed.used}
    shapes |= {name: each.shape for name, each in packed.weights.items()}
    # What is quantised as it is packed was a Linear layer's; sparse files keep any layout, as
    # bitsandbytes does with experts in one.
    linear = {
        name for name, each in packed.weights.items()
        if not each.storage.endswith(SPARSE)
        and not (len(each.shape) > 2 and each.storage.startswith("bitsandbytes"))
    }  # fmt: skip
    roles = roles_of(shapes, config, linear)
    entries = []
    for stored, header in headers.items():
        if stored in packed.used:
            continue
        role = roles[stored]
        unread = "" if header.dtype in KINDS else LOOSE if header.dtype in _SCALED else COUNTS
        if unread and role.why == PARAMETER:
            # Numbers of a quantised weight, under a name that is not known.
            role = replace(role, kind=MATRIX, why="")
        unread = unread or (role.why if role.judged else "")
        storage = SCALED if header.dtype.startswith("F8_E4") or header.dtype == "F8_E5M2" else PLAIN
        of_it = (stored, header.shape, header.dtype, storage, role, header.size, unread)
        entries.append(Entry(*of_it))
    for own, each in packed.weights.items():
        unread = each.unread or (roles[own].why if roles[own].judged else "")
        of_it = (own, each.shape, each.dtype, each.storage, roles[own], each.size, unread)
        entries.append(Entry(*of_it, unscaled=each.unscaled))
    entries.sort(key=lambda entry: in_order(entry.name))
    return Source(
        name,
        "safetensors" + (f", {packed.method}" if packed.method else ""),
        tuple(entries),
        lambda entry: _content(entry, raw, packed),
        model_type(config),
        config,
    )


_SCALED = frozenset({"F8_E8M0", "F4", "F6_E2M3", "F6_E3M2"})


class _Raw:
    """Numbers as they lie in the files."""

    def __init__(
        self,
        files: Mapping[str, Path],
        headers: Mapping[str, Header],
        places: Mapping[Path, Mapping[str, int]],
    ) -> None:
        self.files, self.headers, self.places = files, headers, places

    def mapped(self, name: str, dtype: Any) -> Array:
        """A tensor's numbers, which are mapped into memory until it is dropped."""
        file, shape = self.files[name], self.headers[name].shape
        if prod(shape) == 0:
            return np.empty(shape, dtype)
        # As a plain array, whose parts are made faster.
        return np.asarray(np.memmap(file, dtype, "r", self.places[file][name], shape))

    def whole(self, name: str) -> Array:
        """A tensor as floats or whole numbers; for the small ones beside packed weights."""
        header = self.headers[name]
        if header.dtype in KINDS:
            from pruneproof.integration.inspection.content import as_floats

            bits = self.mapped(name, KINDS[header.dtype].bits)
            return as_floats(np.ascontiguousarray(bits), header.dtype)
        return self.mapped(name, _WHOLE.get(header.dtype, np.uint8))


_WHOLE = {
    "I64": np.int64, "I32": np.int32, "I16": np.int16, "I8": np.int8, "U64": np.uint64,
    "U32": np.uint32, "U16": np.uint16, "U8": np.uint8, "BOOL": np.bool_,
}  # fmt: skip


def _content(entry: Entry, raw: _Raw, packed: PackedWeights) -> Content:
    rows, columns = prod(entry.shape[:-1]), entry.shape[-1] if entry.shape else 1
    if entry.name in packed.weights:
        return packed.weights[entry.name].content()
    bits = raw.mapped(entry.name, KINDS[entry.dtype].bits).reshape(rows, columns)
    return Content(rows, columns, entry.dtype, lambda start, stop: bits[start:stop])


def _places(file: Path) -> dict[str, int]:
    """Where each tensor begins; the header was found whole before."""
    with file.open("rb") as opened:
        length = int.from_bytes(opened.read(8), "little")
        header = json.loads(opened.read(length))
    return {
        name: 8 + length + each["data_offsets"][0]
        for name, each in header.items()
        if name != "__metadata__"
    }
