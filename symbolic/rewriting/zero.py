"""Whether a normal form is zero: as a rational function of its independent parts."""

from __future__ import annotations

import sympy
from sympy import Abs, Dummy, Indexed, Mul, Pow, Sum, sign


def is_zero(expression: sympy.Expr) -> bool:
    """Whether a normal form is the zero function.

    Roots, sums, entries and absolute values become independent symbols; x = sign·|x| ties
    the two together where both occur, with sign² = 1. What is left is a rational function,
    and cancelling decides. True is a proof; False says only that these rules give none.

    Example:
        >>> from pruneproof.symbolic.notation import W, j, k
        >>> is_zero(W[j, k] ** 2 / Abs(W[j, k]) - Abs(W[j, k]))
        True
    """
    numerator, _ = sympy.fraction(sympy.cancel(sympy.together(_Atoms().replace(expression))))
    return _reduce_signs(sympy.expand(numerator)) == 0


class _Sign(Dummy):
    """Stands for the sign of a real number: its square is one."""


class _Atoms:
    """Replaces every part that is not built from +, ·, ÷ and integer powers by a symbol."""

    def __init__(self) -> None:
        self.names: dict[sympy.Expr, sympy.Expr] = {}

    def replace(self, expression: sympy.Expr) -> sympy.Expr:
        roots = _root_degrees(expression)
        return self._walk(expression, roots)

    def _walk(self, node: sympy.Expr, roots: dict[sympy.Expr, int]) -> sympy.Expr:
        if node.is_Rational:
            return node
        if isinstance(node, (sympy.Add, Mul)):
            return node.func(*[self._walk(arg, roots) for arg in node.args])
        base, exponent = node.as_base_exp()
        numeric, symbolic = exponent.as_coeff_Add() if not exponent.is_Rational else (exponent, 0)
        result = self._power(base, numeric, roots)
        for part in sympy.Add.make_args(sympy.sympify(symbolic)):
            if part != 0:
                coefficient, rest = part.as_coeff_Mul()
                atom = self._symbol(Pow(base, rest / coefficient.q, evaluate=False))
                result *= atom**coefficient.p
        return result

    def _power(self, base: sympy.Expr, exponent, roots) -> sympy.Expr:
        if exponent == 0:
            return sympy.Integer(1)
        degree = roots.get(base, 1)
        if degree == 1:
            return self._atom(base, roots) ** exponent
        return self._symbol(Pow(base, sympy.Rational(1, degree), evaluate=False)) ** (
            exponent * degree
        )

    def _atom(self, node: sympy.Expr, roots) -> sympy.Expr:
        if isinstance(node, (sympy.Add, Mul)) or node.is_Rational:
            return self._walk(node, roots)
        if isinstance(node, sign):
            return self._sign(node.args[0])
        if isinstance(node, Indexed) or (node.is_Symbol and not node.is_nonnegative):
            absolute = Abs(node)
            if absolute != node:
                return self._sign(node) * self._symbol(absolute)
        return self._symbol(node)

    def _sign(self, node: sympy.Expr) -> sympy.Expr:
        return self.names.setdefault(sign(node), _Sign())

    def _symbol(self, node: sympy.Expr) -> sympy.Expr:
        return self.names.setdefault(node, Dummy(positive=True))


def _root_degrees(expression: sympy.Expr) -> dict[sympy.Expr, int]:
    """For every base, the common denominator of the exponents that it carries."""
    degrees: dict[sympy.Expr, int] = {}
    for node in sympy.preorder_traversal(expression):
        if isinstance(node, Sum):
            continue
        if isinstance(node, Pow):
            exponent = node.exp if node.exp.is_Rational else node.exp.as_coeff_Add()[0]
            if exponent.is_Rational and exponent.q > 1:
                degrees[node.base] = sympy.ilcm(degrees.get(node.base, 1), exponent.q)
    return degrees


def _reduce_signs(polynomial: sympy.Expr) -> sympy.Expr:
    signs = sorted(polynomial.atoms(_Sign), key=str)
    for symbol in signs:
        polynomial = sympy.rem(polynomial, symbol**2 - 1, symbol)
    return sympy.expand(polynomial)
