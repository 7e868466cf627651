"""Whole rows, columns, heads, experts and blocks of weights that are zero."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
SQUARES = (128, 64, 32, 16, 8, 4)
ENOUGH = 0.95
"""Of the zeros, how many must lie in whole rows, columns or blocks to call them so."""
FEW = 0.005
"""Of the rows or columns, so many whole ones are no finding: dense models have dead ones, too."""


@dataclass(frozen=True)
class Structured:
    """What lies whole.

    Attributes:
        rows: outputs without a weight.
        columns: inputs without a weight.
        kind: `rows`, `columns`, `rows and columns`, `experts`, such a text as `blocks of 32 × 32`,
            or None where most zeros lie elsewhere.
        heads: numbers of the heads that are gone, where the rows or columns are those of heads.
        experts: numbers of the experts that are gone.
    """

    rows: int
    columns: int
    kind: str | None
    heads: list[int] = field(default_factory=list)
    experts: list[int] = field(default_factory=list)

    def record(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "structured": self.kind,
            "whole_rows": self.rows,
            "whole_columns": self.columns,
            "whole_heads": self.heads,
            "whole_experts": self.experts,
        }


def structured(
    zero: Mask,
    row_zeros: NDArray[np.int64],
    *,
    experts: int = 1,
    head: tuple[str, int] | None = None,
    blocks: bool = True,
) -> Structured:
    """Look for whole rows, columns, heads, experts and blocks.

    Args:
        zero: True where a weight is 0, outputs × inputs, of experts one after the other.
        row_zeros: how many of each output are.
        experts: how many matrices there are.
        blocks: whether to look for blocks, too.
        head: `rows` or `columns`, and how many of them a head has; None where there are no heads.
    """
    outputs, inputs = zero.shape
    total = int(row_zeros.sum())
    gone_rows = row_zeros == inputs
    stack = zero.reshape(experts, outputs // experts, inputs)
    # No column is whole that is not zero in some rows.
    hint = zero[:: max(1, outputs // 16)].all(axis=0)
    gone_columns = stack.all(axis=1) if hint.any() or experts > 1 else np.zeros((1, inputs), bool)
    rows, columns = int(gone_rows.sum()), int(gone_columns.sum())
    gone = gone_rows.reshape(experts, -1).all(axis=1)
    whole = np.flatnonzero(gone).tolist() if experts > 1 else []
    each = outputs // experts
    in_rows = rows * inputs
    in_columns = columns * each
    covered = in_rows + in_columns - _both(gone_rows, gone_columns, experts)
    kind = None
    if total and len(whole) * each * inputs >= ENOUGH * total and whole:
        kind = "experts"
    elif total and covered >= ENOUGH * total and covered >= FEW * zero.size:
        kind = _which(in_rows, in_columns, total)
    elif total and blocks:
        kind = _blocks(zero, total)
    heads = [] if head is None else _heads(head, gone_rows, gone_columns[0])
    return Structured(rows, columns, kind, heads, whole)


def _which(in_rows: int, in_columns: int, total: int) -> str:
    if in_rows >= ENOUGH * total:
        return "rows"
    return "columns" if in_columns >= ENOUGH * total else "rows and columns"


def _both(rows: NDArray[np.bool_], columns: NDArray[np.bool_], experts: int) -> int:
    of_rows = rows.reshape(experts, -1).sum(axis=1)
    return (
        int((of_rows * columns.sum(axis=1)).sum())
        if experts > 1
        else int(rows.sum() * columns.sum())
    )


def _blocks(zero: Mask, total: int) -> str | None:
    """The largest square of which whole ones hold nearly all zeros."""
    for size in SQUARES:
        if min(zero.shape) < 2 * size:
            continue
        # A first band of squares decides for nearly every mask.
        band = zero[:size]
        if _in_squares(band, size) < ENOUGH * np.count_nonzero(band):
            continue
        if _in_squares(zero, size) >= ENOUGH * total:
            return f"blocks of {size} × {size}"
    return None


def _in_squares(zero: Mask, size: int) -> int:
    """How many zeros lie in squares that are whole."""
    height, width = (each // size for each in zero.shape)
    squares = zero[: height * size, : width * size].reshape(height, size, width, size)
    return int(squares.all(axis=(1, 3)).sum()) * size * size


def _heads(head: tuple[str, int], rows: NDArray[np.bool_], columns: NDArray[np.bool_]) -> list[int]:
    gone, size = rows if head[0] == "rows" else columns, head[1]
    if size < 1 or len(gone) % size:
        return []
    return np.flatnonzero(gone.reshape(-1, size).all(axis=1)).tolist()
