"""Values that weights share: the zeros of a quantiser, and zeros that a quantiser moved.

A quantised format has few levels in a block of weights. One that has none at 0 moves the zeros of a
pruned weight to its level that is nearest to 0, the same for a whole block. So in a block of a
pruned weight one value near 0 is far more frequent than its neighbours, and in a dense one, whose
weights are spread evenly around 0, it is not.
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
REPEATS = 0.07
"""Of the weights that are not 0, the share that another one of their run equals, above which a
tensor has been in a quantised format; bfloat16 makes at most 0.04 equal, Q8_0 at least 0.11."""


@dataclass(frozen=True)
class Levels:
    """What values the runs of a tensor share.

    Attributes:
        repeats: of the weights that are not 0, the share that equals another of its run.
        nearest: mean share of a run that holds the value nearest to 0.
        beside: mean share of a run that holds one of the values beside it.
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
        """Whether the value nearest to 0 has more weights than rounding gives it."""
        return self.nearest - self.beside > EXCESS and self.nearest > 2 * self.beside


def runs_of(part: Array) -> Array:
    """Rows cut into runs, runs × `RUN`; what is left over at the end of rows is left out."""
    width = part.shape[1] // RUN * RUN
    return part[:, :width].reshape(-1, RUN)


def sample(content: Content) -> Array:
    """Some rows' beginnings, as floats."""
    count = max(1, LOOKED_AT // max(1, min(content.columns, WINDOW)))
    some = np.unique(np.linspace(0, content.rows - 1, min(count, content.rows)).astype(int))
    parts = [content.floats(slice(row, row + 1))[:, :WINDOW] for row in some.tolist()]
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
    runs = np.sort(runs_of(values), axis=1)
    if runs.size == 0:
        return Levels(0.0, 0.0, 0.0, 0.0)
    new = np.ones(runs.shape, bool)
    new[:, 1:] = runs[:, 1:] != runs[:, :-1]
    # Each run's values in order, one number for each value of each run.
    number = np.cumsum(new.ravel()) - 1
    times = np.bincount(number)
    of_weight = times[number].reshape(runs.shape)
    nonzero = runs != 0
    repeats = float((nonzero & (of_weight > 1)).sum() / max(1, nonzero.sum()))
    middle = np.abs(runs).argmin(axis=1)
    rows = np.arange(len(runs))
    place = number.reshape(runs.shape)[rows, middle]
    first, last = number.reshape(runs.shape)[:, 0], number.reshape(runs.shape)[:, -1]
    below = np.where(place > first, times[np.maximum(place - 1, 0)], 0)
    above = np.where(place < last, times[np.minimum(place + 1, len(times) - 1)], 0)
    sides = (place > first).astype(int) + (place < last)
    beside = (below + above) / np.maximum(1, sides)
    return Levels(
        repeats,
        float(times[place].mean() / RUN),
        float(beside.mean() / RUN),
        float((last - first + 1).mean()),
    )


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
