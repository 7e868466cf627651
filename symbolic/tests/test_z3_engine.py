"""z3 agrees where it has an answer, and respects what is assumed."""

import pytest
from sympy import Abs, IndexedBase, Integer, Max, Sum, Symbol, sign, sqrt

from pruneproof.symbolic.claim import AtMost, Condition, Equal, Implies
from pruneproof.symbolic.notation import W, b, c, input_norm, j, k, tau, u, v
from pruneproof.symbolic.world import (
    BINARY,
    LIVE,
    NONNEGATIVE,
    NONZERO,
    POSITIVE,
    REAL,
    UNIT,
    Kind,
    World,
)
from pruneproof.symbolic.z3_engine import decide

x, y = Symbol("x", real=True), Symbol("y", real=True)
M = IndexedBase("M", nonnegative=True)
NUMBERS = World(scalars={x: REAL, y: REAL})
LAYER = World(indices={j: b, k: c}, arrays={W: ((b, c), REAL)})
column = Sum(W[u, k], (u, 1, b))


@pytest.mark.parametrize(
    ("statement", "world"),
    [
        (Equal(sqrt(x**2), Abs(x)), NUMBERS),
        (Equal(sign(x) * Abs(x), x), NUMBERS),
        (Equal(Max(x, y) * 2, x + y + Abs(x - y)), NUMBERS),
        (AtMost(2 * x * y, x**2 + y**2), NUMBERS),
        (AtMost(Abs(W[j, k]), input_norm(j)), LAYER),
        (Equal(input_norm(j) / input_norm(j), Integer(1)), LAYER.with_kind(W, LIVE)),
        (Implies((Condition(x, y),), Integer(0), y - x), NUMBERS),
    ],
    ids=str,
)
def test_true_statements_hold(statement, world):
    assert decide(statement, world) == "holds"


@pytest.mark.parametrize(
    ("statement", "world"),
    [
        (Equal(sqrt(x**2), x), NUMBERS),
        (Equal(sign(x) ** 2, Integer(1)), NUMBERS),
        (AtMost(x, x**2), NUMBERS),
        (Equal(Abs(column), Sum(Abs(W[u, k]), (u, 1, b))), LAYER),
        (Implies((Condition(x, y),), Integer(1), y - x), NUMBERS),
        (Implies((Condition(x, y, strict=False),), Integer(0), y - x), NUMBERS),
    ],
    ids=str,
)
def test_false_statements_fail(statement, world):
    assert decide(statement, world) == "fails"


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        (POSITIVE, Implies((), Integer(0), W[j, k])),
        (NONNEGATIVE, AtMost(Integer(0), W[j, k])),
        (NONZERO, Implies((), Integer(0), Abs(W[j, k]))),
        (LIVE, Implies((), Integer(0), input_norm(j))),
        (BINARY, Equal(W[j, k] ** 2, W[j, k])),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_z3_knows_the_kinds(kind, statement):
    assert decide(statement, LAYER.with_kind(W, kind)) == "holds"
    assert decide(statement, LAYER) == "fails"


def test_z3_knows_unit_vectors_indicators_and_what_does_not_vanish():
    entry, marked = IndexedBase("e", real=True), Sum(M[u], (u, 1, b))
    unit = World(arrays={entry: ((b,), UNIT)})
    indicator = World(arrays={M: ((b,), Kind("indicator", tau))}, at_most={tau: (b,)})
    assert decide(Equal(Sum(entry[u] ** 2, (u, 1, b)), Integer(1)), unit) == "holds"
    assert decide(Equal(marked, tau), indicator) == "holds"
    assert decide(Implies((), Integer(0), Abs(x)), NUMBERS.having(nonzero=(x,))) == "holds"


def test_z3_never_calls_true_what_it_has_no_time_for():
    hard = Equal(Sum(W[u, v] ** 5, (u, 1, b), (v, 1, c)) ** 5 * column, column**7 + 1)
    world = LAYER.having(lengths=(b, c))
    assert decide(hard, world, resources=1) in ("unknown", "fails")


def test_what_was_decided_before_changes_no_answer():
    statement = AtMost(2 * x * y, x**2 + y**2)

    def least() -> int:
        """Resources with which it is decided, to the last one."""
        low, high = 0, 2**20
        while high - low > 1:
            middle = (low + high) // 2
            decided = decide(statement, NUMBERS, resources=middle) == "holds"
            low, high = (low, middle) if decided else (middle, high)
        return high

    first = least()
    assert first > 1
    decide(AtMost(Abs(W[j, k]), input_norm(j)), LAYER)
    assert least() == first
