"""When a formula is manifestly non-negative: by its shape alone, never by search."""

from __future__ import annotations

import sympy
from sympy import Abs, Add, Indexed, KroneckerDelta, Mul, Pow, Sum


def is_nonnegative(expression: sympy.Expr) -> bool:
    """Whether the shape of a real expression shows that it is at least zero.

    Sums and products of non-negative parts, even powers, absolute values, |x| ± x, 1 − δ, and
    anything to which SymPy's assumptions give a sign. False means "not manifest", not
    "negative".

    Example:
        >>> from sympy.abc import x
        >>> from pruneproof.symbolic.notation import W, b, j, u
        >>> is_nonnegative(Sum(W[u, j] ** 2, (u, 1, b)))
        True
    """
    if expression.is_nonnegative:
        return True
    if isinstance(expression, Indexed):
        return bool(expression.base.is_nonnegative)
    if isinstance(expression, (Abs, KroneckerDelta)):
        return True
    if isinstance(expression, Add) and _is_gap(expression):
        return True
    if isinstance(expression, (Add, Mul)):
        return all(is_nonnegative(part) for part in expression.args)
    if isinstance(expression, Pow):
        even = expression.exp.is_integer and (expression.exp / 2).is_integer
        return bool(even) or is_nonnegative(expression.base)
    if isinstance(expression, Sum):
        return is_nonnegative(expression.function)
    return False


def _is_gap(expression: Add) -> bool:
    """|x| + x, |x| − x, or 1 − δ."""
    if len(expression.args) != 2:
        return False
    for known, other in (expression.args, expression.args[::-1]):
        if isinstance(known, Abs) and other in (known.args[0], -known.args[0]):
            return True
        if known == 1 and isinstance(-other, KroneckerDelta):
            return True
    return False
