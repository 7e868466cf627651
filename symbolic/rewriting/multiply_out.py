"""Polynomials in sums as sums of one kind: each term a single sum over all its indices.

`derive` leaves products of sums as they are, and a square of a sum inside a sum too, so the
same number can keep two shapes. Multiplying out, (Σᵤ x)(Σᵤ y) = Σᵤᵥ xy, leaves only one.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy
from sympy import Add, Dummy, Integer, Mul, Pow, Sum

from pruneproof.symbolic.rewriting.derive import NoNormalFormError
from pruneproof.symbolic.rewriting.rules import canonical_names
from pruneproof.symbolic.world import World

MOST_INDICES = 5
"""Naming the indices of a sum in one way tries all their orders, so there must be few."""


@dataclass(frozen=True)
class _Term:
    """A product together with the sizes of the indices that it is summed over, from 1."""

    body: sympy.Expr
    ranges: dict[sympy.Expr, sympy.Expr]

    def __mul__(self, other: _Term) -> _Term:
        ranges = {**self.ranges, **other.ranges}
        if len(ranges) > MOST_INDICES:
            raise NoNormalFormError(f"a product of sums has more than {MOST_INDICES} indices")
        return _Term(self.body * other.body, ranges)


def multiply_out(expression: sympy.Expr, world: World) -> sympy.Expr:
    """The expression with every product and power of sums multiplied out.

    Raises:
        NoNormalFormError: a product has too many indices.

    Example:
        >>> from pruneproof.symbolic.notation import W, b, u
        >>> print(multiply_out(Sum(W[u, 1], (u, 1, b)) ** 2, World()))
        Sum(W[i_0, 1]*W[i_1, 1], (i_0, 1, b), (i_1, 1, b))
    """
    result = Add(*[canonical_names(_as_sum(term), world) for term in _terms(expression)])
    # Two roots of one sum that meet in a product are a sum again.
    return result if result == expression else multiply_out(result, world)


def _terms(node: sympy.Expr) -> list[_Term]:
    if isinstance(node, Add):
        return [term for part in node.args for term in _terms(part)]
    if isinstance(node, Mul):
        return _product([_terms(factor) for factor in node.args])
    if isinstance(node, Pow) and node.exp.is_Integer and node.exp.is_positive:
        # Every factor needs bound indices of its own, so each copy is walked anew.
        return _product([_terms(node.base) for _ in range(int(node.exp))])
    if isinstance(node, Sum) and _is_plain(node):
        fresh = {index: Dummy(integer=True, positive=True) for index, _, _ in node.limits}
        ranges = {fresh[index]: upper for index, _, upper in node.limits}
        inner = _terms(node.function.subs(fresh))
        return [_Term(term.body, {**term.ranges, **ranges}) for term in inner]
    return [_Term(node, {})]


def _is_plain(node: Sum) -> bool:
    """Whether all indices start from 1 and no range depends on another index."""
    indices = {index for index, _, _ in node.limits}
    return all(lower == 1 and not upper.has(Dummy, *indices) for _, lower, upper in node.limits)


def _product(factors: list[list[_Term]]) -> list[_Term]:
    result = [_Term(Integer(1), {})]
    for terms in factors:
        result = [left * right for left in result for right in terms]
    return result


def _as_sum(term: _Term) -> sympy.Expr:
    outside, inside = term.body.as_independent(*term.ranges, as_Add=False)
    for index, size in term.ranges.items():
        if inside.has(index):
            inside = Sum(inside, (index, 1, size))
        else:
            outside *= size
    return outside * inside
