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
"""Weights of a row that are taken to share their levels: what GGUF's formats have in a block, and a
part of what others have."""
LOOKED_AT, WINDOW = 2**14, 2048
"""Weights of the first look, and how many of a row at most."""
SHARED = 0.15
"""Of a run, the share of the value nearest to 0 from which on a tensor is looked at closely; in one
whose values are all different it is 1 / 32."""
EXCESS = 0.1
"""By how much that value's share must exceed that of the values beside it: three times what
Gaussian and twice what Laplacian weights have in any format of four bits or more."""
EVEN = 1.5
"""How much more frequent the values beside it may be than the next: where the shares fall faster,
they may do so from that value on."""
ACROSS, BESIDE = 256, 256
"""Outputs and inputs of the look at single inputs."""
WIDE = 0.5
"""Of an input's weights at other values, the share that is further away than the values beside it,
from which on its weights reach over many levels."""
FEW = 4
"""Weights at other values of which an input must have as many, to be asked."""
ENOUGH = 512
"""Weights that such inputs must have together."""
CERTAIN = 3
"""Standard errors of the mean over such inputs."""
REPEATS = 0.07
"""Of the weights that are not 0, the share that another one of their run equals, above which a
tensor has been in a quantised format; bfloat16 makes at most 0.04 equal, Q8_0 at least 0.11."""


@dataclass(frozen=True)
class Levels:
    """What values the runs of a tensor share.

    Attributes:
        repeats: of the weights that are not 0, the share that equals another of its run.
        nearest: share of the weights that hold their run's value nearest to 0.
        beside: share that holds one of the two values beside it.
        values: mean number of values in a run.
    """

    repeats: float
    nearest: float
    beside: float
    values: float

    @property
    def quantised(self) -> bool:
        """Whether the values are those of a format with few levels."""
        return self.repeats > REPEATS

    @property
    def excess(self) -> bool:
        """Whether the value nearest to 0 has more weights than rounding gives it, where all inputs'
        weights are about as large."""
        return _exceeds(self.nearest, self.beside)


def _exceeds(nearest: float, beside: float) -> bool:
    return nearest - beside > EXCESS and nearest > 2 * beside


def runs_of(part: Array) -> Array:
    """Rows cut into runs, runs × `RUN`; what is left over at the end of rows is left out."""
    width = part.shape[1] // RUN * RUN
    return part[:, :width].reshape(-1, RUN)


def sample(content: Content) -> Array:
    """Some rows' beginnings, as floats."""
    count = max(1, LOOKED_AT // max(1, min(content.columns, WINDOW)))
    return _some_of(content, count, WINDOW)


def _some_of(content: Content, rows: int, columns: int) -> Array:
    some = np.unique(np.linspace(0, content.rows - 1, min(rows, content.rows)).astype(int))
    parts = [content.floats(slice(row, row + 1))[:, :columns] for row in some.tolist()]
    return np.concatenate(parts)


def shared(values: Array) -> float:
    """Mean share of a run that holds the value nearest to 0, of which a run has one."""
    size = np.abs(runs_of(values))
    return float((size == size.min(axis=1, keepdims=True)).mean()) if size.size else 0.0


def levels_of(values: Array) -> Levels:
    """Look closely at some rows.

    Args:
        values: floats, rows × columns.
    """
    runs = runs_of(values)
    if runs.size == 0:
        return Levels(0.0, 0.0, 0.0, 0.0)
    numbers = _numbers(runs)
    away = _away(runs, numbers)
    each = numbers + np.arange(len(runs))[:, None] * RUN
    repeated = np.bincount(each.ravel())[each] > 1
    nonzero = runs != 0
    return Levels(
        float((nonzero & repeated).sum() / max(1, nonzero.sum())),
        float((away == 0).mean()),
        float((away == 1).mean() / 2),
        float(numbers.max(axis=1).mean() + 1),
    )


def removed_by_input(content: Content) -> bool:
    """Whether the value nearest to 0 has more weights than rounding gives it at those inputs whose
    weights reach over many levels, as many pruned ones must."""
    values = _some_of(content, ACROSS, BESIDE)
    runs = runs_of(values)
    if runs.size == 0:
        return False
    away = _away(runs, _numbers(runs)).reshape(len(values), -1)
    # Inputs that half of the outputs choose, the others judge: no chance is counted twice.
    beside = np.count_nonzero(away[::2] == 1, axis=0)
    further = np.count_nonzero(away[::2] > 1, axis=0)
    wide = (further >= WIDE * (beside + further)) & (beside + further >= FEW)
    judged = away[1::2, wide]
    if judged.size < ENOUGH:
        return False
    shares = [(judged == each).mean(axis=0) for each in range(3)]
    nearest, beside, second = (float(each.mean()) for each in shares)
    more = shares[0] - shares[1]
    by_chance = CERTAIN * float(more.std()) / len(more) ** 0.5
    return _exceeds(nearest, beside / 2) and more.mean() > by_chance and beside <= EVEN * second


def _numbers(runs: Array) -> NDArray[np.int64]:
    """The place of each weight's value among the values of its run, from the lowest on."""
    order = np.argsort(runs, axis=1)
    ordered = np.take_along_axis(runs, order, axis=1)
    steps = np.zeros(runs.shape, np.int64)
    np.cumsum(ordered[:, 1:] != ordered[:, :-1], axis=1, out=steps[:, 1:])
    numbers = np.empty_like(steps)
    np.put_along_axis(numbers, order, steps, axis=1)
    return numbers


def _away(runs: Array, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many values away from its run's value nearest to 0 each weight is."""
    middle = np.abs(runs).argmin(axis=1)[:, None]
    return np.abs(numbers - np.take_along_axis(numbers, middle, axis=1))


def displaced(content: Content) -> int:
    """How many weights hold their run's value nearest to 0, which is not 0, where many do."""
    return sum(
        int(np.count_nonzero(at_shared_value(content.floats(rows)))) for rows in content.parts()
    )


def at_shared_value(part: Array) -> NDArray[np.bool_]:
    """Which weights hold their run's value nearest to 0, where that is not 0 and many do.

    The weights at the end of a row that fill no run are a run of their own.

    Args:
        part: floats, rows × columns.
    """
    found = np.zeros(part.shape, bool)
    width = part.shape[1] // RUN * RUN
    for place, size in ((slice(0, width), RUN), (slice(width, None), part.shape[1] - width)):
        if part[:, place].size:
            runs = part[:, place].reshape(-1, size)
            found[:, place] = _in_runs(runs).reshape(len(part), -1)
    return found


def _in_runs(runs: Array) -> NDArray[np.bool_]:
    nearest = np.take_along_axis(runs, np.abs(runs).argmin(axis=1)[:, None], axis=1)
    at = (runs == nearest) & (nearest != 0)
    return at & (at.sum(axis=1, keepdims=True) >= SHARED * runs.shape[1])
