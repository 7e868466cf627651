"""Weights that several tensors of a file make: known layouts are read, others said or refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import ceil, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pruneproof.integration.checkpoint.safetensors_files import Header
from pruneproof.integration.inspection.content import Array, Content

Whole = Callable[[str], Array]
SPARSE = ("sparse-bitmask", "sparse-24-bitmask")
MARLIN = "marlin-24"
UNREAD = "its packed numbers are not read yet"
BESIDE = (
    ".weight_scale", ".weight_scale_inv", ".weight_zero_point", ".weight_shape", ".weight_g_idx",
    ".weight_global_scale", ".input_scale", ".input_global_scale", ".input_zero_point",
    ".output_scale", ".output_zero_point", ".qzeros", ".scales", ".g_idx", ".SCB",
    ".weight_format",
)  # fmt: skip
"""Ends of the names of what lies beside packed numbers."""


@dataclass(frozen=True)
class Packed:
    """A weight that several tensors make.

    Attributes:
        shape: of the weight.
        dtype: what its numbers are, or would be, stored as.
        storage: the format.
        size: bytes in the file.
        content: reads it.
        unread: why it is not read; "" where it is.
    """

    shape: tuple[int, ...]
    dtype: str
    storage: str
    size: int
    content: Callable[[], Content]
    unread: str = ""


@dataclass(frozen=True)
class PackedWeights:
    """All such weights of a checkpoint.

    Attributes:
        method: what the configuration calls how they are quantised, or "".
        weights: by name.
        used: names of the tensors that they are made of.
    """

    method: str = ""
    weights: Mapping[str, Packed] = field(default_factory=dict)
    used: frozenset[str] = frozenset()


class _Files:
    """The tensors of a checkpoint, and those that packed weights took."""

    def __init__(self, headers: Mapping[str, Header], whole: Whole) -> None:
        self.headers, self.whole = headers, whole
        self.used: set[str] = set()
        self.weights: dict[str, Packed] = {}

    def take(self, *names: str) -> int:
        """Mark tensors as used; how many bytes they have, at most 8 a number."""
        there = [each for each in names if each in self.headers]
        self.used.update(there)
        sizes = {"8": 1, "6": 2, "2": 4, "4": 8}
        return sum(
            prod(self.headers[each].shape) * sizes.get(self.headers[each].dtype[-1:], 1)
            for each in there
        )


def packed_weights(
    name: str, config: Mapping[str, Any], headers: Mapping[str, Header], whole: Whole
) -> PackedWeights:
    """What a checkpoint holds in packed form.

    Args:
        name: of the checkpoint.
        config: what its config.json says.
        headers: of all tensors.
        whole: reads a tensor.

    Raises:
        ValueError: a format that is known and cannot be read.
    """
    said = config.get("quantization_config") or config.get("compression_config") or {}
    said = said if isinstance(said, dict) else {}
    sparse = said.get("sparsity_config")
    sparse = sparse if isinstance(sparse, dict) else {}
    method, form = str(said.get("quant_method", "")), str(said.get("format", ""))
    formats = {form, str(sparse.get("format", ""))}
    if MARLIN in formats:
        raise ValueError(
            f"checkpoint: {name} is stored as {MARLIN}, whose order of weights only its kernels "
            "know; inspect the checkpoint that it was made from"
        )
    files = _Files(headers, whole)
    for each in headers:
        for end, read in _ENDS.items():
            if each.endswith(end):
                read(files, each.removesuffix(end))
                break
    _take_beside(files)
    words = [method, form, *(each for each in SPARSE if each in formats)]
    return PackedWeights(
        " ".join(dict.fromkeys(filter(None, words))), files.weights, frozenset(files.used)
    )


def _take_beside(files: _Files) -> None:
    """What lies beside packed numbers is no weight; beside others it stays as it is."""
    own = {name.removesuffix(".weight") for name in files.weights}
    for each in files.headers:
        for end in BESIDE:
            if each.endswith(end) and each.removesuffix(end) in own:
                files.used.add(each)


def _bitmask(files: _Files, name: str) -> None:
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
    size = tuple(int(each) for each in np.asarray(files.whole(shape)).reshape(-1).tolist())
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

    files.weights[name] = Packed(size, dtype, f"compressed-tensors {form}", taken, content)


def _int32(files: _Files, name: str) -> None:
    """compressed-tensors' pack-quantized: whole numbers of some bits, side by side in int32."""
    own, base = f"{name}.weight", f"{name}.weight_"
    packed, shape, zero = f"{base}packed", f"{base}shape", f"{base}zero_point"
    header = files.headers[packed]
    if shape not in files.headers:
        # NVFP4 and MXFP4 have no shape: two numbers lie in a byte.
        _nibbles(files, name, packed, header)
        return
    size = tuple(int(each) for each in np.asarray(files.whole(shape)).reshape(-1).tolist())
    bits = 32 * header.shape[-1] // size[-1] if len(size) == 2 and size[-1] else 0
    storage = f"compressed-tensors int{bits}"
    taken = files.take(packed, shape, zero, f"{base}scale", f"{base}g_idx")
    unread = ""
    if bits not in (2, 4, 8) or header.shape != (size[0], size[1] * bits // 32):
        unread = UNREAD
    elif zero in files.headers:
        unread = "its zero points say which number is 0, and are not read yet"

    def content() -> Content:
        words = np.asarray(files.whole(packed)).view(np.uint32)
        shifts = np.arange(0, 32, bits, dtype=np.uint32)

        def read(start: int, stop: int) -> Array:
            codes = (words[start:stop, :, None] >> shifts) & np.uint32((1 << bits) - 1)
            numbers = codes.reshape(stop - start, size[1]).astype(np.float32)
            return numbers - np.float32(1 << (bits - 1))

        return Content(size[0], size[1], "", read)

    files.weights[own] = Packed(size, f"I{bits}", storage, taken, content, unread)


FP4: NDArray[np.float32] = np.array(
    [0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6], np.float32
)
"""The numbers of FP4 (E2M1) by their codes."""


def _nibbles(files: _Files, name: str, packed: str, header: Header) -> None:
    own = f"{name}.weight"
    taken = files.take(packed)
    size = (*header.shape[:-1], 2 * header.shape[-1])
    unread = "" if header.dtype == "U8" else UNREAD
    files.weights[own] = Packed(
        size, "F4_E2M1", "compressed-tensors FP4", taken, _fp4(files, packed, size), unread
    )


def _mxfp4(files: _Files, name: str) -> None:
    """gpt-oss': experts × outputs × blocks of 32 inputs, two numbers in a byte."""
    blocks, scales = f"{name}_blocks", f"{name}_scales"
    shape = files.headers[blocks].shape
    if scales not in files.headers or len(shape) < 3 or shape[-1] != 16:
        return
    size = (*shape[:-2], shape[-2] * 32)
    taken = files.take(blocks, scales)
    files.weights[name] = Packed(size, "F4_E2M1", "MXFP4", taken, _fp4(files, blocks, size))


def _fp4(files: _Files, packed: str, size: tuple[int, ...]) -> Callable[[], Content]:
    rows, columns = prod(size[:-1]), size[-1]

    def content() -> Content:
        whole = np.asarray(files.whole(packed)).reshape(rows, columns // 2)

        def read(start: int, stop: int) -> Array:
            both = np.stack([whole[start:stop] & 15, whole[start:stop] >> 4], axis=-1)
            return FP4[both.reshape(stop - start, columns)]

        return Content(rows, columns, "", read)

    return content


def _not_read(kind: str) -> Callable[[_Files, str], None]:
    def say(files: _Files, name: str) -> None:
        base = name.removesuffix(".weight")
        ends = (".qweight", ".weight", ".qzeros", ".scales", ".g_idx", ".SCB")
        mine = [base + end for end in ends if base + end in files.headers]
        mine += [each for each in files.headers if each.startswith(f"{base}.weight.")]
        shape = files.headers[mine[0]].shape
        taken = files.take(*mine)

        def content() -> Content:
            raise AssertionError("not read")

        files.weights[f"{base}.weight"] = Packed(
            shape if len(shape) > 1 else (*shape, 1), kind, kind, taken, content,
            f"{kind}: {UNREAD}",
        )  # fmt: skip

    return say


def _int8(files: _Files, name: str) -> None:
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


_ENDS: Mapping[str, Callable[[_Files, str], None]] = {
    ".bitmask": _bitmask,
    ".weight_packed": _int32,
    "_blocks": _mxfp4,
    ".qweight": _not_read("GPTQ or AWQ"),
    ".weight.absmax": _not_read("bitsandbytes"),
    ".weight_scale": _int8,
    ".SCB": _int8,
}
