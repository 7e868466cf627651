"""FP4 (E2M1), two numbers in a byte: compressed-tensors' NVFP4 and MXFP4, and gpt-oss' experts."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np
from numpy.typing import NDArray

from pruneproof.integration.inspection.content import Array, Content
from pruneproof.integration.inspection.quantised.files import UNREAD, Files, Packed

FP4: NDArray[np.float32] = np.array(
    [0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6], np.float32
)
"""The numbers of FP4 (E2M1) by their codes."""


def nibbles(files: Files, name: str, packed: str) -> None:
    """compressed-tensors', whose scales do not matter here."""
    header = files.headers[packed]
    if not header.shape:
        raise ValueError(f"{packed}: is a single number; fetch it again")
    own = f"{name}.weight"
    taken = files.take(packed)
    size = (*header.shape[:-1], 2 * header.shape[-1])
    unread = "" if header.dtype == "U8" else UNREAD
    files.weights[own] = Packed(
        size, "F4_E2M1", "compressed-tensors FP4", taken, _fp4(files, packed, size), unread
    )


def experts(files: Files, name: str) -> None:
    """gpt-oss': experts × outputs × blocks of 32 inputs, two numbers in a byte."""
    blocks, scales = f"{name}_blocks", f"{name}_scales"
    shape = files.headers[blocks].shape
    if scales not in files.headers or len(shape) < 3 or shape[-1] != 16:
        return
    size = (*shape[:-2], shape[-2] * 32)
    taken = files.take(blocks, scales)
    files.weights[name] = Packed(size, "F4_E2M1", "MXFP4", taken, _fp4(files, blocks, size))


def _fp4(files: Files, packed: str, size: tuple[int, ...]) -> Callable[[], Content]:
    rows, columns = prod(size[:-1]), size[-1]

    def content() -> Content:
        whole = np.asarray(files.whole(packed)).reshape(rows, columns // 2)

        def read(start: int, stop: int) -> Array:
            both = np.stack([whole[start:stop] & 15, whole[start:stop] >> 4], axis=-1)
            return FP4[both.reshape(stop - start, columns)]

        return Content(rows, columns, "", read)

    return content
