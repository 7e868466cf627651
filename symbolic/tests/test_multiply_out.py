"""Multiplying sums out changes the shape of a formula and never its value."""

import pytest
from sympy import Integer, KroneckerDelta, Sum

from pruneproof.symbolic.claim import AtMost
from pruneproof.symbolic.decide import proves
from pruneproof.symbolic.notation import W, X, a, b, c, column_norm, i, j, k, u, v
from pruneproof.symbolic.rewriting import is_nonnegative, multiply_out
from pruneproof.symbolic.rewriting.derive import NoNormalFormError
from pruneproof.symbolic.rewriting.rules import canonical_names
from pruneproof.symbolic.witness import holds_on_samples
from pruneproof.symbolic.world import REAL, World

WORLD = World(indices={j: b, k: c}, arrays={W: ((b, c), REAL), X: ((a, b), REAL)})
SQUARE_INSIDE = Sum(Sum(X[i, u] * W[u, k], (u, 1, b)) ** 2, (i, 1, a))
CUBE = Sum(W[u, k], (u, 1, b)) ** 3
ROOTS = Sum(Sum(column_norm(u), (u, 1, b)) ** 2, (v, 1, c))


@pytest.mark.parametrize("formula", [SQUARE_INSIDE, CUBE, ROOTS], ids=["inside", "cube", "roots"])
def test_multiplying_out_keeps_the_value(formula):
    multiplied = multiply_out(formula, WORLD)
    assert multiplied != formula
    assert holds_on_samples(formula, multiplied, WORLD, samples=20)


def test_a_square_inside_a_sum_and_its_gram_form_become_one_expression():
    gram = Sum(X[i, u] * X[i, j], (i, 1, a))
    by_gram = Sum(W[u, k] * W[j, k] * gram, (u, 1, b), (j, 1, b))
    assert multiply_out(SQUARE_INSIDE, WORLD) == multiply_out(by_gram, WORLD)


def test_too_many_indices_are_refused():
    with pytest.raises(NoNormalFormError, match="more than 5 indices"):
        multiply_out(Sum(W[u, k], (u, 1, b)) ** 6, WORLD)


def test_a_range_that_depends_on_another_index_is_left_alone():
    triangle = Sum(W[u, k], (u, 1, v), (v, 1, b))
    assert multiply_out(triangle, WORLD) == canonical_names(triangle, WORLD)
    assert holds_on_samples(triangle**2, multiply_out(triangle**2, WORLD), WORLD, samples=10)


def entry_at_most_column_sum(weight, extra):
    total = Sum(abs(W[u, k]), (u, 1, b))
    return AtMost(weight * abs(W[j, k]), total, extra, over=((j, b),))


OTHERS = Sum((1 - KroneckerDelta(u, j)) * abs(W[u, k]), (u, 1, b))


def test_an_inequality_for_every_index_is_summed_in_a_certificate():
    world = World(indices={k: c}, arrays={W: ((b, c), REAL)})
    total = Sum(abs(W[u, k]), (u, 1, b))
    known = entry_at_most_column_sum(1, OTHERS)
    assert proves(AtMost(total, b * total, using=((Integer(1), known),)), world)
    assert not proves(AtMost(total, total / b, using=((Integer(1), known),)), world)
    wrong = entry_at_most_column_sum(2, OTHERS)
    assert not proves(AtMost(2 * total, b * total, using=((Integer(1), wrong),)), world)


def test_manifest_gaps_are_non_negative_and_their_opposites_are_not():
    for gap in (abs(W[j, k]) - W[j, k], abs(W[j, k]) + W[j, k], 1 - KroneckerDelta(j, k)):
        assert is_nonnegative(gap)
        assert not is_nonnegative(-gap)
    assert not is_nonnegative(abs(W[j, k]) - W[k, j])
    assert not is_nonnegative(1 - W[j, k])
