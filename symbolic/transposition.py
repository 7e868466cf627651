"""A formula for the transposed layer, and a formula for other entries."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import sympy
from sympy import Indexed

from pruneproof.symbolic.notation import X, Y, a, b, c, d


def transposed(formula: sympy.Expr) -> sympy.Expr:
    """The formula with Yᵀ for X, Xᵀ for Y, other matrices transposed, and the sizes to match.

    Example:
        >>> from pruneproof.symbolic.notation import column_norm, k
        >>> print(transposed(column_norm(k)))
        sqrt(Sum(Y[k, i]**2, (i, 1, d)))
    """
    other = {X: Y, Y: X}
    flipped = formula.replace(
        lambda node: isinstance(node, Indexed),
        lambda node: other.get(node.base, node.base)[node.indices[::-1]],
    )
    return flipped.xreplace({a: d, d: a, b: c, c: b})


def with_entries(
    formula: sympy.Expr, entries: Mapping[sympy.IndexedBase, Callable[..., sympy.Expr]]
) -> sympy.Expr:
    """The formula with other entries in some of its arrays, such as {W: lambda j, k: 2*W[j, k]}."""
    return formula.replace(
        lambda node: isinstance(node, Indexed) and node.base in entries,
        lambda node: entries[node.base](*node.indices),
    )
