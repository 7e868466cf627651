"""Hypothesis strategies for matrices of exact rational numbers."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from hypothesis import strategies as st

Matrix = list[list[Fraction]]


@dataclass(frozen=True)
class ExactLayer:
    """W, b × c; X, a × b; Y, c × d."""

    W: Matrix
    X: Matrix
    Y: Matrix


def rationals() -> st.SearchStrategy[Fraction]:
    """Small fractions, which make ties and zeros, and binary ones as large and small as floats."""
    small = st.sampled_from([Fraction(n, m) for n in (0, 1, -1, 2, -2, 3) for m in (1, 2, 3)])
    floats = st.floats(allow_nan=False, allow_infinity=False, width=32).map(Fraction)
    return small | st.fractions(-9, 9, max_denominator=20) | floats


@st.composite
def rational_matrices(
    draw: st.DrawFn,
    rows: int,
    columns: int,
    *,
    live: bool = False,
    power: int = 1,
) -> Matrix:
    """A matrix of rationals.

    Args:
        draw: Hypothesis's.
        rows: its number of rows.
        columns: its number of columns.
        live: whether no row and no column may be zero; 1 then stands where one would be.
        power: every entry is the power of a rational, so that its root is rational.
    """
    row = st.lists(rationals(), min_size=columns, max_size=columns)
    matrix = draw(st.lists(row, min_size=rows, max_size=rows))
    if live:
        _revive(matrix)
    return [[entry**power for entry in line] for line in matrix]


@st.composite
def exact_layers(draw: st.DrawFn, *, live: bool = False) -> ExactLayer:
    """Weights, inputs and outputs that fit together; no dead input or output where `live`."""
    a, b, c, d = draw(st.tuples(*[small_sizes()] * 4))
    return ExactLayer(
        draw(rational_matrices(b, c, live=live)),
        draw(rational_matrices(a, b)),
        draw(rational_matrices(c, d)),
    )


@st.composite
def unit_vectors(draw: st.DrawFn, length: int) -> list[Fraction]:
    """A rational vector of ℓ2 norm 1: a stereographic projection, or 1 or −1 alone."""
    if length == 1:
        return [draw(st.sampled_from([Fraction(1), Fraction(-1)]))]
    flat = draw(st.lists(rationals(), min_size=length - 1, max_size=length - 1))
    square = sum((entry * entry for entry in flat), Fraction(0))
    return [*(2 * entry / (square + 1) for entry in flat), (square - 1) / (square + 1)]


@st.composite
def index_sets(draw: st.DrawFn, size: int, length: int) -> list[int]:
    """Distinct indices below a length, in any order."""
    return draw(st.permutations(range(length)))[:size]


def small_sizes() -> st.SearchStrategy[int]:
    """The length of one dimension; exact evaluation is slow."""
    return st.integers(1, 3)


def _revive(matrix: Matrix) -> None:
    for row in matrix:
        if not any(row):
            row[0] = Fraction(1)
    for k in range(len(matrix[0])):
        if not any(row[k] for row in matrix):
            matrix[0][k] = Fraction(1)
