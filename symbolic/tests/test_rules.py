"""Each rewriting rule: what it rewrites, what looks alike and must stay, and random formulas."""

import random
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sympy import Abs, Expr, IndexedBase, Integer, KroneckerDelta, Rational, Sum, Symbol, sign, sqrt

from pruneproof.symbolic.exact import NotExactError, evaluate
from pruneproof.symbolic.notation import W, X, b, c, i, j, j2, k, tau, u, v
from pruneproof.symbolic.rewriting import derive, multiply_out
from pruneproof.symbolic.rewriting.derive import NoNormalFormError, is_clean, normal_form
from pruneproof.symbolic.rewriting.rules import (
    RULES,
    bound_name,
    canonical_names,
    keep_the_only_term,
    pull_out_factors,
    split_signs,
    take_roots,
    use_assumptions,
)
from pruneproof.symbolic.world import LIVE, POSITIVE, REAL, Kind, World

chi = IndexedBase("chi", nonnegative=True)
T = IndexedBase("T", positive=True)
x = Symbol("x", real=True)
WORLD = World(
    indices={j: b, j2: b, k: c},
    arrays={
        W: ((b, c), REAL),
        X: ((b, b), LIVE),
        T: ((c,), POSITIVE),
        chi: ((b,), Kind("indicator", tau)),
    },
    scalars={x: REAL},
    at_most={tau: (b,)},
    distinct=((j, j2),),
    facts=((Sum(chi[i], (i, 1, b)), tau),),
)
delta = KroneckerDelta
first = bound_name(1)


def named(expression):
    return canonical_names(expression, WORLD)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Sum(W[u, k] * delta(u, j), (u, 1, b)), W[j, k]),
        (Sum(X[u, v] * delta(u, v), (v, 1, b), (u, 1, b)), Sum(X[u, u], (u, 1, b))),
        (Sum(delta(u, j) * delta(u, j2), (u, 1, b)), Integer(0)),
        (delta(j, k) ** 3, delta(j, k)),
    ],
)
def test_a_delta_keeps_the_only_term(before, after):
    assert normal_form(before - after, WORLD) == 0


@pytest.mark.parametrize(
    "formula",
    [
        Sum(delta(u, j), (u, 1, c)),  # j runs up to b
        Sum(delta(u, i), (u, 1, b)),  # nothing is known of i
        Sum(delta(u, j), (u, 2, b)),  # j may be 1
        Sum(delta(u, v), (v, 1, b), (u, 1, c)),
        Sum(delta(u, v), (v, 2, b), (u, 1, b)),
        Sum(delta(u, j + 1), (u, 1, b)),
        delta(j, k),
    ],
)
def test_a_delta_that_may_leave_its_range_stays(formula):
    assert keep_the_only_term(named(formula), WORLD).has(delta)
    assert not is_clean(normal_form(formula, WORLD))


def test_a_smaller_range_lies_inside_a_larger_one():
    inside = WORLD.having(indices={j: tau})
    assert keep_the_only_term(Sum(delta(u, j), (u, 1, b)), inside) == 1
    assert keep_the_only_term(Sum(delta(u, k), (u, 1, tau)), WORLD).has(delta)


def test_factors_leave_a_sum_that_does_not_run_over_them():
    moved = pull_out_factors(named(Sum(x * W[u, k] + T[k], (u, 1, b))), WORLD)
    assert moved == named(x * Sum(W[u, k], (u, 1, b)) + b * T[k])
    late = pull_out_factors(named(Sum(x, (u, 2, b))), WORLD)
    assert late == (b - 1) * x
    stays = named(Sum(u * W[u, k], (u, 1, b)))
    assert pull_out_factors(stays, WORLD) == stays


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (sqrt(x**2 * T[k]), Abs(x) * sqrt(T[k])),
        ((x**2) ** Rational(1, 4), sqrt(Abs(x))),
        (Abs(x * T[k]), Abs(x) * T[k]),
        (sqrt(x**2 * T[k] + x**2), Abs(x) * sqrt(T[k] + 1)),
    ],
)
def test_roots_of_squares_are_absolute_values(before, after):
    assert take_roots(before, WORLD) == after


@pytest.mark.parametrize(
    "formula", [sqrt(x), sqrt(x * W[j, k]), sqrt(x + W[j, k] ** 2), Abs(x + 1)]
)
def test_roots_of_numbers_of_unknown_sign_stay(formula):
    assert take_roots(formula, WORLD) == formula


def test_signs_split_and_vanish_only_where_they_are_known():
    assert split_signs(sign(x * W[j, k] * (T[k] + x**2)), WORLD) == sign(x) * sign(W[j, k])
    assert split_signs(sign(x**2 + Abs(x)), WORLD) == sign(x**2 + Abs(x))  # 0 at x = 0
    assert split_signs(sign(x + 1), WORLD) == sign(x + 1)


def test_assumptions_are_used_for_what_they_name():
    marked = Sum(chi[u], (u, 1, b))
    assert use_assumptions(named(marked), WORLD) == tau
    assert use_assumptions(chi[j] ** 3, WORLD) == chi[j]
    assert use_assumptions(chi[j] ** -1, WORLD) == 1 / chi[j]
    assert use_assumptions(T[k] ** 2, WORLD) == T[k] ** 2
    other = named(Sum(chi[u], (u, 1, c)))
    assert use_assumptions(other, WORLD) == other


def test_names_do_not_capture_one_another():
    inner = Sum(X[u, first] * X[v, first] * X[u, v], (u, 1, b), (v, 1, b))
    clash = Sum(X[first, first] * inner, (first, 1, b))
    inner = Sum(X[u, i] * X[v, i] * X[u, v], (u, 1, b), (v, 1, b))
    plain = Sum(X[i, i] * inner, (i, 1, b))
    assert named(clash) == named(plain)


def test_one_index_used_twice_is_two_indices():
    twice = Sum(W[u, k], (u, 1, b), (u, 1, b))
    assert normal_form(twice - b * Sum(W[u, k], (u, 1, b)), WORLD) == 0


def test_the_order_of_a_triangle_is_kept():
    lower = Sum(X[u, v], (v, 1, u), (u, 1, b))
    assert named(lower) == named(Sum(X[v, u], (u, 1, v), (v, 1, b)))
    assert named(lower) != named(Sum(X[v, u], (v, 1, u), (u, 1, b)))


def test_where_a_sum_starts_is_kept():
    late = Sum(W[u, k], (u, 2, b))
    assert named(late) != named(Sum(W[u, k], (u, 1, b)))
    assert named(late).limits[0][1] == 2


class Formulas:
    """Random formulas over the variables of WORLD."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def formula(self, depth: int, bound: dict[Symbol, Expr]) -> Expr:
        if depth == 0 or self.random.random() < 0.2:
            return self.leaf(bound)
        return self.random.choice(
            (self.add, self.multiply, self.wrap, self.wrap, self.total, self.total)
        )(depth - 1, bound)

    def index(self, size, bound):
        known = [j, j2] if size == b else [k]
        return self.random.choice(known + [name for name, other in bound.items() if other == size])

    def leaf(self, bound):
        over_b, other, over_c = (self.index(size, bound) for size in (b, b, c))
        leaves = [Integer(2), Integer(-1), W[over_b, over_c], X[over_b, other], chi[over_b]]
        return self.random.choice([*leaves, T[over_c], x, b, tau, delta(over_b, other)])

    def add(self, depth, bound):
        return self.formula(depth, bound) + self.random.choice((1, -1)) * self.formula(depth, bound)

    def multiply(self, depth, bound):
        return self.formula(depth, bound) * self.formula(depth, bound)

    def wrap(self, depth, bound):
        inner = self.formula(depth, bound)
        quotient = 1 / (1 + inner**2)
        shapes = (abs(inner), sign(inner), sqrt(inner**2), sqrt(abs(inner)), quotient, inner**2)
        return self.random.choice(shapes)

    def total(self, depth, bound):
        size, index = self.random.choice((b, c)), self.random.choice((u, v, i))
        body = self.formula(depth, {**bound, index: size})
        return Sum(body, (index, self.random.choice((1, 1, 1, 2)), size))


def value(formula, env):
    try:
        return evaluate(formula, env)
    except (ZeroDivisionError, NotExactError):
        return None


@given(st.integers(0, 10**9))
def test_no_rule_changes_a_value(seed):
    formulas = Formulas(seed)
    formula = formulas.formula(3, {})
    environments = [WORLD.sample(formulas.random, 2 + n % 2) for n in range(3)]
    values = [value(formula, env) for env in environments]
    current = named(formula)
    for rule in (*(rule for _, rule in RULES), multiply_out):
        with suppress(NoNormalFormError):  # too large to be multiplied out
            current = named(rule(current, WORLD))
        for env, before in zip(environments, values, strict=True):
            after = value(current, env)
            # A rule may give a value to what had none, and drops no value.
            assert before is None or after == before, (rule, formula, current, env)


def test_a_derivation_ends_and_names_its_rules():
    steps = derive(Sum(x * chi[u] ** 2, (u, 1, b)), WORLD)
    assert steps[-1].result == tau * x
    assert {step.rule for step in steps} <= {name for name, _ in RULES}
