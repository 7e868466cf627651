"""Whether a formula is defined for all data of its world: by its shape and the assumptions.

A proof by rewriting holds wherever both sides are defined. That they are, everywhere, is this
module's part: no denominator vanishes, and no root is taken of a negative number.
"""

from __future__ import annotations

import sympy
from sympy import Abs, Add, Indexed, Mul, Pow, Sum

from pruneproof.symbolic.rewriting.derive import normal_form
from pruneproof.symbolic.rewriting.positivity import is_nonnegative, is_positive
from pruneproof.symbolic.rewriting.rules import canonical_names
from pruneproof.symbolic.world import World

ZERO_FREE = ("positive", "nonzero", "integer")
"""The kinds of a scalar that exclude zero."""


def is_defined(expression: sympy.Expr, world: World) -> bool:
    """Whether no data of the world make a denominator zero or a root unreal.

    Example:
        >>> from pruneproof.symbolic.notation import W, b, c, input_norm, j
        >>> from pruneproof.symbolic.world import LIVE, REAL
        >>> layer = World(indices={j: b}, arrays={W: ((b, c), LIVE)})
        >>> is_defined(1 / input_norm(j), layer)
        True
        >>> is_defined(1 / input_norm(j), layer.with_kind(W, REAL))
        False
    """
    return all(_power_is_defined(node, world) for node in expression.atoms(Pow))


def _power_is_defined(node: Pow, world: World) -> bool:
    base, exponent = node.args
    if not (exponent.is_integer or is_nonnegative(base)):
        return False
    return is_nonnegative(exponent) or any(
        is_nonzero(form, world) for form in (base, normal_form(base, world))
    )


def is_nonzero(expression: sympy.Expr, world: World) -> bool:
    """Whether the expression is manifestly not zero for any data of the world."""
    if is_positive(expression) or _is_assumed(expression, world):
        return True
    if isinstance(expression, Indexed):
        return expression.base in world.without_zeros()
    if isinstance(expression, sympy.Symbol):
        return expression in world.scalars and world.scalars[expression].name in ZERO_FREE
    if isinstance(expression, Mul):
        return all(is_nonzero(factor, world) for factor in expression.args)
    if isinstance(expression, (Pow, Abs)):
        return is_nonzero(expression.args[0], world)
    if isinstance(expression, Add):
        return all(map(is_nonnegative, expression.args)) and any(
            is_nonzero(term, world) for term in expression.args
        )
    if isinstance(expression, Sum):
        return is_nonnegative(expression.function) and (
            is_nonzero(expression.function, world) or _runs_over_a_live_line(expression, world)
        )
    return False


def _is_assumed(expression: sympy.Expr, world: World) -> bool:
    support = _support(expression, world)
    return any(support == _support(formula, world) for formula in world.nonzero)


def _support(expression: sympy.Expr, world: World) -> sympy.Expr:
    """A formula that vanishes where the expression does: roots, powers and |·| are left out."""
    while isinstance(expression, Abs) or (
        isinstance(expression, Pow) and is_positive(expression.exp)
    ):
        expression = expression.args[0]
    if isinstance(expression, Sum) and is_nonnegative(expression.function):
        factors = [_support(factor, world) for factor in Mul.make_args(expression.function)]
        expression = Sum(Abs(Mul(*factors)), *expression.limits)
    return canonical_names(expression, world)


def _runs_over_a_live_line(total: Sum, world: World) -> bool:
    """Σ over a whole row or column of a matrix without a zero one; other factors may be nonzero."""
    index, lower, upper = total.limits[0]
    if len(total.limits) > 1 or lower != 1:
        return False
    rest = [f for f in Mul.make_args(total.function) if not is_nonzero(f, world)]
    entry = _support(rest[0], world) if len(rest) == 1 else None
    if not isinstance(entry, Indexed) or entry.base not in world.arrays:
        return False
    dimensions, kind = world.arrays[entry.base]
    full = [
        world.same_size(dimensions[place]) == world.same_size(upper)
        for place, other in enumerate(entry.indices)
        if other == index
    ]
    return kind.name in ("live", "unit") and full == [True]
