"""What the claims have in common: the layer's variables, usual assumptions, usual shapes."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import sympy

from pruneproof.symbolic.claim import Assumption
from pruneproof.symbolic.notation import W, X, Y, a, b, c, d, j, j2, k, k2
from pruneproof.symbolic.world import LIVE, NONZERO, REAL, Kind, World

POWERS = Kind("values", choices=(Fraction(1, 2), Fraction(1), Fraction(2)))
"""Samples of α, for which exact values exist; the proofs are for any real α."""

ORDERS = Kind("values", choices=(Fraction(1, 2), Fraction(1), Fraction(2), Fraction(3)))
"""Samples of p; the proofs are for any positive p."""

WEIGHTS = World(indices={j: b, k: c}, arrays={W: ((b, c), REAL)})
"""One weight matrix, and a weight W_jk of it."""

LAYER = WEIGHTS.having(arrays={W: ((b, c), REAL), X: ((a, b), REAL), Y: ((c, d), REAL)})
"""Weights with calibration activations on both sides."""

TWO_BY_TWO = {j: b, j2: b, k: c, k2: c}
"""Indices of two inputs and two outputs."""


def live(world: World) -> World:
    """The world where no input and no output has only zero weights."""
    return world.with_kind(W, LIVE)


def no_dead_neuron(world: World, printed: bool = False) -> Assumption:
    """Every ‖W_j:‖ and ‖W_:k‖ is positive, so that the formulas can divide by them."""
    return Assumption(
        "no input and no output has only zero weights",
        without=world.with_kind(W, REAL),
        printed=printed,
    )


def dense(world: World) -> World:
    """The world where no weight is zero."""
    return world.with_kind(W, NONZERO)


def no_zero_weight(world: World) -> Assumption:
    """S/|W| exists for every weight."""
    return Assumption("no weight is zero", without=world.with_kind(W, LIVE))


def mixed_difference(term: Callable[[sympy.Expr, sympy.Expr], sympy.Expr]) -> sympy.Expr:
    """t_jk − t_j′k − t_jk′ + t_j′k′: zero for every choice iff t is a sum x_j + y_k."""
    return term(j, k) - term(j2, k) - term(j, k2) + term(j2, k2)


def times(*factors: sympy.Expr) -> sympy.Expr:
    """The product with its factors as they are, so that a reader sees what is multiplied."""
    return sympy.Mul(*factors, evaluate=False)


def per_weight(score: sympy.Expr, weight: sympy.Expr) -> sympy.Expr:
    """score/|W_jk|, left uncancelled: it does not exist where the weight is zero."""
    return sympy.Mul(score, 1 / sympy.Abs(weight), evaluate=False)
