"""compressed-tensors: bitmasks, whole numbers in int32, and int8."""

from __future__ import annotations

from math import ceil, prod
from typing import Any, TypeGuard

import numpy as np

from pruneproof.integration.inspection.content import Array, Content
from pruneproof.integration.inspection.quantised import fp4, marlin
from pruneproof.integration.inspection.quantised.files import UNREAD, Files, Packed, codes_of

SPARSE = ("sparse-bitmask", "sparse-24-bitmask")


def bitmask(files: Files, name: str) -> None:
    """Values that are not 0, row by row, and a bit for each place, the lowest bit first.

    As compressed-tensors 0.9.4 writes it: `sparse-bitmask` with a list of values, and
    `sparse-24-bitmask` with a matrix of half the width.
    """
    parts = [f"{name}.{each}" for each in ("compressed", "bitmask", "shape", "row_offsets")]
    values, bits, shape = parts[:3]
    if not {values, bits, shape} <= files.headers.keys():
        raise ValueError(f"{name}: lacks its values, its bitmask or its shape; fetch it again")
    form = (
        SPARSE[0]
        if parts[3] in files.headers or len(files.headers[values].shape) == 1
        else (SPARSE[1])
    )
    size = files.shape_of(shape)
    rows, columns = prod(size[:-1]), size[-1] if size else 0
    packed = np.asarray(files.whole(bits)).view(np.uint8)
    if len(size) < 2 or packed.size != rows * ceil(columns / 8):
        raise ValueError(f"{name}: its bitmask does not fit its shape; fetch it again")
    packed = packed.reshape(rows, -1)
    mask = np.unpackbits(packed, axis=1, count=columns, bitorder="little").view(bool)
    kept = int(np.count_nonzero(mask))
    if prod(files.headers[values].shape) != kept:
        raise ValueError(
            f"{name}: has {prod(files.headers[values].shape):,} values and {kept:,} places for "
            "them; fetch it again"
        )
    dtype, taken = files.headers[values].dtype, files.take(*parts)

    def content() -> Content:
        numbers = np.asarray(files.whole(values)).reshape(-1)
        mask = np.unpackbits(packed, axis=1, count=columns, bitorder="little").view(bool)
        ends = np.concatenate([[0], np.cumsum(mask.sum(axis=1))])

        def read(start: int, stop: int) -> Array:
            found = np.zeros((stop - start, columns), numbers.dtype)
            found[mask[start:stop]] = numbers[ends[start] : ends[stop]]
            return found

        return Content(rows, columns, "", read)

    storage = f"compressed-tensors {form}"
    files.weights[name] = Packed(size, dtype, storage, taken, content, unscaled=False)


def int32(files: Files, name: str) -> None:
    """pack-quantized: whole numbers of some bits, side by side in int32."""
    own, base = f"{name}.weight", f"{name}.weight_"
    packed, shape, zero = f"{base}packed", f"{base}shape", f"{base}zero_point"
    header = files.headers[packed]
    if marlin.is_marlin(files, name):
        marlin.read(files, name)
        return
    if shape not in files.headers:
        # NVFP4 and MXFP4 have no shape: two numbers lie in a byte.
        fp4.nibbles(files, name, packed)
        return
    size = files.shape_of(shape)
    matrix = files.is_kind(packed, "I32") and len(size) == 2 and size[1] > 0
    bits = 32 * header.shape[1] // size[1] if matrix else 0
    storage = f"compressed-tensors int{bits}"
    taken = files.take(packed, shape, zero, f"{base}scale", f"{base}g_idx")
    unread = ""
    if bits not in (2, 4, 8) or header.shape != (size[0], size[1] * bits // 32):
        unread = UNREAD
    elif zero in files.headers and not _has_zeros(files, name, size, bits):
        unread = "its zero points say which number is 0, and are not read yet"
    elif zero not in files.headers and _asymmetric(files):
        raise ValueError(f"{name}: lacks the zero points that config.json declares; fetch it again")

    def content() -> Content:
        words = files.words(packed)
        zeros = np.full((size[0], 1), 1 << (bits - 1), np.float32)
        group_of = np.zeros(size[1], np.int64)
        if zero in files.headers:
            whole = np.ascontiguousarray(files.words(zero).T)
            zeros = codes_of(whole, bits)[:, : size[0]].T.astype(np.float32)
            group_of = np.arange(size[1]) // (size[1] // zeros.shape[1])

        def read(start: int, stop: int) -> Array:
            codes = codes_of(words[start:stop], bits)
            return codes.astype(np.float32) - zeros[start:stop][:, group_of]

        return Content(size[0], size[1], "", read)

    files.weights[own] = Packed(size, f"I{bits}", storage, taken, content, unread)


def _has_zeros(files: Files, name: str, size: tuple[int, ...], bits: int) -> bool:
    """Whether zero points lie as they are read: packed along outputs, for groups of neighbours."""
    zero, scale, order = (f"{name}.weight_{each}" for each in ("zero_point", "scale", "g_idx"))
    if order in files.headers or not files.is_kind(zero, "I32") or scale not in files.headers:
        return False
    height, groups = files.headers[zero].shape
    fit = height == ceil(size[0] * bits / 32) and groups > 0 and size[1] % groups == 0
    return fit and files.headers[scale].shape == (size[0], groups)


def _asymmetric(files: Files) -> bool:
    """Whether config.json says of all layers that they have zero points."""
    groups = files.said.get("config_groups")
    each = [of.get("weights") for of in groups.values()] if _are_objects(groups) else []
    return bool(each) and all(isinstance(of, dict) and of.get("symmetric") is False for of in each)


def _are_objects(groups: object) -> TypeGuard[dict[str, dict[str, Any]]]:
    return isinstance(groups, dict) and all(isinstance(of, dict) for of in groups.values())


def int8(files: Files, name: str) -> None:
    """int8 with a scale beside it: 0 is 0 where there is no zero point."""
    own = f"{name}.weight"
    if own not in files.headers or files.headers[own].dtype != "I8" or own in files.weights:
        return
    shape = files.headers[own].shape
    zero = f"{name}.weight_zero_point"
    rows, columns = prod(shape[:-1]), shape[-1] if shape else 1
    unread = "" if zero not in files.headers else "its zero points are not read yet"
    taken = files.take(own)

    def content() -> Content:
        whole = np.asarray(files.whole(own)).reshape(rows, columns)
        return Content(rows, columns, "", lambda a, b: whole[a:b].astype(np.float32))

    files.weights[own] = Packed(shape, "I8", "int8", taken, content, unread)
