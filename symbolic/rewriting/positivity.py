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
    for known in expression.args:
        other = expression - known
        if isinstance(known, Abs) and other in (known.args[0], -known.args[0]):
            return True
        if known == 1 and isinstance(-other, KroneckerDelta):
            return True
    return False


def is_positive(expression: sympy.Expr) -> bool:
    """Whether the shape of a real expression shows that it is above zero where it is defined.

    A quotient is not zero unless its numerator is, so 1/Σ|W_jk| is positive, though the sum
    may vanish: there it is not defined.

    Example:
        >>> from pruneproof.symbolic.notation import input_norm, j
        >>> is_positive(1 / input_norm(j)), is_positive(input_norm(j))
        (True, False)
    """
    if expression.is_positive:
        return True
    if isinstance(expression, Indexed):
        return bool(expression.base.is_positive)
    if isinstance(expression, Add):
        return any(map(is_positive, expression.args)) and all(map(is_nonnegative, expression.args))
    if isinstance(expression, Mul):
        return all(map(is_positive, expression.args))
    if isinstance(expression, Pow):
        return is_positive(expression.base) or (
            bool(expression.exp.is_negative) and is_nonnegative(expression)
        )
    if isinstance(expression, Sum):
        return is_positive(expression.function) and all(
            lower == 1 and upper.is_positive for _, lower, upper in expression.limits
        )
    return False
