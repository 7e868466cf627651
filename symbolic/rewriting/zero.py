"""Whether a normal form is zero: as a rational function of its independent parts."""

from __future__ import annotations

from typing import NamedTuple

import sympy
from sympy import Abs, Dummy, Indexed, Mul, Pow, Sum, sign

from pruneproof.symbolic.rewriting.positivity import is_nonnegative


def is_zero(expression: sympy.Expr) -> bool:
    """Whether a normal form is the zero function.

    Roots, sums, entries and absolute values become independent symbols. A real x that may
    be negative is σ·|x| with σ = ±1, and sign(x) is σ·ν, where ν is 0 if x is and else 1:
    σ² = 1, ν² = ν and ν·|x| = |x| hold for x = 0 too. What is left is a rational function,
    and cancelling decides. True is a proof wherever the expression is defined; False says
    only that these rules give none.

    Example:
        >>> from pruneproof.symbolic.notation import W, j, k
        >>> is_zero(W[j, k] ** 2 / Abs(W[j, k]) - Abs(W[j, k]))
        True
    """
    atoms = _Atoms()
    numerator, _ = sympy.fraction(sympy.cancel(sympy.together(atoms.replace(expression))))
    for parts in atoms.signs.values():
        numerator = _reduce(numerator, parts)
    return sympy.expand(numerator) == 0


class _Signed(NamedTuple):
    """What a real x is made of: σ, ν and |x|."""

    side: Dummy
    support: Dummy
    absolute: Dummy


def _reduce(polynomial: sympy.Expr, parts: _Signed) -> sympy.Expr:
    """The polynomial with σ² = 1, ν² = ν and ν·|x| = |x| used up."""
    result = sympy.S.Zero
    for (side, support, absolute), coefficient in sympy.Poly(polynomial, *parts).terms():
        has_support = int(support > 0 and absolute == 0)
        kept = parts.side ** (side % 2) * parts.support**has_support * parts.absolute**absolute
        result += coefficient * kept
    return result


class _Atoms:
    """Replaces every part that is not built from +, ·, ÷ and integer powers by a symbol."""

    def __init__(self) -> None:
        self.names: dict[sympy.Expr, Dummy] = {}
        self.signs: dict[sympy.Expr, _Signed] = {}

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
            side, support, _ = self._signed(node.args[0])
            return side * support
        if isinstance(node, (Indexed, sympy.Symbol, Sum)) and not is_nonnegative(node):
            side, _, absolute = self._signed(node)
            return side * absolute
        return self._symbol(node)

    def _signed(self, node: sympy.Expr) -> _Signed:
        if node not in self.signs:
            self.signs[node] = _Signed(Dummy(), Dummy(), self._symbol(Abs(node)))
        return self.signs[node]

    def _symbol(self, node: sympy.Expr) -> Dummy:
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
