"""Exact real numbers of the form Σ qᵢ · rᵢ^(1/nᵢ), with a decidable equality.

Every value that a formula of the paper takes on rational data has this form: norms are
roots of rationals, scores are sums of products of norms. Positive real radicals whose
pairwise ratios are irrational are linearly independent over the rationals (Besicovitch
1940, Mordell 1953), so a sum in which terms with a rational ratio have been merged is zero
only when it has no term. No factorisation is needed, so weights with hundreds of binary
digits are as good as small ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import gcd, isqrt, lcm

from flint import arb, ctx, fmpq, fmpz

RationalLike = int | Fraction


class NotExactError(ArithmeticError):
    """The value leaves the numbers that this module can represent."""


@dataclass(frozen=True)
class Term:
    """One summand: coefficient · radicand^(1/degree), radicand positive, degree minimal."""

    coefficient: Fraction
    radicand: Fraction
    degree: int


@dataclass(frozen=True, eq=False)
class Radical:
    """A sum of real radicals over the rationals.

    Example:
        >>> root = Radical.of(8).power(Fraction(1, 2))
        >>> root == Radical.of(2) * Radical.of(2).power(Fraction(1, 2))
        True
        >>> (root - root).is_zero()
        True
    """

    terms: tuple[Term, ...] = ()

    @staticmethod
    def of(value: RationalLike | Radical) -> Radical:
        """The rational number `value` (a Radical passes through)."""
        if isinstance(value, Radical):
            return value
        fraction = Fraction(value)
        return Radical((Term(fraction, Fraction(1), 1),)) if fraction else Radical()

    def is_zero(self) -> bool:
        """Whether the number is exactly zero."""
        return not self.terms

    def rational(self) -> Fraction | None:
        """The value as a fraction, or None when it is irrational."""
        if self.is_zero():
            return Fraction(0)
        if len(self.terms) == 1 and self.terms[0].degree == 1:
            return self.terms[0].coefficient
        return None

    def __add__(self, other: Radical) -> Radical:
        terms = list(self.terms)
        for term in other.terms:
            _merge(terms, term)
        return Radical(tuple(terms))

    def __neg__(self) -> Radical:
        return Radical(tuple(Term(-t.coefficient, t.radicand, t.degree) for t in self.terms))

    def __sub__(self, other: Radical) -> Radical:
        return self + (-other)

    def __mul__(self, other: Radical) -> Radical:
        terms: list[Term] = []
        for left in self.terms:
            for right in other.terms:
                _merge(terms, _product(left, right))
        return Radical(tuple(terms))

    def inverse(self) -> Radical:
        """1 / self, for one term, or two terms whose squares are rational.

        Raises:
            ZeroDivisionError: the number is zero.
            NotExactError: the denominator cannot be made rational in one step.
        """
        if self.is_zero():
            raise ZeroDivisionError("division by an exact zero")
        if len(self.terms) == 1:
            (term,) = self.terms
            return Radical((_term(1 / term.coefficient, 1 / term.radicand, term.degree),))
        if len(self.terms) == 2:
            conjugate = Radical((self.terms[0],)) - Radical((self.terms[1],))
            denominator = (self * conjugate).rational()
            if denominator:
                return conjugate * Radical.of(1 / denominator)
        raise NotExactError("the inverse of this sum of radicals is not supported")

    def power(self, exponent: RationalLike) -> Radical:
        """self ** exponent; a fractional exponent needs a single non-negative term."""
        exponent = Fraction(exponent)
        if exponent < 0:
            return self.inverse().power(-exponent)
        if exponent.denominator == 1:
            result = Radical.of(1)
            for _ in range(exponent.numerator):
                result = result * self
            return result
        if self.is_zero():
            return self
        if len(self.terms) > 1:
            raise NotExactError("a root of a sum of radicals is not supported")
        (term,) = self.terms
        if term.coefficient < 0:
            raise NotExactError("a root of a negative number is not real")
        radicand = (term.coefficient**term.degree * term.radicand) ** exponent.numerator
        return Radical((_term(Fraction(1), radicand, term.degree * exponent.denominator),))

    def sign(self) -> int:
        """−1, 0 or 1, decided by interval arithmetic of growing precision."""
        if self.is_zero():
            return 0
        bits = ctx.prec
        try:
            precision = 64
            while True:
                ctx.prec = precision
                enclosure = self.enclosure()
                if enclosure > 0:
                    return 1
                if enclosure < 0:
                    return -1
                precision *= 2
        finally:
            ctx.prec = bits

    def enclosure(self) -> arb:
        """A ball that contains the number, at the current precision of python-flint."""
        total = arb(0)
        for term in self.terms:
            radicand = arb(fmpq(term.radicand.numerator, term.radicand.denominator))
            factor = fmpq(term.coefficient.numerator, term.coefficient.denominator)
            total += arb(factor) * radicand.root(term.degree)
        return total

    def __abs__(self) -> Radical:
        return -self if self.sign() < 0 else self

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (Radical, int, Fraction)):
            return NotImplemented
        return (self - Radical.of(other)).is_zero()

    __hash__ = None  # type: ignore[assignment]  # equal numbers can be written in two ways

    def __float__(self) -> float:
        return float(self.enclosure().mid())

    def __str__(self) -> str:
        if self.is_zero():
            return "0"
        return " + ".join(_show(term) for term in self.terms).replace("+ -", "− ")


def _show(term: Term) -> str:
    if term.degree == 1:
        return str(term.coefficient)
    root = {2: "√", 3: "∛", 4: "∜"}.get(term.degree, f"{term.degree}-th root of ")
    radicand = str(term.radicand) if term.radicand.denominator == 1 else f"({term.radicand})"
    sign = {1: "", -1: "-"}.get(term.coefficient, f"{term.coefficient}·")
    return f"{sign}{root}{radicand}"


def _integer_root(value: int, degree: int) -> int | None:
    """The exact degree-th root of a non-negative integer, or None."""
    root = isqrt(value) if degree == 2 else int(fmpz(value).root(degree))
    return root if root**degree == value else None


def _fraction_root(value: Fraction, degree: int) -> Fraction | None:
    if degree == 1:
        return value
    numerator = _integer_root(value.numerator, degree)
    denominator = _integer_root(value.denominator, degree)
    return None if numerator is None or denominator is None else Fraction(numerator, denominator)


def _term(coefficient: Fraction, radicand: Fraction, degree: int) -> Term:
    """The same value with the smallest degree."""
    for divisor in range(degree, 1, -1):
        if degree % divisor == 0:
            root = _fraction_root(radicand, divisor)
            if root is not None:
                radicand, degree = root, degree // divisor
                break
    if degree == 1:
        return Term(coefficient * radicand, Fraction(1), 1)
    return Term(coefficient, radicand, degree)


def _product(left: Term, right: Term) -> Term:
    degree = lcm(left.degree, right.degree)
    radicand = left.radicand ** (degree // left.degree) * right.radicand ** (degree // right.degree)
    return _term(left.coefficient * right.coefficient, radicand, degree)


def _ratio(left: Term, right: Term) -> Fraction | None:
    """The ratio of the two radicals (without coefficients) when it is rational."""
    if gcd(left.degree, right.degree) == 1 and left.degree != right.degree:
        return None
    degree = lcm(left.degree, right.degree)
    quotient = left.radicand ** (degree // left.degree) / right.radicand ** (degree // right.degree)
    return _fraction_root(quotient, degree)


def _merge(terms: list[Term], term: Term) -> None:
    """Add a term to a list whose radicals have pairwise irrational ratios."""
    for position, present in enumerate(terms):
        ratio = _ratio(term, present)
        if ratio is not None:
            coefficient = present.coefficient + term.coefficient * ratio
            if coefficient:
                terms[position] = Term(coefficient, present.radicand, present.degree)
            else:
                del terms[position]
            return
    terms.append(term)
