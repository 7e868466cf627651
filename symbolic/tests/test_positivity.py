"""What counts as manifestly non-negative, positive, non-zero or defined, and what must not."""

import pytest
from sympy import Abs, IndexedBase, Integer, KroneckerDelta, Rational, Sum, Symbol, sign, sqrt

from pruneproof.symbolic.notation import W, a, alpha, b, c, input_norm, j, k, p, tau, u, v
from pruneproof.symbolic.rewriting import is_defined, is_nonnegative, is_positive
from pruneproof.symbolic.rewriting.definedness import is_nonzero
from pruneproof.symbolic.world import LIVE, NONZERO, POSITIVE, REAL, Kind, World

T, chi = IndexedBase("T", positive=True), IndexedBase("chi", nonnegative=True)
x, y = Symbol("x", real=True), Symbol("y", nonnegative=True)
entry = W[j, k]

POSITIVE_FORMULAS = [
    T[k] + y,
    c * T[k] ** alpha,
    1 / entry**2,
    1 / input_norm(j),
    1 / Abs(x) + Abs(x),
    Sum(T[v], (v, 1, c)),
    Sum(1 + entry**2, (v, 1, c)),
    tau / c,
]
NONNEGATIVE_FORMULAS = [
    Integer(0),
    entry**2,
    Abs(entry) ** p,
    sqrt(y),
    1 - KroneckerDelta(j, k),
    Abs(x) - x,
    Abs(x - entry) + x - entry,
    Sum(chi[u] * Abs(W[u, k]), (u, 1, b)),
    Sum(T[v], (v, 2, c)),
    (x - y) ** 2 * chi[j],
]
UNKNOWN_FORMULAS = [
    x,
    -y,
    entry,
    entry**3,
    sign(x),
    y - T[k],
    c - tau,
    Abs(x) - y,
    Abs(x) - 2 * x,
    Abs(x) - x - 1,
    Abs(x) - entry,
    KroneckerDelta(j, k) - 1,
    1 - 2 * KroneckerDelta(j, k),
    1 - chi[j],
    Sum(W[u, k], (u, 1, b)),
    entry ** Rational(1, 3),
    x * T[k],
]


@pytest.mark.parametrize("formula", POSITIVE_FORMULAS, ids=str)
def test_positive_by_shape(formula):
    assert is_positive(formula)
    assert is_nonnegative(formula)


@pytest.mark.parametrize("formula", NONNEGATIVE_FORMULAS, ids=str)
def test_nonnegative_by_shape_but_perhaps_zero(formula):
    assert is_nonnegative(formula)
    assert not is_positive(formula)


@pytest.mark.parametrize("formula", UNKNOWN_FORMULAS, ids=str)
def test_formulas_that_can_be_negative_are_not_called_nonnegative(formula):
    assert not is_nonnegative(formula)
    assert not is_positive(formula)


LAYER = World(
    indices={j: b, k: c},
    arrays={W: ((b, c), REAL), chi: ((b,), Kind("indicator", tau))},
    scalars={x: REAL},
    at_most={tau: (b,)},
    facts=((Sum(chi[u], (u, 1, b)), tau),),
)
SAMPLED = Sum(chi[u] * Abs(W[u, k]), (u, 1, b))


@pytest.mark.parametrize(
    ("base", "world"),
    [
        (input_norm(j), LAYER.with_kind(W, LIVE)),
        (input_norm(j, 2), LAYER.with_kind(W, LIVE)),
        (Sum(Abs(W[u, k]) ** p, (u, 1, b)) ** (1 / p), LAYER.with_kind(W, LIVE)),
        (Sum(Abs(x * W[j, v]), (v, 1, c)), LAYER.with_kind(W, LIVE).with_kind(x, NONZERO)),
        (entry, LAYER.with_kind(W, NONZERO)),
        (x * entry, LAYER.with_kind(W, NONZERO).with_kind(x, NONZERO)),
        (SAMPLED, LAYER.having(nonzero=(SAMPLED,))),
        (Sum(chi[u] ** 2 * W[u, k] ** 2, (u, 1, b)), LAYER.having(nonzero=(SAMPLED,))),
        (x - entry, LAYER.having(nonzero=(x - entry,))),
        (Sum(chi[u], (u, 1, b)), LAYER),
        (c * b, LAYER),
    ],
    ids=str,
)
def test_divisors_that_cannot_vanish(base, world):
    assert is_defined(1 / base, world)


@pytest.mark.parametrize(
    ("base", "world"),
    [
        (input_norm(j), LAYER),
        (Sum(W[j, v], (v, 1, c)), LAYER.with_kind(W, LIVE)),  # entries can cancel
        (Sum(Abs(W[j, v]), (v, 2, c)), LAYER.with_kind(W, LIVE)),  # not the whole row
        (Sum(Abs(W[j, v]), (v, 1, tau)), LAYER.with_kind(W, LIVE)),
        (Sum(Abs(W[u, u]), (u, 1, b)), LAYER.with_kind(W, LIVE)),  # a diagonal
        (Sum(Abs(x * W[j, v]), (v, 1, c)), LAYER.with_kind(W, LIVE)),
        (entry, LAYER.with_kind(W, LIVE)),
        (x - 7, LAYER),
        (x + entry, LAYER.having(nonzero=(x - entry,))),
        (SAMPLED, LAYER.having(nonzero=(Sum(chi[u] * W[u, k], (u, 1, b)),))),
        (SAMPLED, LAYER.having(nonzero=(Sum(chi[u] * Abs(W[u, k]), (u, 1, c)),))),
        (c - 1, LAYER),
    ],
    ids=str,
)
def test_divisors_that_can_vanish(base, world):
    assert not is_nonzero(base, world)
    assert not is_defined(1 / base, world)


def test_roots_need_a_nonnegative_base():
    assert is_defined(sqrt(y) + Abs(x) ** alpha, LAYER)
    assert not is_defined(sqrt(x), LAYER)
    assert not is_defined(x**p, LAYER)
    assert not is_defined(Abs(x) ** Symbol("beta", real=True), LAYER)


def test_positive_scalars_may_be_divided_by():
    scale = Symbol("s", real=True)
    assert is_defined(1 / scale, World(scalars={scale: POSITIVE}))
    assert not is_defined(1 / scale, World(scalars={scale: REAL}))
    assert not is_defined(a / scale, World())
