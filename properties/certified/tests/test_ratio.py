"""The ratio of error to bound: what fails, what passes and what the report says."""

import math

import pytest
import torch
from flint import arb

from pruneproof.properties.certified.arithmetic import Arithmetic
from pruneproof.properties.certified.bounds import Bounded, bounded
from pruneproof.properties.certified.ratio import assert_within, worst_ratio, worst_ratio_of_doubles

ARITHMETIC = Arithmetic()


def expected(numbers: list[float], relative: float = 0.0, absolute: float = 0.0) -> Bounded:
    exact = bounded(torch.tensor(numbers, dtype=torch.float64), ARITHMETIC)
    return Bounded(exact.value, arb(relative), arb(absolute), ARITHMETIC)


def test_an_exact_result_has_ratio_zero_even_without_a_bound():
    assert worst_ratio(torch.tensor([1.0, -0.0]), expected([1.0, 0.0])).value == 0


def test_the_worst_entry_is_reported():
    worst = worst_ratio(torch.tensor([1.0, 2.5, 5.5]), expected([1.0, 2.0, 4.0], 0.5))
    assert worst.value == 0.75
    assert worst.position == (2,)
    assert "computed 5.5, exact 4" in worst.text


@pytest.mark.parametrize("beyond", [False, True])
def test_the_bound_itself_is_the_limit(beyond: bool):
    computed = torch.tensor([1.5 + beyond * 2.0**-52], dtype=torch.float64)
    ratio = worst_ratio(computed, expected([1.0], absolute=0.5)).value
    assert (ratio > 1) is beyond


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, 1.0000001])
def test_what_is_wrong_fails(number: float):
    with pytest.raises(AssertionError, match="score: error ÷ bound ="):
        assert_within(torch.tensor([0.0, number]), expected([0.0, 1.0], 2.0**-30), "score")


def test_nan_fails_beside_anything():
    computed, numbers = torch.tensor([9.0, math.nan, 9.0]), expected([1.0, 1.0, 1.0], 0.5)
    assert math.isnan(worst_ratio(computed, numbers).value)
    with pytest.raises(AssertionError, match="= nan at \\(1,\\)"):
        assert_within(computed, numbers, "score")


def test_nan_fails_without_a_finite_bound():
    with pytest.raises(AssertionError):
        assert_within(torch.tensor([math.nan]), expected([1.0], math.inf), "score")


def test_an_error_without_a_bound_fails():
    assert worst_ratio(torch.tensor([2.0**-149]), expected([0.0], 1.0)).value == math.inf


def test_infinity_is_right_beyond_the_largest_number():
    huge = torch.tensor([math.inf], dtype=torch.float32)
    assert worst_ratio(huge, expected([2.0**128], 2.0**-24)).value == 0
    assert worst_ratio(huge, expected([2.0**127], 2.0**-24)).value > 1
    assert worst_ratio(-huge, expected([2.0**128], 2.0**-24)).value > 1


@pytest.mark.parametrize("shape", [(2,), (1, 1), ()])
def test_another_shape_fails(shape: tuple[int, ...]):
    with pytest.raises(AssertionError, match=r"score must have shape \(1,\)"):
        assert_within(torch.ones(shape), expected([1.0]), "score")
    with pytest.raises(ValueError, match="computed must have shape"):
        worst_ratio(torch.ones(shape), expected([1.0]))


def test_nothing_is_within_any_bound():
    assert worst_ratio(torch.ones(0), expected([])).value == 0


def doubles(numbers: list[float], accumulate: torch.dtype = torch.float64) -> Bounded:
    tensor = torch.tensor(numbers, dtype=torch.float64)
    return bounded(tensor, Arithmetic(accumulate, accumulate), doubles=True).rounded()


@pytest.mark.parametrize(
    ("number", "low", "high"),
    [
        (1.0, 0.0, 1e-8),
        (1 + 2.0**-24, 0.49, 0.51),
        (1 + 2.0**-22, 1.9, 2.1),
        (math.inf, 9, math.inf),
    ],
)
def test_doubles_are_compared_with_their_own_error_added(number: float, low: float, high: float):
    computed = torch.tensor([number], dtype=torch.float64)
    ratio = worst_ratio_of_doubles(computed, doubles([1.0], torch.float32), doubles([1.0]))
    assert low <= ratio <= high


def test_nan_fails_among_doubles():
    computed = torch.tensor([1.0, math.nan])
    expected, own = doubles([1.0, 1.0], torch.float32), doubles([1.0, 1.0])
    assert math.isnan(worst_ratio_of_doubles(computed, expected, own))


def test_an_error_where_the_exact_number_is_zero_fails_among_doubles():
    computed = torch.tensor([2.0**-149])
    expected, own = doubles([0.0], torch.float32), doubles([0.0])
    assert worst_ratio_of_doubles(computed, expected, own) == math.inf


def test_doubles_that_may_underflow_are_refused():
    expected, own = doubles([2.0**-140], torch.float32), doubles([2.0**-140])
    with pytest.raises(ValueError, match="normal numbers only"):
        worst_ratio_of_doubles(torch.tensor([2.0**-140]), expected, own)
    with pytest.raises(ValueError, match="computed must have shape"):
        worst_ratio_of_doubles(torch.ones(2), doubles([1.0]), doubles([1.0]))
