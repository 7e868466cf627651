"""Values that weights share: the zeros of a quantiser, and zeros that a quantiser moved.

A quantised format has few levels in a block of weights. One that has none at 0 moves the zeros of a
pruned weight to its level that is nearest to 0, the same for a whole block. So in a block of a
pruned weight one value near 0 is far more frequent than its neighbours, and in a dense one, whose
weights are spread evenly around 0, it is not: unless a few inputs have far larger weights than the
others of their block, which then all round to that value. So inputs whose weights reach over many
levels are asked by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pruneproof.integration.inspection.content import Array, Content

RUN = 32
"""Weights of a row among which equal ones are looked for."""
BLOCK = 16
"""Weights of a row that share their levels: the smallest block that GGUF's formats have."""
LOOKED_AT, WINDOW = 2**14, 2048
"""Weights of the first look, and how many of a row at most."""
SHARED = 0.15
"""Of a block, the share of the value nearest to 0 from which on a tensor is looked at closely; in
one whose values are all different it is 1 / 16."""
EXCESS = 1.5
"""How much more frequent it may be than the values beside it for rounding to be all that there is:
of Gaussian and Laplacian weights, and of Student's with three degrees of freedom, it is not."""
EVEN = 1.75
"""How much more frequent the values beside it may be than the next: where the shares fall faster,
they may do so from that value on."""
ACROSS, BESIDE = 256, 256
"""Outputs and inputs of the look at single inputs."""
WIDE = 0.5
"""Of the weights of an input, or of a block, that are at other values, the share that is further
away than the values beside it, from which on they reach over many levels."""
FEW = 2, 4
"""Weights at other values that half of a block, and those of an input, must have to be asked."""
ENOUGH = 512
"""Weights that such inputs must have together."""
CERTAIN = 3
"""Standard errors of the mean over such inputs."""
FEWEST = 4
"""Values that some block must exceed: a format of two bits gives dense weights the same zeros."""
REPEATS = 0.07
"""Of the weights that are not 0, the share that another one of their run equals, above which a
tensor has been in a quantised format; bfloat16 makes at most 0.04 equal, Q8_0 at least 0.11."""


@dataclass(frozen=True)
class Levels:
    """What values the weights of a tensor share.

    Attributes:
        repeats: of the weights that are not 0, the share that equals another of its run.
        values: mean number of values in a run.
        nearest: share of the weights that hold their block's value nearest to 0.
        beside: share that holds one of the two values beside it.
        most: the largest number of values in a block.
    """

    repeats: float
    values: float
    nearest: float
    beside: float
    most: int

    @property
    def quantised(self) -> bool:
        """Whether the values are those of a format with few levels."""
        return self.repeats > REPEATS

    @property
    def too_few(self) -> bool:
        """Whether there are so few that what was pruned cannot be told."""
        return self.most <= FEWEST

    @property
    def excess(self) -> bool:
        """Whether the value nearest to 0 has more weights than rounding gives it where all inputs'
        weights are about as large."""
        return self.nearest > EXCESS * self.beside


def _cut(part: Array, size: int) -> Array:
    """Rows cut into pieces, pieces × size; what is left over at the end of rows is left out."""
    width = part.shape[1] // size * size
    return part[:, :width].reshape(-1, size)


def sample(content: Content) -> Array:
    """Some rows' beginnings, as floats."""
    count = max(1, LOOKED_AT // max(1, min(content.columns, WINDOW)))
    return _some_of(content, count, WINDOW)


def _some_of(content: Content, rows: int, columns: int) -> Array:
    some = np.unique(np.linspace(0, content.rows - 1, min(rows, content.rows)).astype(int))
    parts = [content.floats(slice(row, row + 1))[:, :columns] for row in some.tolist()]
    return np.concatenate(parts)


def shared(values: Array) -> float:
    """Mean share of a block that holds the value nearest to 0, of which a block has one."""
    size = np.abs(_cut(values, BLOCK))
    return float((size == size.min(axis=1, keepdims=True)).mean()) if size.size else 0.0


def levels_of(values: Array) -> Levels:
    """Look closely at some rows.

    Args:
        values: floats, rows × columns.
    """
    runs, blocks = _cut(values, RUN), _cut(values, BLOCK)
    if runs.size == 0:
        return Levels(0.0, 0.0, 0.0, 0.0, 0)
    numbers = _numbers(runs)
    each = numbers + np.arange(len(runs))[:, None] * RUN
    repeated = np.bincount(each.ravel())[each] > 1
    nonzero = runs != 0
    of_block = _numbers(blocks)
    away = _away(blocks, of_block)
    return Levels(
        float((nonzero & repeated).sum() / max(1, nonzero.sum())),
        float(numbers.max(axis=1).mean() + 1),
        float((away == 0).mean()),
        float((away == 1).mean() / 2),
        int(of_block.max()) + 1,
    )


def removed_by_input(content: Content) -> bool:
    """Whether the value nearest to 0 has more weights than rounding gives it where weights reach
    over many levels, as many pruned ones must.

    Half of a block and half of the outputs choose which blocks and inputs are asked, and the other
    halves answer, each in turn: a choice by chance does not count as an answer.
    """
    values = _some_of(content, ACROSS, BESIDE)
    blocks = _cut(values, BLOCK)
    if blocks.size == 0:
        return False
    away = _away(blocks, _numbers(blocks)).reshape(len(values), -1, BLOCK)
    answers = []
    for ask, answer in ((0, 1), (1, 0)):
        wide = _reach_far(away[:, :, ask::2], 2, FEW[0])
        some, asked = away[:, :, answer::2], wide[:, :, None]
        for rows, others in ((0, 1), (1, 0)):
            # Blocks that are not asked count as nothing.
            inputs = _reach_far(np.where(asked, some, 0)[rows::2], 0, FEW[1])
            left = np.where(asked, some, BLOCK)[others::2][:, inputs]
            answers.append([(left == each).sum(axis=0) for each in range(3)])
            answers[-1].append((left < BLOCK).sum(axis=0))
    at, beside, second, asked = np.concatenate(answers, axis=1)
    weights = int(asked.sum())
    if weights < ENOUGH:
        return False
    more = (at.sum() - beside.sum()) / weights
    by_chance = CERTAIN * float((((at - beside) - more * asked) ** 2).sum()) ** 0.5 / weights
    return more > by_chance and bool(beside.sum() <= EVEN * second.sum())


def _reach_far(away: NDArray[np.int64], axis: int, few: int) -> NDArray[np.bool_]:
    """Where weights at other values than the nearest, of which there are enough, are far away."""
    others = np.count_nonzero(away, axis=axis)
    return (np.count_nonzero(away > 1, axis=axis) >= WIDE * others) & (others >= few)


def _numbers(pieces: Array) -> NDArray[np.int64]:
    """The place of each weight's value among the values of its piece, from the lowest on."""
    order = np.argsort(pieces, axis=1)
    ordered = np.take_along_axis(pieces, order, axis=1)
    steps = np.zeros(pieces.shape, np.int64)
    np.cumsum(ordered[:, 1:] != ordered[:, :-1], axis=1, out=steps[:, 1:])
    numbers = np.empty_like(steps)
    np.put_along_axis(numbers, order, steps, axis=1)
    return numbers


def _away(pieces: Array, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many values away from its piece's value nearest to 0 each weight is."""
    middle = np.abs(pieces).argmin(axis=1)[:, None]
    return np.abs(numbers - np.take_along_axis(numbers, middle, axis=1))


def displaced(content: Content) -> int:
    """How many weights hold their block's value nearest to 0, which is not 0, where many do."""
    return sum(
        int(np.count_nonzero(at_shared_value(content.floats(rows)))) for rows in content.parts()
    )


def at_shared_value(part: Array) -> NDArray[np.bool_]:
    """Which weights hold their block's value nearest to 0, where that is not 0 and many do.

    The weights at the end of a row that fill no block are one of their own.

    Args:
        part: floats, rows × columns.
    """
    found = np.zeros(part.shape, bool)
    width = part.shape[1] // BLOCK * BLOCK
    for place, size in ((slice(0, width), BLOCK), (slice(width, None), part.shape[1] - width)):
        if part[:, place].size:
            blocks = part[:, place].reshape(-1, size)
            found[:, place] = _in_blocks(blocks).reshape(len(part), -1)
    return found


def _in_blocks(blocks: Array) -> NDArray[np.bool_]:
    nearest = np.take_along_axis(blocks, np.abs(blocks).argmin(axis=1)[:, None], axis=1)
    at = (blocks == nearest) & (nearest != 0)
    return at & (at.sum(axis=1, keepdims=True) >= SHARED * blocks.shape[1])
