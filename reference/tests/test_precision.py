import math

import pytest
import torch

from pruneproof.reference.blocks import row_blocks
from pruneproof.reference.precision import (
    accumulation_dtype,
    is_supported,
    score_dtype,
    times_power_of_two,
    to_accumulation,
)

DOUBLES = [1.0, -1.5, 5e-324, 2.0**-1022, -(2.0**1023), 0.0, -0.0, 1.7976931348623157e308]
SINGLES = [1.0, -1.5, 2.0**-149, 2.0**-126, -(2.0**127), 0.0, 3.4028234663852886e38]


@pytest.mark.parametrize("exponent", [-1100, -1074, -1, 0, 1, 53, 1023, 1074, 1100, 2000, -2000])
def test_times_power_of_two_is_ldexp(exponent):
    for number in DOUBLES:
        try:
            expected = math.ldexp(number, exponent)
        except OverflowError:
            expected = math.copysign(math.inf, number)
        A = torch.tensor([number], dtype=torch.float64)
        actual = times_power_of_two(A, torch.tensor([exponent])).item()
        # Two steps may round twice where the result is subnormal.
        assert abs(actual - expected) <= 5e-324 or actual == expected
        assert math.copysign(1, actual) == math.copysign(1, expected)


@pytest.mark.parametrize("exponent", [-252, -149, -1, 0, 1, 128, 149, 254])
def test_times_power_of_two_in_single_precision(exponent):
    for number in SINGLES:
        A = torch.tensor([number])
        actual = times_power_of_two(A, torch.tensor([exponent])).item()
        expected = torch.tensor(math.ldexp(number, exponent), dtype=torch.float64).float().item()
        assert abs(actual - expected) <= 2.0**-149 or actual == expected


def test_times_power_of_two_broadcasts_and_leaves_its_arguments_alone():
    A, exponent = torch.ones(2, 3, dtype=torch.float64), torch.tensor([[1], [-1]])
    assert times_power_of_two(A, exponent).tolist() == [[2.0] * 3, [0.5] * 3]
    assert A.tolist() == [[1.0] * 3] * 2
    assert exponent.tolist() == [[1], [-1]]


def test_accumulation_is_in_double_precision_where_the_device_has_it():
    assert accumulation_dtype(torch.device("cpu")) == torch.float64
    assert accumulation_dtype(torch.device("cuda", 0)) == torch.float64
    assert accumulation_dtype(torch.device("mps")) == torch.float32


def test_to_accumulation_is_exact(dtype):
    numbers = torch.tensor([1.0, -0.75, 0.0, 12.0, float(torch.finfo(dtype).max)]).to(dtype)
    converted = to_accumulation(numbers)
    assert converted.dtype == torch.float64
    assert converted.tolist() == numbers.tolist()


def test_scores_are_in_single_precision_but_for_double_precision_weights(dtype):
    expected = torch.float64 if dtype == torch.float64 else torch.float32
    assert score_dtype(dtype) == expected


def test_supported_dtypes_hold_signed_numbers(dtype):
    assert is_supported(dtype)
    assert not is_supported(torch.int64)
    assert not is_supported(torch.bool)
    assert not is_supported(torch.complex64)
    assert not is_supported(torch.float8_e8m0fnu)


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0), (1, 1), (7, 3), (3, 2**21)])
def test_blocks_cover_every_row_once_in_order(shape):
    rows = [row for part in row_blocks(*shape) for row in range(shape[0])[part]]
    assert rows == list(range(shape[0]))
    limit = max(1, 2**20 // max(1, shape[1]))
    assert all(part.stop - part.start <= limit for part in row_blocks(*shape))
