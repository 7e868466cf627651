"""What a formula is worth on concrete data, read off its tree.

The tree is walked with an algebra that says what numbers are: exact radicals here, z3's
reals in `pruneproof.symbolic.z3_engine`. Nothing is simplified and no rule of the prover is
used, so a wrong rule cannot hide itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Protocol

import sympy

from pruneproof.symbolic.exact.radical import Radical

Environment = Mapping[sympy.Basic, Any]
"""Sizes and indices to int, scalars to numbers, arrays to {1-based index tuple: number}."""


Plain = (int, Fraction)


class Algebra(Protocol):
    """The operations that an evaluation needs."""

    def rational(self, value: Fraction) -> Any:
        """A known rational number."""
        ...

    def add(self, terms: list[Any]) -> Any:
        """The sum; zero when there is no term."""
        ...

    def multiply(self, factors: list[Any]) -> Any:
        """The product; one when there is no factor."""
        ...

    def power(self, base: Any, exponent: Fraction) -> Any:
        """A real power; a fractional one of a non-negative number."""
        ...

    def absolute(self, value: Any) -> Any:
        """The absolute value."""
        ...

    def sign(self, value: Any) -> Any:
        """−1, 0 or 1."""
        ...

    def maximum(self, values: list[Any]) -> Any:
        """The largest of one or more values."""
        ...


class _Exact:
    """The algebra of `Radical`."""

    def rational(self, value: Fraction) -> Radical:
        return Radical.of(value)

    def add(self, terms: list[Radical]) -> Radical:
        return sum(terms, Radical())

    def multiply(self, factors: list[Radical]) -> Radical:
        result = Radical.of(1)
        for factor in factors:
            result = result * factor
        return result

    def power(self, base: Radical, exponent: Fraction) -> Radical:
        return base.power(exponent)

    def absolute(self, value: Radical) -> Radical:
        return abs(value)

    def sign(self, value: Radical) -> Radical:
        return Radical.of(value.sign())

    def maximum(self, values: list[Radical]) -> Radical:
        best = values[0]
        for value in values[1:]:
            if (value - best).sign() > 0:
                best = value
        return best


EXACT = _Exact()


def evaluate(
    expression: sympy.Expr, environment: Environment, algebra: Algebra | None = None
) -> Any:
    """The value of `expression` where sizes, indices and entries are those of `environment`.

    Args:
        expression: sums with limits (index, 1, size), indexed entries, Kronecker deltas,
            products, powers, absolute values, signs and maxima.
        environment: a value for every free symbol and array.
        algebra: what numbers are; exact radicals unless told otherwise.

    Returns:
        A number of the algebra.

    Raises:
        ZeroDivisionError: a denominator is exactly zero.
        IndexError: an index lies outside its array.
        TypeError: a symbol or array has no value, or a node of the tree has no meaning here.

    Example:
        >>> from sympy.abc import n, i
        >>> print(evaluate(sympy.Sum(i**2, (i, 1, n)) ** sympy.Rational(1, 2), {n: 2}))
        √5
    """
    return _Evaluation(algebra or EXACT).value(expression, dict(environment))


class _Evaluation:
    def __init__(self, algebra: Algebra) -> None:
        self.algebra = algebra

    def value(self, node: sympy.Basic, env: dict[sympy.Basic, Any]) -> Any:
        if isinstance(node, sympy.Rational):
            return self.algebra.rational(Fraction(int(node.p), int(node.q)))
        if isinstance(node, sympy.Symbol):
            return self.number(_known(node, env))
        if isinstance(node, sympy.Indexed):
            position = tuple(self.integer(index, env) for index in node.indices)
            entries = _known(node.base, env)
            if position not in entries:
                raise IndexError(f"{node.base} has no entry {list(position)}")
            return self.number(entries[position])
        return self.operation(node, env)

    def number(self, value: Any) -> Any:
        """A plain rational taken into the algebra; the algebra's own numbers as they are."""
        return self.algebra.rational(Fraction(value)) if isinstance(value, Plain) else value

    def operation(self, node: sympy.Basic, env: dict[sympy.Basic, Any]) -> Any:
        if isinstance(node, sympy.Add):
            return self.algebra.add([self.value(arg, env) for arg in node.args])
        if isinstance(node, sympy.Mul):
            return self.algebra.multiply([self.value(arg, env) for arg in node.args])
        if isinstance(node, sympy.Pow):
            exponent = self.fraction(node.exp, env)
            return self.algebra.power(self.value(node.base, env), exponent)
        if isinstance(node, sympy.Abs):
            return self.algebra.absolute(self.value(node.args[0], env))
        if isinstance(node, sympy.sign):
            return self.algebra.sign(self.value(node.args[0], env))
        if isinstance(node, sympy.Max):
            return self.algebra.maximum([self.value(arg, env) for arg in node.args])
        if isinstance(node, sympy.KroneckerDelta):
            equal = self.integer(node.args[0], env) == self.integer(node.args[1], env)
            return self.algebra.rational(Fraction(int(equal)))
        if isinstance(node, sympy.Sum):
            return self.algebra.add(list(self.summands(node, env)))
        raise TypeError(f"no exact meaning for {type(node).__name__}: {node}")

    def summands(self, node: sympy.Sum, env: dict[sympy.Basic, Any]):
        # SymPy writes the innermost limit first, so the outermost is the last one.
        *inner, (index, lower, upper) = node.limits
        body = sympy.Sum(node.function, *inner) if inner else node.function
        for position in range(self.integer(lower, env), self.integer(upper, env) + 1):
            yield self.value(body, {**env, index: position})

    def integer(self, node: sympy.Basic, env: dict[sympy.Basic, Any]) -> int:
        if isinstance(env.get(node), int):
            return env[node]
        number = self.fraction(node, env)
        if number.denominator != 1:
            raise TypeError(f"{node} is not an integer here: {number}")
        return int(number)

    def fraction(self, node: sympy.Basic, env: dict[sympy.Basic, Any]) -> Fraction:
        """A value that must be a known rational, whatever the algebra (index, size, exponent)."""
        exact = self if self.algebra is EXACT else _Evaluation(EXACT)
        number = exact.value(node, env).rational()
        if number is None:
            raise TypeError(f"{node} is irrational here")
        return number


def _known(symbol: sympy.Basic, env: dict[sympy.Basic, Any]) -> Any:
    if symbol not in env:
        raise TypeError(f"{symbol} has no value; declare it in the statement's world")
    return env[symbol]
