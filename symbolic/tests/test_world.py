"""Worlds draw data that satisfy everything they declare."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sympy import IndexedBase, Sum, Symbol

from pruneproof.symbolic.exact import evaluate
from pruneproof.symbolic.notation import W, X, a, b, c, j, j2, k, tau, u
from pruneproof.symbolic.world import (
    BINARY,
    LIVE,
    NONNEGATIVE,
    NONZERO,
    POSITIVE,
    REAL,
    UNIT,
    Kind,
    NoDataError,
    World,
)

chi, unit = IndexedBase("chi", nonnegative=True), IndexedBase("e", real=True)
M, T = IndexedBase("M", nonnegative=True), IndexedBase("T", positive=True)
x = Symbol("x", real=True)
MARKED = Sum(chi[u], (u, 1, b))
WORLD = World(
    indices={j: b, j2: b, k: c},
    arrays={
        W: ((b, c), LIVE),
        X: ((a, b), NONZERO),
        chi: ((b,), Kind("indicator", tau)),
        unit: ((a,), UNIT),
        M: ((b, c), BINARY),
        T: ((c,), POSITIVE),
    },
    scalars={x: REAL},
    equal_sizes={a: c},
    at_most={tau: (b, c)},
    distinct=((j, j2),),
    facts=((MARKED, tau), (Sum(unit[u] ** 2, (u, 1, a)), 1)),
    nonzero=(x,),
)


@given(st.integers(0, 10**9), st.integers(2, 4))
def test_samples_satisfy_every_declaration(seed, largest):
    env = WORLD.sample(random.Random(seed), largest)
    assert env[a] == env[c]
    assert env[tau] <= min(env[b], env[c])
    assert env[j] != env[j2]
    assert all(1 <= env[index] <= env[size] for index, size in WORLD.indices.items())
    assert env[x] != 0
    assert set(env[W]) == {(r, s) for r in range(1, env[b] + 1) for s in range(1, env[c] + 1)}
    assert all(any(env[W][r, s] for s in range(1, env[c] + 1)) for r in range(1, env[b] + 1))
    assert all(any(env[W][r, s] for r in range(1, env[b] + 1)) for s in range(1, env[c] + 1))
    assert all(value != 0 for value in env[X].values())
    assert all(value > 0 for value in env[T].values())
    assert set(env[M].values()) <= {0, 1}
    assert WORLD.vanishes_nowhere(env)
    for left, right in WORLD.facts:
        assert evaluate(left - right, env).is_zero()


def test_samples_differ_and_reach_zero_entries():
    drawn = [World(arrays={W: ((b, c), REAL)}).sample(random.Random(n), 2) for n in range(30)]
    assert len({tuple(env[W].items()) for env in drawn}) > 20
    assert any(0 in env[W].values() for env in drawn)


def test_an_assumption_without_data_is_an_error():
    with pytest.raises(NoDataError, match="nonzero must be possible"):
        World(lengths=(b,), nonzero=(b - 1,)).sample(random.Random(0), 1)


@pytest.mark.parametrize(
    ("variable", "kind"),
    [(M, REAL), (T, NONNEGATIVE), (chi, UNIT), (T, BINARY), (M, NONZERO)],
)
def test_a_kind_must_not_contradict_its_symbol(variable, kind):
    with pytest.raises(ValueError, match=f"{variable} must not be declared {kind.name}"):
        World(arrays={variable: ((b,), kind)})


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (POSITIVE, 1, 0),
        (NONNEGATIVE, 0, -1),
        (NONZERO, -1, 0),
        (BINARY, 1, 2),
        (LIVE, -1, 0),
    ],
)
def test_tables_are_admitted_by_their_kind(kind, good, bad):
    world = World(arrays={W: ((b, c), kind)})
    assert world.admits(W, {(1, 1): good})
    assert not world.admits(W, {(1, 1): bad})


def test_sizes_are_within_themselves_and_their_bounds():
    assert WORLD.is_within(tau, b)
    assert WORLD.is_within(tau, a)  # a = c
    assert WORLD.is_within(c, a)
    assert not WORLD.is_within(b, tau)
    assert not WORLD.is_within(b, c)
