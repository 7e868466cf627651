import math

import pytest
import torch

from pruneproof.reference.norms import (
    activation_norms,
    input_norms,
    output_activation_norms,
    output_norms,
)

POWERS = [0, 0.01, 0.5, 1, 1.5, 2, 3, 7.0, 5000.0, math.inf]


def roundings(numbers: list[float], p: float) -> float:
    """How many roundings of float64 the norm of numbers may be off by (see norms.py).

    Sums of n terms take n - 1, the root and the scaling 3, twice for a norm of norms. The other
    powers take logarithms of at most `largest`, off by that many roundings, a few times over, and
    1/p as many as the sum.
    """
    n = len(numbers)
    if p in (0, 1, 2, math.inf):
        return 2 * (n + 3)
    largest = max((abs(math.log(abs(number))) for number in numbers if number), default=0)
    return 2 * (10 * (largest + math.log(n) / p) + (n + 8) / p + 8)


def is_representable(norm) -> bool:
    return norm <= torch.finfo(torch.float64).max / 2


@pytest.mark.parametrize("p", POWERS)
def test_norms_are_their_definition(W, p, decimals, p_norm, assert_close):
    rows = decimals(W)
    for norms, vectors in (
        (input_norms, rows),
        (output_norms, list(map(list, zip(*rows, strict=True)))),
    ):
        exact = [p_norm(vector, p) for vector in vectors]
        if not all(map(is_representable, exact)):
            with pytest.raises(ValueError, match="W must have .* scale it"):
                norms(W, p)
            continue
        actual = norms(W, p)
        assert actual.dtype == torch.float64
        assert actual.device == W.device
        for number, norm, vector in zip(actual, exact, vectors, strict=True):
            assert_close(number, [norm], roundings(list(map(float, vector)), p))


@pytest.mark.parametrize("p", POWERS)
def test_the_norm_of_one_number_is_its_magnitude(p, assert_close, decimals):
    numbers = torch.tensor([[3.0], [-1e-300], [5e-324], [-8e307], [0.0]], dtype=torch.float64)
    actual = input_norms(numbers, p)
    expected = torch.tensor([1.0, 1, 1, 1, 0]) if p == 0 else numbers.abs().squeeze(1)
    for number, exact, x in zip(actual, decimals(expected), numbers, strict=True):
        assert_close(number, [exact], roundings(x.tolist(), p))


@pytest.mark.parametrize("p", [1e-3, 0.25, 0.5])
def test_for_small_p_a_number_far_below_the_largest_still_counts(p, decimals, p_norm, assert_close):
    numbers = [1e-300, 1e-310, 5e-324, 1e5]
    tensor = torch.tensor([numbers], dtype=torch.float64)
    exact = p_norm(decimals(tensor)[0], p)
    if is_representable(exact):
        assert_close(input_norms(tensor, p), [exact], roundings(numbers, p))
    else:
        with pytest.raises(ValueError, match="scale it"):
            input_norms(tensor, p)


def test_sums_of_squares_neither_overflow_nor_underflow_in_float64():
    numbers = torch.tensor([[3.0, -4.0]], dtype=torch.float64)
    for unit in (2.0**1000, 2.0**-1000, 2.0**-1074):
        assert input_norms(numbers * unit, 2).item() == 5 * unit
        assert output_norms(numbers.T * unit, 2).item() == 5 * unit


def test_sums_of_half_precision_numbers_are_exact():
    ones = torch.full((3, 70000), 65504.0, dtype=torch.float16)
    assert input_norms(ones, 1).tolist() == [65504.0 * 70000] * 3
    assert output_norms(ones.T, 1).tolist() == [65504.0 * 70000] * 3


def test_distinct_powers_of_two_add_up_to_the_binary_number():
    W = torch.tensor([[2.0**-i for i in range(50)]])
    assert input_norms(W, 1).item() == 2 - 2.0**-49


@pytest.mark.parametrize("p", POWERS)
@pytest.mark.parametrize("block_elements", [1, 7, 20])
def test_blocks_change_nothing_but_roundings(
    p, block_elements, monkeypatch, decimals, p_norm, assert_close
):
    W = torch.randn(5, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    monkeypatch.setattr("pruneproof.reference.norms.block_size", lambda _: block_elements)
    for norms, vectors in ((input_norms(W, p), W), (output_norms(W, p), W.T)):
        for number, vector in zip(norms, vectors, strict=True):
            exact = p_norm(decimals(vector), p)
            assert_close(number, [exact], roundings(vector.tolist(), p))


@pytest.mark.parametrize("p", POWERS)
def test_strides_change_no_bit(p):
    W = torch.randn(64, 33, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    spaced = torch.zeros(128, 66, dtype=torch.float64)
    spaced[::2, ::2] = W
    for same in (W.T.contiguous().T, spaced[::2, ::2]):
        assert torch.equal(input_norms(same, p), input_norms(W, p))
        assert torch.equal(output_norms(same, p), output_norms(W, p))


def test_activation_norms_are_of_columns_of_x_and_of_rows_of_y(W, p_norm, decimals, assert_close):
    rows = decimals(W)
    columns = list(map(list, zip(*rows, strict=True)))
    of_columns = [p_norm(column, 2) for column in columns]
    of_rows = [p_norm(row, 2) for row in rows]
    assert_close(activation_norms(W), of_columns, roundings(columns[0], 2))
    assert_close(output_activation_norms(W), of_rows, roundings(rows[0], 2))


@pytest.mark.parametrize("p", POWERS)
@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_an_empty_sum_is_zero(shape, p):
    W = torch.zeros(shape)
    assert input_norms(W, p).tolist() == [0.0] * shape[0]
    assert output_norms(W, p).tolist() == [0.0] * shape[1]


def test_arguments_are_left_alone():
    for dtype in (torch.float64, torch.float32):
        W = torch.tensor([[1.0, -2.0], [0.0, 3.0]], dtype=dtype)
        before = W.clone()
        for p in POWERS:
            input_norms(W[:, :1], p), output_norms(W, p)
        assert torch.equal(W, before)


def test_a_norm_is_taken_up_to_half_of_the_range():
    half = torch.finfo(torch.float64).max / 2
    assert input_norms(torch.tensor([[half]], dtype=torch.float64), math.inf).item() == half
    with pytest.raises(ValueError, match="within half"):
        input_norms(torch.tensor([[1.5 * half]], dtype=torch.float64), math.inf)
