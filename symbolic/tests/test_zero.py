"""The zero test proves identities, and nothing that is false for some numbers."""

from fractions import Fraction
from itertools import combinations, product

import pytest
from sympy import Abs, Expr, Integer, Rational, Sum, Symbol, sign, sqrt

from pruneproof.symbolic.exact import NotExactError, evaluate
from pruneproof.symbolic.notation import W, alpha, b, j, k, p, u
from pruneproof.symbolic.rewriting import is_zero
from pruneproof.symbolic.rewriting.derive import normal_form
from pruneproof.symbolic.world import NONNEGATIVE, REAL, Kind, World

x, z = Symbol("x", real=True), Symbol("z", real=True)
y = Symbol("y", nonnegative=True)
total = Sum(W[u, k], (u, 1, b))

ZERO = [
    x**2 - Abs(x) ** 2,
    sign(x) * Abs(x) - x,
    sign(x) * x - Abs(x),
    sign(x) ** 3 - sign(x),
    sign(x) ** 2 * x - x,
    sqrt(y) ** 3 - y * sqrt(y),
    y ** (2 * alpha) - (y**alpha) ** 2,
    y ** (alpha + 1) - y * y**alpha,
    (x**2 - z**2) / (x - z) - x - z,
    total * sign(total) - Abs(total),
    1 / (1 + sqrt(y)) - (1 - sqrt(y)) / (1 - y),
    Abs(W[j, k]) ** p / Abs(W[j, k]) ** p - 1,
]
NOT_ZERO = [
    x - Abs(x),
    x + Abs(x),
    sign(x) ** 2 - 1,
    sign(x) - x / (1 + Abs(x)),
    sign(x) * sign(z) - 1,
    x * sign(z) - z * sign(x),
    sqrt(y) - y,
    y**alpha - y ** (2 * alpha),
    sqrt(x**2 + z**2) - Abs(x) - Abs(z),
    Abs(x + z) - Abs(x) - Abs(z),
    total - Abs(total),
    total**2 - Sum(W[u, k] ** 2, (u, 1, b)),
    Sum(W[u, k], (u, 1, b)) - Sum(W[u, j], (u, 1, b)),
    W[j, k] - W[k, j],
    Sum(Integer(1), (u, 1, b)) - 1,
]


@pytest.mark.parametrize("formula", ZERO, ids=str)
def test_identities_are_zero(formula):
    assert is_zero(formula)
    assert not is_zero(formula + 1)


@pytest.mark.parametrize("formula", NOT_ZERO, ids=str)
def test_what_is_zero_for_some_numbers_only_is_not_zero(formula):
    assert not is_zero(formula)


WORLD = World(
    scalars={
        x: REAL,
        y: NONNEGATIVE,
        z: REAL,
        alpha: Kind("values", choices=(Fraction(0), Fraction(1))),
    }
)
PARTS = [
    x,
    Abs(x),
    sign(x),
    sign(x) ** 2,
    sign(x * z),
    y,
    sqrt(y),
    y**alpha,
    Abs(x) ** alpha,
    sqrt(x**2),
    sqrt(x**2 * y),
    Abs(x * z),
    Abs(x + z),
    x + z,
    (x + z) ** 2,
    Abs(x) ** Rational(3, 2),
    sqrt(x**2 + z**2),
    Integer(2),
]
DATA = [
    {x: first, y: second, z: third, alpha: power}
    for first, second, third, power in product((-2, 0, 1), (0, 4), (-1, 0, 2), (0, 1))
]


def values(formula: Expr) -> list:
    found = []
    for data in DATA:
        try:
            found.append(evaluate(formula, data))
        except (ZeroDivisionError, NotExactError):
            found.append(None)
    return found


def test_no_two_products_are_called_equal_that_differ_somewhere():
    formulas = sorted({first * second for first, second in product(PARTS, PARTS)}, key=str)
    # At positive numbers x and |x| agree: they, and all that agree there, are to be told apart.
    generic = {x: Rational(7, 5), y: Rational(3, 7), z: Rational(11, 13), alpha: Rational(2, 3)}
    known = [(round(float(f.subs(generic)), 9), f, values(f)) for f in formulas]
    called_equal = 0
    for (near, first, left), (other, second, right) in combinations(known, 2):
        if near != other or not is_zero(normal_form(first - second, WORLD)):
            continue
        called_equal += 1
        for one, two in zip(left, right, strict=True):
            assert one is None or two is None or one == two, (first, second)
    assert called_equal >= 5
