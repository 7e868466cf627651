"""compressed-tensors' retired marlin-24: whole numbers where two of every four inputs are stored.

`weight_packed` has the numbers in the order in which a GPU's tensor cores take them, and `meta` the
places of each two. As compressed-tensors 0.9.4 writes both, for outputs that are a multiple of 64
and inputs that are one of 32; other sizes it cannot write.

The library takes the places from the weights as they are rounded. So of a group that had fewer than
two weights left, places that say nothing are filled up with zeros: a zero is a zero here, whether
it is stored or not, and which of the kept weights were rounded to 0 is in no file.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pruneproof.integration.inspection.content import Array, Content
from pruneproof.integration.inspection.quantised.files import Files, Packed, codes_of

FORMAT = "marlin-24"
INPUTS, OUTPUTS = 32, 64
"""Of a tile: 16 stored numbers of an output, and four blocks of 16 outputs."""
ORDER = {4: (0, 4, 1, 5, 2, 6, 3, 7), 8: (0, 2, 1, 3, 4, 6, 5, 7)}
"""Where each of eight neighbours is among the eight that are stored together, by the bits."""
PLACES = (4, 8, 9, 12, 13, 14)
"""What four bits of `meta` may be: the first place in the lower two, the second in the upper."""


def is_marlin(files: Files, name: str) -> bool:
    """Whether a layer lies so."""
    return bool({f"{name}.scale_packed", f"{name}.meta"} & files.headers.keys())


def read(files: Files, name: str) -> None:
    """Add a layer's weight.

    Raises:
        ValueError: a tensor is missing, does not fit the others, or names places that no two
            weights of a group have.
    """
    packed, scale, meta = (f"{name}.{each}" for each in ("weight_packed", "scale_packed", "meta"))
    if not {packed, scale, meta} <= files.headers.keys():
        raise ValueError(f"{name}: lacks its numbers, its scale or its meta; fetch it again")
    if not (files.is_kind(packed, "I32") and files.is_kind(meta, "I16")):
        raise ValueError(f"{name}: is not of the dtypes of {FORMAT}; fetch it again")
    (tiles, wide), (height, width) = files.headers[meta].shape, files.headers[packed].shape
    inputs, outputs = INPUTS * tiles, wide // 2
    bits = 2 * width // outputs if outputs else 0
    fits = (height, width) == (tiles, outputs * bits // 2) and wide % (2 * OUTPUTS) == 0
    if not fits or bits not in ORDER or files.headers[scale].shape[-1:] != (outputs,):
        raise ValueError(f"{name}: its tensors do not fit each other as {FORMAT}; fetch it again")

    def content() -> Content:
        places = _places(np.asarray(files.whole(meta)).view(np.uint16))
        if not np.isin(places, PLACES).all():
            raise ValueError(f"{name}: its meta names places that no group has; fetch it again")
        words = files.words(packed).reshape(tiles, outputs // OUTPUTS, -1)

        def rows(start: int, stop: int) -> Array:
            first, last = start // OUTPUTS, -(-stop // OUTPUTS)
            stored = _stored(words[:, first:last], bits)
            part = slice(start - first * OUTPUTS, stop - first * OUTPUTS)
            return _expanded(stored[part], places[start:stop], 1 << (bits - 1))

        return Content(outputs, inputs, "", rows)

    taken = files.take(packed, scale, meta)
    storage = f"compressed-tensors {FORMAT} int{bits}"
    own = f"{name}.weight"
    files.weights[own] = Packed((outputs, inputs), f"I{bits}", storage, taken, content)


def _stored(words: NDArray[np.uint32], bits: int) -> NDArray[np.uint8]:
    """The stored numbers of whole tiles, outputs × half of the inputs.

    Args:
        words: tiles of inputs × tiles of outputs × the words of a tile.
        bits: of a number.
    """
    high, wide, _ = words.shape
    codes = codes_of(words.reshape(high * wide, -1), bits)
    together = codes.reshape(-1, 8)[:, ORDER[bits]]
    # Of a tile: block of 16 outputs, its half, two inputs of eight, one output of four, the half's
    # four outputs, the upper eight inputs, the second input.
    axes = together.reshape(high, wide, 4, 2, 4, 4, 2, 2, 2)
    turned = axes.transpose(1, 2, 3, 6, 5, 0, 7, 4, 8)
    return turned.reshape(wide * OUTPUTS, high * INPUTS // 2)


def _places(meta: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Four bits for each group of four inputs, outputs × groups.

    Args:
        meta: as it is stored, tiles of inputs × twice the outputs.
    """
    tiles, outputs = meta.shape[0], meta.shape[1] // 2
    # An output's number in binary, its lowest bit last, is …, c, b, a over 64 by 64: stored are b
    # of two, the upper eight, a of two; then the second half of 32 inputs, and the bit above b.
    axes = meta.reshape(tiles, outputs // OUTPUTS, 2, 8, 2, 2, 2)
    words = axes.transpose(1, 3, 6, 2, 4, 0, 5).reshape(outputs, tiles * 2)
    four = words[:, :, None] >> np.arange(0, 16, 4, dtype=np.uint16) & np.uint16(15)
    return four.astype(np.uint8).reshape(outputs, tiles * 8)


def _expanded(stored: NDArray[np.uint8], places: NDArray[np.uint8], zero: int) -> Array:
    """Weights, outputs × inputs, of two numbers of each group and their places."""
    outputs, groups = places.shape
    found = np.zeros((outputs, groups, 4), np.float32)
    numbers = stored.reshape(outputs, groups, 2).astype(np.float32) - np.float32(zero)
    both = np.stack([places & 3, places >> 2], axis=-1).astype(np.intp)
    np.put_along_axis(found, both, numbers, axis=-1)
    return found.reshape(outputs, groups * 4)
