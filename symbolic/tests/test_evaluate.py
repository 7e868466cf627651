"""The evaluator reads a formula off its tree, with no help from the prover."""

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sympy import Abs, Integer, KroneckerDelta, Max, Rational, Sum, Symbol, gamma, sign

from pruneproof.symbolic.exact import Radical, evaluate
from pruneproof.symbolic.notation import W, b, c, input_norm, j, k, u, v

entries = st.fractions(min_value=-9, max_value=9, max_denominator=4)


@st.composite
def layers(draw):
    rows, columns = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    places = list(product(range(1, rows + 1), range(1, columns + 1)))
    return {b: rows, c: columns, W: {place: draw(entries) for place in places}}


@given(layers())
def test_sums_run_over_their_ranges(env):
    total = evaluate(Sum(W[u, v] ** 2, (v, 1, c), (u, 1, b)), env)
    assert total == sum(value**2 for value in env[W].values())


@given(layers(), st.integers(1, 3))
def test_a_norm_squared_is_the_sum_of_squares(env, row):
    row = min(row, env[b])
    norm = evaluate(input_norm(j, 2), {**env, j: row})
    assert norm * norm == sum(env[W][row, n] ** 2 for n in range(1, env[c] + 1))


@given(entries, entries)
def test_functions_of_numbers(x, y):
    first, second = Symbol("x", real=True), Symbol("y", real=True)
    env = {first: x, second: y}
    assert evaluate(Abs(first - second), env) == abs(x - y)
    assert evaluate(sign(first), env) == (x > 0) - (x < 0)
    assert evaluate(Max(first, second), env) == max(x, y)
    assert evaluate(first - second * first**3, env) == x - y * x**3


def test_a_triangle_is_summed_row_by_row():
    assert evaluate(Sum(u * v, (v, 1, u), (u, 1, b)), {b: 3}) == 1 * 1 + 2 * 3 + 3 * 6


def test_a_sum_over_nothing_is_zero():
    assert evaluate(Sum(u, (u, 2, b)), {b: 1}).is_zero()


def test_the_inner_index_hides_an_outer_value():
    assert evaluate(Sum(u, (u, 1, b)) + u, {b: 3, u: 10}) == 16


def test_deltas_compare_indices():
    env = {j: 2, k: 1}
    assert evaluate(KroneckerDelta(j, k), env).is_zero()
    assert evaluate(KroneckerDelta(j, k + 1), env) == 1


def test_what_is_not_defined_is_an_error():
    env = {b: 1, c: 1, W: {(1, 1): Fraction(0)}, j: 1, k: 2}
    with pytest.raises(ZeroDivisionError):
        evaluate(1 / W[j, 1], env)
    with pytest.raises(IndexError, match=r"W has no entry \[1, 2\]"):
        evaluate(W[j, k], env)
    with pytest.raises(TypeError, match="v has no value"):
        evaluate(W[j, v], env)
    with pytest.raises(TypeError, match="no exact meaning for gamma"):
        evaluate(gamma(j + Rational(1, 2)), env)
    with pytest.raises(TypeError, match="not an integer"):
        evaluate(W[j, Rational(1, 2)], env)


def test_an_irrational_exponent_is_refused():
    x = Symbol("x", positive=True)
    with pytest.raises(TypeError, match="irrational"):
        evaluate(Integer(2) ** x, {x: Radical.of(2).power(Fraction(1, 2))})
