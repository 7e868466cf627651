"""The constructions in exact arithmetic on long vectors, such as the rows of a real weight matrix.

`pruneproof.symbolic.exact.evaluate` reads a formula off its tree, which takes a second for each
of a real matrix's norms. Here a column of X or a row of Y is one irrational number times a
rational vector, so that its norm is one sum of fractions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from pruneproof.symbolic.exact import Radical

HALF = Fraction(1, 2)
Vector = Sequence[Fraction]


@dataclass(frozen=True)
class ScaledVector:
    """The vector scale · direction."""

    scale: Radical
    direction: Vector

    def norm(self) -> Radical:
        """Its ℓ2 norm."""
        return abs(self.scale) * norm(self.direction, 2)


@dataclass(frozen=True)
class Surroundings:
    """What the score of one weight (j, k) depends on, all of it exact.

    Attributes:
        row: W_j:, the weights that leave its input.
        column: W_:k, the weights that enter its output.
        j: its place in `column`.
        k: its place in `row`.
        x: X_:j.
        y: Y_k:.
        of_input: S_j, places in `row`.
        of_output: S_k, places in `column`.
    """

    row: Vector
    column: Vector
    j: int
    k: int
    x: Vector
    y: Vector
    of_input: Sequence[int]
    of_output: Sequence[int]


@dataclass(frozen=True)
class Reproduction:
    """A construction's column of X and row of Y, and the factor of |W_jk| that they must give."""

    x: ScaledVector
    y: ScaledVector
    factor: Radical

    def holds(self) -> bool:
        """Whether ‖X_:j‖₂ + ‖Y_k:‖₂ is exactly the factor."""
        return self.x.norm() + self.y.norm() == self.factor


def centred(vector: Vector) -> Vector:
    """A vector less its mean."""
    mean = sum(vector, Fraction(0)) / len(vector)
    return [entry - mean for entry in vector]


def norm(vector: Vector, p: float) -> Radical:
    """The ℓp norm for a whole p, or ∞."""
    if p == math.inf:
        return Radical.of(max(abs(entry) for entry in vector))
    if p == 0:
        return Radical.of(sum(entry != 0 for entry in vector))
    whole = int(p)
    total = sum((abs(entry) ** whole for entry in vector), Fraction(0))
    return Radical.of(total).power(Fraction(1, whole))


def reproductions(near: Surroundings, orders: Sequence[float]) -> dict[str, Reproduction]:
    """Every construction of the paper at one weight of a live input and output.

    Args:
        near: the weight's surroundings.
        orders: the p of the ℓp constructions.

    Returns:
        By the construction's name; RIA's with α = ½.
    """
    one, nothing = Radical.of(1), ScaledVector(Radical(), [Fraction(1)])
    r, q = norm(near.row, 1).inverse(), norm(near.column, 1).inverse()
    x, y = ScaledVector(one, near.x), ScaledVector(one, near.y)
    row, column = ScaledVector(one, near.row), ScaledVector(one, near.column)
    activation = x.norm().power(HALF)
    found = {
        "magnitude": Reproduction(ScaledVector(one, _axis(near.column, near.j)), nothing, one),
        "wanda": Reproduction(x, nothing, norm(near.x, 2)),
        "stade": Reproduction(
            ScaledVector(one, centred(near.x)), nothing, norm(centred(near.x), 2)
        ),
        "owanda": Reproduction(nothing, y, norm(near.y, 2)),
        "symmetric": Reproduction(row, column, norm(near.row, 2) + norm(near.column, 2)),
        "ri_constant": Reproduction(
            _constant(r, len(near.column)), _constant(q, len(near.row)), r + q
        ),
        "ri_diagonal": Reproduction(
            ScaledVector(r, _axis(near.column, near.j)),
            ScaledVector(q, _axis(near.row, near.k)),
            r + q,
        ),
        "ria_pointwise": Reproduction(
            ScaledVector(r * activation, _axis(near.column, near.j)),
            ScaledVector(q * activation, _axis(near.row, near.k)),
            (r + q) * activation,
        ),
        "general_diagonal": Reproduction(
            ScaledVector(r, near.x),
            ScaledVector(q, near.y),
            norm(near.x, 2) * r + norm(near.y, 2) * q,
        ),
    }
    for p in orders:
        found |= _lp(near, p)
    return found | _stochria(near)


def _lp(near: Surroundings, p: float) -> dict[str, Reproduction]:
    r, q = norm(near.row, p).inverse(), norm(near.column, p).inverse()
    unit = [Fraction(3, 5), Fraction(-4, 5)]
    along_row, along_column = norm(near.row, 2).inverse(), norm(near.column, 2).inverse()
    return {
        f"lp_aligned, p = {p:g}": Reproduction(
            ScaledVector(r * along_row, near.row),
            ScaledVector(q * along_column, near.column),
            r + q,
        ),
        f"lp_unit_vectors, p = {p:g}": Reproduction(
            ScaledVector(r, unit), ScaledVector(q, unit), r + q
        ),
    }


def _stochria(near: Surroundings) -> dict[str, Reproduction]:
    row, column = [near.row[k] for k in near.of_input], [near.column[j] for j in near.of_output]
    r, q = norm(row, 1).inverse(), norm(column, 1).inverse()
    return {
        "stochria_indicator": Reproduction(
            _constant(r, len(row)), _constant(q, len(column)), r + q
        ),
        "stochria_aligned": Reproduction(
            ScaledVector(r * norm(row, 2).inverse(), row),
            ScaledVector(q * norm(column, 2).inverse(), column),
            r + q,
        ),
    }


def _constant(reciprocal: Radical, size: int) -> ScaledVector:
    root = Radical.of(size).power(HALF)
    return ScaledVector(reciprocal * root.inverse(), [Fraction(1)] * size)


def _axis(vector: Vector, position: int) -> Vector:
    return [Fraction(int(index == position)) for index in range(len(vector))]
