"""Hypothesis strategies for layers of floating-point numbers.

Every matrix may have zeros of both signs, dead rows and columns, ties, subnormal and huge
numbers, any floating dtype and any strides. All of it shrinks: towards one small integer in a
contiguous float64 matrix.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from hypothesis import strategies as st
from torch import Tensor

DTYPES = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
VIEWS = ("contiguous", "transposed", "strided", "offset", "repeated")
LARGEST_DOUBLE = 2.0**300
"""Products and squares of such numbers stay in float64's range; no network has larger ones."""

# bfloat16 numbers are drawn as float32 numbers and rounded.
_WIDTHS: dict[torch.dtype, Literal[16, 32, 64]] = {
    torch.float64: 64,
    torch.float32: 32,
    torch.bfloat16: 32,
    torch.float16: 16,
}


@dataclass(frozen=True)
class Layer:
    """One linear layer and what stands around it, in `nn.Linear`'s layout.

    Attributes:
        weight: out_features × in_features.
        inputs: tokens × in_features.
        outputs: out_features × d.
    """

    weight: Tensor
    inputs: Tensor
    outputs: Tensor

    @property
    def W(self) -> Tensor:
        """The weights in the paper's orientation."""
        return self.weight.T


def dtypes() -> st.SearchStrategy[torch.dtype]:
    """One of the four floating dtypes in use."""
    return st.sampled_from(DTYPES)


def sizes(smallest: int = 1, largest: int = 5) -> st.SearchStrategy[int]:
    """The length of one dimension."""
    return st.integers(smallest, largest)


def numbers(
    dtype: torch.dtype, *, invertible: bool = False, largest: float = LARGEST_DOUBLE
) -> st.SearchStrategy[float]:
    """Finite numbers of a dtype: zeros of both signs, subnormals and the largest among them.

    Args:
        dtype: their dtype.
        invertible: float64 numbers are then 0 or at least 1/`LARGEST_DOUBLE`, so that the
            reciprocals of norms stay in range, as those of the other dtypes do in float64.
        largest: float64 numbers are at most this large.
    """
    info, width = torch.finfo(dtype), _WIDTHS[dtype]
    largest, least = min(info.max, largest), info.smallest_normal * info.eps
    if invertible and dtype == torch.float64:
        least = 1 / LARGEST_DOUBLE
        negative = st.floats(-largest, -least, width=width)
        return (
            st.just(0.0)
            | st.floats(least, largest, width=width)
            | negative
            | _corners(least, largest)
        )
    return st.floats(-largest, largest, width=width) | _corners(least, largest)


def _corners(least: float, largest: float) -> st.SearchStrategy[float]:
    return st.sampled_from([0.0, -0.0, least, -3 * least, 1024 * least, largest, -largest])


@st.composite
def matrices(
    draw: st.DrawFn,
    rows: int,
    columns: int,
    dtype: torch.dtype,
    *,
    invertible: bool = False,
    largest: float = LARGEST_DOUBLE,
) -> Tensor:
    """A matrix with any strides, dense or of few distinct numbers, some of its lines zero."""
    element = numbers(dtype, invertible=invertible, largest=largest)
    if draw(st.booleans()):
        # Few distinct numbers: ties within and between lines.
        element = st.sampled_from(draw(st.lists(element, min_size=1, max_size=3)))
    entries = draw(st.lists(element, min_size=rows * columns, max_size=rows * columns))
    matrix = torch.tensor(entries, dtype=torch.float64).reshape(rows, columns).to(dtype)
    matrix[draw(_dead(rows))] = 0
    matrix[:, draw(_dead(columns))] = 0
    return as_view(matrix, draw(st.sampled_from(VIEWS)))


def _dead(lines: int) -> st.SearchStrategy[list[int]]:
    """In one of three cases, one line."""
    return st.sampled_from([[]] * (2 * lines + 1) + [[line] for line in range(lines)])


def as_view(matrix: Tensor, kind: str) -> Tensor:
    """The same numbers (`repeated`: its first row throughout) seen through other strides.

    Args:
        matrix: any contiguous matrix.
        kind: one of `VIEWS`.

    Returns:
        A view; whatever memory it leaves out is nan, so that reading past it shows.
    """
    rows, columns = matrix.shape
    if kind == "transposed":
        return matrix.T.contiguous().T
    if kind == "repeated" and rows > 0:
        return matrix[:1].expand(rows, columns)
    if kind in ("strided", "offset"):
        step, start = (2, 0) if kind == "strided" else (1, 1)
        memory = torch.full((2 * rows + 1, 2 * columns + 1), torch.nan, dtype=matrix.dtype)
        view = memory[start : start + step * rows : step, start : start + step * columns : step]
        view.copy_(matrix)
        return view
    return matrix


@st.composite
def layers(
    draw: st.DrawFn,
    *,
    empty: bool = False,
    invertible: bool = False,
    largest: float = LARGEST_DOUBLE,
) -> Layer:
    """A layer with its inputs and outputs, whose dtypes may differ from that of the weights.

    Args:
        draw: Hypothesis's.
        empty: whether in_features, out_features, tokens and d may be 0, which few are.
        invertible: see :func:`numbers`.
        largest: see :func:`numbers`.
    """
    smallest = draw(st.sampled_from([1] * 7 + [0])) if empty else 1
    out_features, in_features, tokens, width = draw(st.tuples(*[sizes(smallest)] * 4))
    dtype = draw(dtypes())
    other = draw(st.just(dtype) | dtypes())
    kind = {"invertible": invertible, "largest": largest}
    return Layer(
        draw(matrices(out_features, in_features, dtype, **kind)),
        draw(matrices(tokens, in_features, other, **kind)),
        draw(matrices(out_features, width, other, **kind)),
    )


def activation_powers() -> st.SearchStrategy[float]:
    """α: the paper's values, and others up to 2."""
    return st.sampled_from([0.0, 0.5, 1.0, 2.0]) | st.floats(0, 2, width=32)


def norm_orders() -> st.SearchStrategy[float]:
    """p: counting, quasi-norms, norms, the largest."""
    return st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.0, float("inf")]) | st.floats(0.125, 16)
