"""The numbers of one tensor, read a few rows at a time: as bits where they lie in a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]
AT_ONCE = 2**18
"""Numbers that are looked at together: they and what is made of them stay in a core's cache."""


@dataclass(frozen=True)
class Kind:
    """A dtype of numbers that stand for themselves, as they lie in a file.

    Attributes:
        bits: the unsigned integers of its size.
        sign: the bit that alone makes −0.0.
        endless: the bits of infinity; those of NaN are larger.
        digits: its significand's bits, the hidden one included.
        lowest: the exponent of its smallest subnormal number.
    """

    bits: type[np.unsignedinteger]
    sign: int
    endless: int
    digits: int
    lowest: int


KINDS = {
    "F64": Kind(np.uint64, 1 << 63, 0x7FF0_0000_0000_0000, 53, -1074),
    "F32": Kind(np.uint32, 1 << 31, 0x7F80_0000, 24, -149),
    "BF16": Kind(np.uint16, 1 << 15, 0x7F80, 8, -133),
    "F16": Kind(np.uint16, 1 << 15, 0x7C00, 11, -24),
    "F8_E4M3": Kind(np.uint8, 1 << 7, 0x7F, 4, -9),
    "F8_E5M2": Kind(np.uint8, 1 << 7, 0x7C, 3, -16),
}
"""By the names that safetensors gives them. F8_E4M3 has no infinity, and one NaN."""


@dataclass(frozen=True)
class Zeros:
    """Where a tensor's zeros are.

    Attributes:
        mask: True where a weight is 0, rows × columns.
        negative: how many of them are −0.0.
        finite: whether no weight is NaN or infinite.
    """

    mask: NDArray[np.bool_]
    negative: int
    finite: bool


class Content:
    """A tensor as rows × columns, its last dimension being the columns.

    Attributes:
        rows: how many.
        columns: how many in each.
        dtype: what its numbers are stored as, in safetensors' words; "" where they are made from
            a quantised format's.
    """

    def __init__(
        self, rows: int, columns: int, dtype: str, read: Callable[[int, int], Array]
    ) -> None:
        self.rows, self.columns, self.dtype, self._read = rows, columns, dtype, read

    @property
    def step(self) -> int:
        """Rows that are looked at together."""
        return max(1, AT_ONCE // max(1, self.columns))

    def parts(self) -> Iterator[slice]:
        """The rows, some at a time."""
        for start in range(0, self.rows, self.step):
            yield slice(start, min(start + self.step, self.rows))

    def bits(self, rows: slice) -> Array:
        """Rows as they are stored, unsigned integers for a dtype of `KINDS`, else floats."""
        return self._read(rows.start, rows.stop)

    def floats(self, rows: slice) -> Array:
        """Rows as float32, or as float64 where they are."""
        return as_floats(self.bits(rows), self.dtype)

    def zeros(self) -> Zeros:
        """Where the zeros are; one pass, on all cores."""
        mask = np.empty((self.rows, self.columns), bool)

        def look(rows: slice) -> tuple[int, bool]:
            return zeros_of(self.bits(rows), self.dtype, mask[rows])

        parts = list(self.parts())
        found = list(_pool().map(look, parts) if len(parts) > 1 else map(look, parts))
        return Zeros(mask, sum(each for each, _ in found), all(each for _, each in found))


@cache
def _pool() -> ThreadPoolExecutor:
    """As many threads as torch and BLAS would take; NumPy lets them run side by side."""
    said = os.environ.get("OMP_NUM_THREADS", "")
    return ThreadPoolExecutor(int(said) if said.isdecimal() and int(said) else os.cpu_count())


def zeros_of(part: Array, dtype: str, mask: NDArray[np.bool_]) -> tuple[int, bool]:
    """Mark the zeros of some numbers; how many are −0.0, and whether all are finite."""
    kind = KINDS.get(dtype)
    if kind is None:
        np.equal(part, 0, out=mask)
        return int(np.count_nonzero(np.signbit(part) & mask)), bool(np.isfinite(part).all())
    if part.size == 0:
        return 0, True
    # Without its sign a number is even, 0 for both zeros, and in the order of its size.
    sizes = part << kind.bits(1)
    np.equal(sizes, 0, out=mask)
    finite = int(sizes.max()) < 2 * kind.endless
    if not mask.any():
        return 0, finite
    return int(np.count_nonzero(part == kind.bits(kind.sign))), finite


def as_floats(bits: Array, dtype: str) -> Array:
    """Numbers of a dtype of `KINDS` as floats that hold them exactly; others as they are."""
    if dtype == "BF16":
        return (bits.astype(np.uint32) << np.uint32(16)).view(np.float32)
    if dtype == "F16":
        return bits.view(np.float16).astype(np.float32)
    if dtype in ("F32", "F64"):
        return bits.view(np.float32 if dtype == "F32" else np.float64)
    return _of_bytes(dtype)[bits] if dtype in KINDS else bits


@cache
def _of_bytes(dtype: str) -> NDArray[np.float32]:
    """The number that each byte of an 8-bit dtype stands for."""
    kind, byte = KINDS[dtype], np.arange(256)
    fraction = 1 << (kind.digits - 1)
    exponent, rest = (byte & 0x7F) // fraction, byte % fraction
    size = np.where(exponent == 0, rest, fraction + rest) * 2.0 ** (
        kind.lowest + np.maximum(exponent - 1, 0)
    )
    size[(byte & 0x7F) >= kind.endless] = np.nan
    return np.where(byte & 0x80, -size, size).astype(np.float32)
