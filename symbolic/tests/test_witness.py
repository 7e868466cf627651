"""Witnesses are found, are small, and are checked with exact numbers."""

from fractions import Fraction

import pytest
from sympy import Abs, Integer, Sum, Symbol, sqrt

from pruneproof.symbolic.claim import AtMost, Condition, Equal, Implies
from pruneproof.symbolic.notation import W, b, c, input_norm, j, k, u
from pruneproof.symbolic.witness import (
    counterexamples,
    failure,
    holds_on_samples,
    smallest,
)
from pruneproof.symbolic.world import LIVE, NONZERO, POSITIVE, REAL, World

x, y = Symbol("x", real=True), Symbol("y", real=True)
NUMBERS = World(scalars={x: REAL, y: REAL})
LAYER = World(indices={j: b, k: c}, arrays={W: ((b, c), REAL)})


@pytest.mark.parametrize(
    ("statement", "values", "fails"),
    [
        (Equal(x, Abs(x)), {x: 2}, False),
        (Equal(x, Abs(x)), {x: -2}, True),
        (AtMost(x, x**2), {x: 0}, False),
        (AtMost(x, x**2), {x: 1}, False),
        (AtMost(x, x**2), {x: Fraction(1, 2)}, True),
        (Equal(1 / x, 1 / x), {x: 0}, True),
        (Implies((Condition(Integer(0), x),), Integer(0), x), {x: 0}, False),
        (Implies((Condition(Integer(0), x, strict=False),), Integer(0), x), {x: 0}, True),
        (
            Implies((Condition(Integer(0), x, strict=False),), Integer(0), x, strict=False),
            {x: 0},
            False,
        ),
        (Implies((Condition(x, Integer(0)),), Integer(0), x), {x: 3}, False),
        (Implies((Condition(x, Integer(0)),), Integer(0), x), {x: -3}, True),
    ],
)
def test_failures_are_exact(statement, values, fails):
    assert (failure(statement, values) is not None) == fails


def test_what_is_not_defined_fails_and_says_why():
    assert failure(Equal(1 / x, x), {x: 0}).left == "undefined: division by zero"
    outside = failure(Equal(W[j, k], W[k, j]), {W: {(1, 1): 1, (1, 2): 1}, j: 1, k: 2})
    assert outside.left == "undefined: W has no entry [2, 1]"


def test_the_smallest_witness_is_small():
    two_rows = smallest((Equal(Sum(W[u, k], (u, 1, b)), W[j, k]),), LAYER)
    assert two_rows.environment[b] == 2
    assert two_rows.environment[c] == 1
    assert sorted(map(abs, two_rows.environment[W].values())) == [0, 1]


def test_simplifying_keeps_to_the_world():
    dense = LAYER.with_kind(W, NONZERO)
    found = smallest((Equal(Sum(W[u, k], (u, 1, b)), W[j, k]),), dense)
    assert 0 not in found.environment[W].values()
    apart = LAYER.having(nonzero=(W[j, k] - 1,))
    found = smallest((Equal(W[j, k], Integer(0)),), apart)
    assert found.environment[W][found.environment[j], found.environment[k]] not in (0, 1)


def test_an_assumption_that_needs_room_is_given_room():
    found = smallest((Equal(b, Integer(7)),), World(lengths=(b,), nonzero=(b - 1,)))
    assert found.environment[b] == 2


def test_a_true_statement_has_no_witness():
    live = LAYER.with_kind(W, LIVE)
    assert smallest((Equal(input_norm(j) / input_norm(j, 1), Integer(1)),), live) is None
    assert next(counterexamples((AtMost(-Abs(x), x),), NUMBERS, 50, 2), None) is None


def test_the_conditions_of_an_implication_are_met_by_some_data():
    # One draw in about sixty satisfies both conditions.
    narrow = (Condition(Integer(2), x), Condition(y, Integer(-1)))
    assert smallest((Implies(narrow, x, Integer(0)),), NUMBERS) is not None


def test_a_witness_says_which_statement_fails():
    found = smallest((Equal(x, x), Equal(x, y)), NUMBERS)
    assert found.statement == 1


def test_steps_are_compared_where_both_sides_exist():
    positive = World(scalars={x: POSITIVE})
    assert holds_on_samples(sqrt(x**2), x, positive, 10)
    assert not holds_on_samples(sqrt(x**2), x + 1, positive, 10)
    assert not holds_on_samples(sqrt(x**2), x, NUMBERS, 20)


def test_a_witness_is_plain_data():
    found = failure(
        Equal(W[j, k], Integer(1)), {W: {(1, 1): Fraction(1, 2)}, j: 1, k: 1, b: 1, c: 1}
    )
    assert found.as_data() == {
        "W": [["1/2"]],
        "b": "1",
        "c": "1",
        "j": "1",
        "k": "1",
        "left": "1/2",
        "right": "1",
    }
