"""The exact layer: formulas and objectives in exact arithmetic, with no rounding to allow for.

Formulas are those of `pruneproof.symbolic`, read off their trees by its evaluator. The
objectives are matrix products of fractions, written out here, so that Lemma 3.1 is tested
against what g is and not against a formula for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import sympy

from pruneproof.properties.exact.rationals import Matrix
from pruneproof.symbolic.constructions import Construction
from pruneproof.symbolic.exact import Radical, evaluate
from pruneproof.symbolic.notation import A, B, C, W, X, Y, a, b, c, d, j, k

Position = tuple[int, int]
Environment = dict[Any, Any]

HALF = Fraction(1, 2)


def environment(weights: Matrix, **others: Matrix) -> Environment:
    """What `evaluate` calls the matrices and their sizes.

    Args:
        weights: W, b × c.
        others: any of X (a × b), Y (c × d), A (as X), B (as Y), C (as X).
    """
    env: Environment = {b: len(weights), c: len(weights[0]), a: 1, d: 1}
    bases: dict[str, Any] = {"W": W, "X": X, "Y": Y, "A": A, "B": B, "C": C}
    for name, matrix in {"W": weights, **others}.items():
        env[bases[name]] = table(matrix)
        if name in "YB":
            env[d] = len(matrix[0])
        elif name != "W":
            env[a] = len(matrix)
    return env


def table(matrix: Matrix) -> dict[Position, Fraction]:
    """Entries by 1-based positions."""
    return {
        (row, column): entry
        for row, line in enumerate(matrix, start=1)
        for column, entry in enumerate(line, start=1)
    }


def vector(base: Any, entries: Sequence[Fraction | int]) -> Environment:
    """The environment of one vector, its entries by 1-based positions."""
    return {base: {(index,): Fraction(entry) for index, entry in enumerate(entries, start=1)}}


def assert_reproduces(
    construction: Construction,
    closed_form: sympy.Expr,
    env: Environment,
    at: Callable[[int, int], Environment] = lambda row, column: {},
) -> None:
    """Assert that Lemma 3.1's score of X and Y equals the closed form for every weight.

    Args:
        construction: X and Y in terms of j and k.
        closed_form: the score in terms of j and k.
        env: the data.
        at: data that differ from weight to weight, for a 1-based j and k.
    """
    by_lemma = construction.score(j, k)
    for row, column in positions(env):
        here = {**env, **at(row, column), j: row, k: column}
        left, right = evaluate(by_lemma, here), evaluate(closed_form, here)
        assert left == right, f"weight ({row}, {column}): {left} by X and Y, {right} by the formula"


def evaluated(formula: sympy.Expr, env: Environment) -> dict[Position, Radical]:
    """A formula in j and k at every weight, by 1-based positions."""
    return {(r, s): evaluate(formula, {**env, j: r, k: s}) for r, s in positions(env)}


def positions(env: Environment) -> Iterable[Position]:
    """The 1-based positions of all weights."""
    return product(range(1, env[b] + 1), range(1, env[c] + 1))


def symmetric_objective(
    weights: Matrix, removed: Iterable[Position], inputs: Matrix, outputs: Matrix
) -> Radical:
    """g = ‖XΔ‖_F + ‖ΔY‖_F after removing the weights at 1-based positions."""
    squares = squared_errors(weights, removed, inputs, outputs)
    return Radical.of(squares[0]).power(HALF) + Radical.of(squares[1]).power(HALF)


def squared_errors(
    weights: Matrix, removed: Iterable[Position], inputs: Matrix, outputs: Matrix
) -> tuple[Fraction, Fraction]:
    """‖XΔ‖_F² and ‖ΔY‖_F², whose sum is g′."""
    gone = set(removed)
    change = [
        [-entry if (row, column) in gone else Fraction(0) for column, entry in enumerate(line, 1)]
        for row, line in enumerate(weights, 1)
    ]
    return _square(_multiply(inputs, change)), _square(_multiply(change, outputs))


def smallest(values: Mapping[Position, Radical]) -> set[Position]:
    """Where the least value stands; all places of a tie."""
    best: list[Position] = []
    for position, value in values.items():
        order = (value - values[best[0]]).sign() if best else -1
        if order < 0:
            best = [position]
        elif order == 0:
            best.append(position)
    return set(best)


def _multiply(first: Matrix, second: Matrix) -> Matrix:
    columns = list(zip(*second, strict=True))
    return [
        [sum((x * y for x, y in zip(row, column, strict=True)), Fraction(0)) for column in columns]
        for row in first
    ]


def _square(matrix: Matrix) -> Fraction:
    return sum((entry * entry for row in matrix for entry in row), Fraction(0))
