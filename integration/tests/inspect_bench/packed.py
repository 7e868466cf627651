"""Writers of packed layouts, each as the library in its docstring writes it; numbers in, words out.

They are loops over the layouts' descriptions, and share nothing with what reads them.
"""

from __future__ import annotations

import json
from itertools import product

import numpy as np

Arrays = dict[str, np.ndarray]
TWO = {
    (0, 0, 0, 0): (2, 3), (0, 0, 0, 1): (2, 3), (0, 0, 1, 0): (2, 3), (0, 1, 0, 0): (1, 2),
    (1, 0, 0, 0): (0, 2), (1, 1, 0, 0): (0, 1), (1, 0, 1, 0): (0, 2), (1, 0, 0, 1): (0, 3),
    (0, 1, 1, 0): (1, 2), (0, 1, 0, 1): (1, 3), (0, 0, 1, 1): (2, 3),
}  # fmt: skip
"""Which two places of a group marlin-24 stores, by which are not 0."""
INTERLEAVED = {4: (0, 2, 4, 6, 1, 3, 5, 7), 8: (0, 2, 1, 3)}


def side_by_side(codes: np.ndarray, bits: int) -> np.ndarray:
    """Whole numbers from 0 in int32 along the last axis, the first one lowest."""
    text = [
        "".join(f"{each:0{bits}b}" for each in row[::-1])
        for row in codes.reshape(-1, codes.shape[-1])
    ]
    words = [[int(row[at - 32 : at], 2) for at in range(len(row), 0, -32)] for row in text]
    made = np.array(words, np.uint32).view(np.int32)
    return made.reshape(*codes.shape[:-1], -1)


def marlin_24(numbers: np.ndarray, bits: int) -> Arrays:
    """compressed-tensors 0.9.4's marlin-24.

    Args:
        numbers: whole ones around 0, outputs × inputs, at most two of every four not 0.
        bits: 4 or 8.
    """
    outputs, inputs = numbers.shape
    stored = np.zeros((inputs // 2, outputs), np.int64)
    places = np.zeros((outputs, inputs // 4), np.int64)
    for output, group in product(range(outputs), range(inputs // 4)):
        four = numbers[output, 4 * group : 4 * group + 4]
        first, second = TWO[tuple((four != 0).astype(int).tolist())]
        stored[2 * group : 2 * group + 2, output] = four[[first, second]]
        places[output, group] = first | second << 2
    codes = []
    for high, wide in product(range(0, inputs // 2, 16), range(0, outputs, 64)):
        tile = stored[high : high + 16, wide : wide + 64] + 2 ** (bits - 1)
        codes += [tile[at] for at in _in_fragments(bits)]
    rows = np.array(codes).reshape(inputs // 32, -1)
    return {
        "weight_packed": side_by_side(rows, bits),
        "scale_packed": np.ones((1, outputs), np.float16),
        "meta": _metadata(places),
    }


def _in_fragments(bits: int) -> list[tuple[int, int]]:
    """The order of a tile of 16 × 64 numbers: what each of 32 threads of a tensor core holds."""
    order = []
    for thread, column in product(range(32), range(4)):
        row = 2 * (thread % 4)
        first = 16 * (thread // 8) + 8 * (thread // 4 % 2) + column
        held = [(r, first + 4 * b) for b in (0, 1) for r in (row, row + 1, row + 8, row + 9)]
        size = len(INTERLEAVED[bits])
        for start in range(0, 8, size):
            order += [held[start + each] for each in INTERLEAVED[bits]]
    return order


def _metadata(places: np.ndarray) -> np.ndarray:
    """Four groups in an int16, in CUTLASS' order for sparse matrices."""
    outputs, columns = places.shape[0], places.shape[1] // 4
    flat = np.zeros(outputs * columns, np.uint16)
    for row, column in product(range(outputs), range(columns)):
        word = sum(int(places[row, 4 * column + each]) << 4 * each for each in range(4))
        down = row // 64 * 64 + row % 2 * 2 + row % 8 // 4 + row % 4 // 2 * 32 + row % 64 // 8 * 4
        across = column
        if down % 2 == 0 and across % 2 == 1:
            down, across = down + 1, across - 1
        elif down % 2 == 1 and across % 2 == 0:
            down, across = down - 1, across + 1
        flat[across // 2 * outputs * 2 + down * 2 + across % 2] = word
    return flat.view(np.int16).reshape(columns // 2, outputs * 2)


def gptq(codes: np.ndarray, zeros: np.ndarray, groups: np.ndarray, bits: int, less: int) -> Arrays:
    """GPTQ's, of auto-gptq 0.7.1 and GPTQModel 7.7.0.

    Args:
        codes: whole numbers from 0, outputs × inputs.
        zeros: the zero points, outputs × groups.
        groups: the group of each input.
        bits: of a number.
        less: what is taken from zero points, 1 or, of `gptq_v2`, 0.
    """
    return {
        "qweight": side_by_side(codes, bits).T,
        "qzeros": side_by_side(zeros.T - less, bits),
        "scales": np.ones(zeros.T.shape, np.float16),
        "g_idx": groups.astype(np.int32),
    }


def awq(codes: np.ndarray, zeros: np.ndarray) -> Arrays:
    """AutoAWQ 0.2.9's, of four bits.

    Args:
        codes: whole numbers from 0, outputs × inputs.
        zeros: the zero points, outputs × groups of neighbouring inputs.
    """

    def of_outputs(numbers: np.ndarray) -> np.ndarray:
        eight = numbers.T.reshape(numbers.shape[1], -1, 8)[..., [0, 2, 4, 6, 1, 3, 5, 7]]
        return side_by_side(eight.reshape(numbers.shape[1], -1), 4)

    return {
        "qweight": of_outputs(codes),
        "qzeros": of_outputs(zeros),
        "scales": np.ones(zeros.T.shape, np.float16),
    }


NF4 = (-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
       -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
       0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941,
       0.7229568362236023, 1.0)  # fmt: skip


def nf4(weight: np.ndarray, size: int = 64) -> Arrays:
    """bitsandbytes 0.50.2's NF4: the nearest level of each weight beside the largest of its block.

    Args:
        weight: of any shape.
        size: of a block.
    """
    flat = weight.reshape(-1).astype(np.float32)
    blocks = [flat[at : at + size] for at in range(0, flat.size, size)]
    largest = np.array([np.abs(each).max() for each in blocks], np.float32)
    levels = np.array(NF4, np.float32)
    codes = []
    for block, most in zip(blocks, largest, strict=True):
        far = np.abs(block[:, None] / (most or 1) - levels)
        codes += far.argmin(axis=1).tolist()
    codes += [7] * (len(codes) % 2)
    two = [a << 4 | b for a, b in zip(codes[::2], codes[1::2], strict=True)]
    state = {"quant_type": "nf4", "blocksize": size, "dtype": "float32", "shape": [*weight.shape]}
    return {
        "weight": np.array(two, np.uint8)[:, None],
        "weight.absmax": largest,
        "weight.quant_map": levels,
        "weight.quant_state.bitsandbytes__nf4": np.frombuffer(json.dumps(state).encode(), np.uint8),
    }


def with_zero_points(codes: np.ndarray, zeros: np.ndarray, bits: int) -> Arrays:
    """compressed-tensors 0.9.4's and 0.20.0's pack-quantized, asymmetric.

    Args:
        codes: whole numbers from 0, outputs × inputs.
        zeros: the zero points, outputs × groups of neighbouring inputs.
        bits: of a number.
    """
    return {
        "weight_packed": side_by_side(codes, bits),
        "weight_shape": np.array(codes.shape),
        "weight_scale": np.ones(zeros.shape, np.float32),
        "weight_zero_point": side_by_side(zeros.T, bits).T,
    }
