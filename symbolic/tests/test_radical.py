"""Exact numbers: equality is decided, and every operation agrees with high-precision balls."""

from fractions import Fraction

import pytest
from flint import arb, ctx
from hypothesis import given
from hypothesis import strategies as st

from pruneproof.symbolic.exact import NotExactError, Radical

BITS = 300


def root(value, degree=2):
    return Radical.of(value).power(Fraction(1, degree))


@pytest.fixture(autouse=True)
def precision():
    before, ctx.prec = ctx.prec, BITS
    yield
    ctx.prec = before


fractions = st.fractions(min_value=-50, max_value=50, max_denominator=12)
roots = st.builds(
    lambda q, r, n: Radical.of(q) * root(r, n),
    fractions,
    st.fractions(min_value=0, max_value=60, max_denominator=12),
    st.sampled_from([1, 2, 2, 3, 4, 6]),
)
numbers = st.lists(roots, max_size=4).map(lambda terms: sum(terms, Radical()))


@given(numbers, numbers)
def test_ring_operations_agree_with_balls(x, y):
    assert (x + y).enclosure().overlaps(x.enclosure() + y.enclosure())
    assert (x - y).enclosure().overlaps(x.enclosure() - y.enclosure())
    assert (x * y).enclosure().overlaps(x.enclosure() * y.enclosure())


@given(numbers, numbers)
def test_equality_and_sign_are_those_of_the_numbers(x, y):
    # 300 bits tell apart any two different numbers of this size.
    gap = (x - y).enclosure()
    assert (x == y) == gap.contains(arb(0))
    assert (x - y).sign() == (0 if x == y else 1 if gap > 0 else -1)


@given(numbers, numbers, numbers)
def test_the_distributive_law_is_exact(x, y, z):
    assert x * (y + z) == x * y + x * z


@given(roots, st.integers(2, 6))
def test_a_root_raised_again_is_the_number(x, degree):
    size = abs(x)
    assert size.power(Fraction(1, degree)).power(degree) == size


@given(fractions, fractions, st.sampled_from([2, 3, 5, 7]))
def test_the_inverse_of_two_terms_multiplies_to_one(q, r, radicand):
    number = Radical.of(q) + Radical.of(r) * root(radicand)
    if number.is_zero():
        with pytest.raises(ZeroDivisionError):
            number.inverse()
    else:
        assert number * number.inverse() == 1


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (root(8), Radical.of(2) * root(2)),
        (root(2) * root(3), root(6)),
        (root(Fraction(1, 2)), Radical.of(Fraction(1, 2)) * root(2)),
        (root(4, 4), root(2)),
        (root(9, 6), root(3, 3)),
        ((root(2) + root(3)).power(2), Radical.of(5) + Radical.of(2) * root(6)),
        (root(2) + root(18), root(32)),
    ],
)
def test_equal_numbers_in_two_shapes_are_equal(left, right):
    assert left == right
    assert (left - right).terms == ()


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (root(2) + root(3), root(10)),
        (root(2), root(2, 3)),
        (root(2) + root(3), Radical.of(Fraction(31462643699, 10**10))),
        (root(10**40 + 1), Radical.of(10**20)),
    ],
)
def test_numbers_that_are_close_are_not_equal(left, right):
    assert left != right
    assert (left - right).sign() == -(right - left).sign() != 0


def test_what_is_not_a_sum_of_real_roots_is_refused():
    with pytest.raises(NotExactError, match="negative"):
        root(-2)
    with pytest.raises(NotExactError, match="root of a sum"):
        (Radical.of(3) + root(2)).power(Fraction(1, 2))
    with pytest.raises(NotExactError, match="inverse"):
        (root(2) + root(3) + root(5)).inverse()


def test_powers_of_zero():
    assert Radical().power(0) == 1
    assert Radical().power(Fraction(1, 2)).is_zero()
    with pytest.raises(ZeroDivisionError):
        Radical().power(Fraction(-1, 2))


def test_numbers_print_as_they_are_written():
    assert str(root(2) - root(3)) == "√2 − √3"
    assert str(Radical()) == "0"
