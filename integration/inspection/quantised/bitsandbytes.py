"""bitsandbytes in four bits, NF4 and FP4: codes of sixteen levels, and the largest of each block.

As bitsandbytes 0.50.2 writes it, through transformers: the codes in bytes, the first of two in the
upper four bits, as one row; `quant_map` has the levels, and `absmax` the largest weight of every
`blocksize`, which may be a code itself (`nested_…`). What is read are the levels.
"""

from __future__ import annotations

import json
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pruneproof.integration.inspection.content import Array, Content
from pruneproof.integration.inspection.quantised.files import UNREAD, Files, Packed

STATE = ".quant_state.bitsandbytes__"
KINDS = {"nf4": "NF4", "fp4": "FP4"}
READ = ("U8", "I8", "BF16", "F32", "F64")
"""Dtypes as which the codes may lie (`bnb_4bit_quant_storage`), and are read."""
LARGEST = 2**31
"""Numbers of a dimension, beyond which a shape is damaged."""


def read(files: Files, name: str) -> None:
    """Add a weight.

    Args:
        files: of the checkpoint.
        name: of the weight, and of its tensor of codes.

    Raises:
        ValueError: a tensor is missing or does not fit the others, or a state that is no JSON.
    """
    parts = [each for each in files.headers if each.startswith(f"{name}.")]
    states = [each for each in parts if each.startswith(name + STATE)]
    if name not in files.headers or len(states) != 1 or f"{name}.quant_map" not in parts:
        raise ValueError(f"{name}: lacks its codes, levels or their state; fetch it again")
    kind = states[0].removeprefix(name + STATE)
    taken = files.take(name, *parts)
    header = files.headers[name]
    shape, size, state = _state(files, name, states[0])
    if kind not in KINDS or header.dtype not in READ:
        files.add_unread(name, f"bitsandbytes {kind}", taken, shape, UNREAD)
        return
    count = prod(shape)
    wrong = ValueError(
        f"{name}: its tensors do not fit each other as {KINDS[kind]}; fetch it again"
    )
    if header.size != -(-count // 2):
        raise wrong
    if prod(files.headers[f"{name}.absmax"].shape) != -(-count // size):
        raise wrong
    levels = np.asarray(files.whole(f"{name}.quant_map")).reshape(-1)
    if levels.shape != (16,) or levels.dtype.kind != "f":
        raise wrong
    rows, columns = prod(shape[:-1]), shape[-1]

    def content() -> Content:
        codes = _bytes(files, name)
        gone = _largest(files, name, state) == 0
        some = bool(gone.any())

        def read(start: int, stop: int) -> Array:
            first, last = start * columns, stop * columns
            two = codes[first // 2 : -(-last // 2)]
            both = np.stack([two >> 4, two & 15], axis=-1).reshape(-1)
            found = levels[both[first % 2 : first % 2 + last - first]]
            if some:
                found[gone[np.arange(first, last) // size]] = 0
            return found.reshape(stop - start, columns)

        return Content(rows, columns, "", read)

    storage = f"bitsandbytes {KINDS[kind]}"
    files.weights[name] = Packed(shape, KINDS[kind], storage, taken, content)


def _bytes(files: Files, name: str) -> NDArray[np.uint8]:
    """The codes, two in each byte, whatever the numbers that they lie as."""
    numbers = np.ascontiguousarray(files.whole(name)).reshape(-1)
    if files.headers[name].dtype == "BF16":
        # These come as float32, whose upper half they are.
        numbers = (numbers.view(np.uint32) >> np.uint32(16)).astype(np.uint16)
    return numbers.view(np.uint8)


def _state(files: Files, name: str, at: str) -> tuple[tuple[int, ...], int, dict[str, Any]]:
    """A weight's shape, how many codes share a largest, and all that is said."""
    try:
        state = json.loads(np.asarray(files.whole(at)).astype(np.uint8).tobytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{at}: is no JSON; fetch it again") from error
    state = state if isinstance(state, dict) else {}
    shape, size = state.get("shape"), state.get("blocksize")
    numbers = [*shape, size] if isinstance(shape, list) and shape else [0]
    if not all(type(each) is int and 0 < each < LARGEST for each in numbers):
        raise ValueError(f"{name}: its state lacks a valid shape and blocksize; fetch it again")
    return tuple(numbers[:-1]), numbers[-1], state


def _largest(files: Files, name: str, state: dict[str, Any]) -> NDArray[np.floating[Any]]:
    """The largest weight of each block: of one that is all 0, codes say nothing.

    Raises:
        ValueError: it lies in a way that is not known.
    """
    stored = np.asarray(files.whole(f"{name}.absmax")).reshape(-1)
    if stored.dtype.kind == "f":
        return stored
    nested = [f"{name}.nested_{each}" for each in ("quant_map", "absmax")]
    size, offset = state.get("nested_blocksize"), state.get("nested_offset")
    if (
        not set(nested) <= files.headers.keys()
        or not (isinstance(size, int) and size > 0 and isinstance(offset, int | float))
        or stored.dtype != np.uint8
    ):
        raise ValueError(f"{name}: its absmax is neither float nor validly nested; fetch it again")
    levels, largest = (np.asarray(files.whole(each)).reshape(-1) for each in nested)
    if len(levels) != 256 or len(largest) != -(-len(stored) // size):
        raise ValueError(f"{name}: its nested tensors do not fit its absmax; fetch it again")
    return levels[stored] * largest[np.arange(len(stored)) // size] + np.float32(offset)
