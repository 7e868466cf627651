"""What the strategies must be able to draw, since a property only sees what is drawn."""

from collections.abc import Callable
from itertools import product

import pytest
import torch
from hypothesis import Phase, find, given, seed, settings
from hypothesis import strategies as st
from torch import Tensor

from pruneproof.properties.certified.strategies import (
    DTYPES,
    LARGEST_DOUBLE,
    VIEWS,
    Layer,
    as_view,
    layers,
    matrices,
    sizes,
)

FEATURES: dict[str, Callable[[Tensor], bool]] = {
    "a dead input": lambda W: bool((W == 0).all(1).any() and (W != 0).any()),
    "a dead output": lambda W: bool((W == 0).all(0).any() and (W != 0).any()),
    "a tie between lines": lambda W: W.shape[0] > 1 and bool((W[0] == W[1]).all() and W[0].any()),
    "a negative zero": lambda W: bool(((W == 0) & W.signbit()).any()),
    "a subnormal number": lambda W: bool(
        ((W != 0) & (W.abs() < torch.finfo(W.dtype).smallest_normal)).any()
    ),
    "a huge number": lambda W: bool(
        (W.abs().double() >= min(torch.finfo(W.dtype).max, LARGEST_DOUBLE)).any()
    ),
    "strides that are not contiguous": lambda W: W.numel() > 1 and not W.is_contiguous(),
    "a repeated line": lambda W: W.numel() > 1 and 0 in W.stride() and bool(W.any()),
    "no zero": lambda W: W.numel() > 3 and bool((W != 0).all()),
    "one entry": lambda W: W.numel() == 1,
}
WANTED = {*product([*FEATURES, "another dtype"], DTYPES), ("no entry", torch.float64)}
QUICKLY = settings(database=None, derandomize=True, deadline=None, max_examples=1500)


@pytest.fixture(scope="module")
def seen() -> set[tuple[str, torch.dtype]]:
    """The features of many layers, each with the dtype of the weights (any where none is left)."""
    found: set[tuple[str, torch.dtype]] = set()

    @settings(QUICKLY, derandomize=False, phases=[Phase.generate], max_examples=300)
    @given(layers(empty=True))
    def collect(layer: Layer) -> None:
        found.update((name, layer.W.dtype) for name in FEATURES if FEATURES[name](layer.W))
        if layer.W.numel() == 0:
            found.add(("no entry", torch.float64))
        if layer.weight.dtype != layer.inputs.dtype:
            found.add(("another dtype", layer.W.dtype))

    # Examples of one run resemble each other: what is one in a hundred may be missing in 1500.
    for number in range(20):
        seed(number)(collect)()
        if found >= WANTED:
            break
    return found


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("feature", FEATURES)
def test_every_feature_is_drawn_in_every_dtype(
    seen: set[tuple[str, torch.dtype]], feature: str, dtype: torch.dtype
):
    assert (feature, dtype) in seen


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_weights_and_activations_may_differ_in_dtype(
    seen: set[tuple[str, torch.dtype]], dtype: torch.dtype
):
    assert ("another dtype", dtype) in seen


def test_layers_may_be_empty(seen: set[tuple[str, torch.dtype]]):
    assert ("no entry", torch.float64) in seen


def test_a_counterexample_shrinks_to_one_entry():
    square = sizes().flatmap(lambda size: matrices(size, size, torch.float64))
    matrix = find(square, lambda matrix: bool((matrix < -1).any()), settings=QUICKLY)
    assert matrix.tolist() == [[-2.0]]


@given(layers(empty=True))
def test_layers_fit_together_and_are_finite(layer: Layer):
    out_features, in_features = layer.weight.shape
    assert layer.inputs.shape[1] == in_features
    assert layer.outputs.shape[0] == out_features
    assert all(each.isfinite().all() for each in (layer.weight, layer.inputs, layer.outputs))


@given(matrices(3, 2, torch.float64, invertible=True))
def test_invertible_doubles_have_finite_reciprocals(matrix: Tensor):
    live = matrix[matrix != 0]
    assert (live.abs() >= 1 / LARGEST_DOUBLE).all()


@given(st.sampled_from(VIEWS), st.integers(1, 3), st.integers(1, 3))
def test_a_view_has_the_matrix_s_numbers(kind: str, rows: int, columns: int):
    matrix = torch.arange(1.0, 1 + rows * columns).reshape(rows, columns)
    expected = matrix[:1].expand(rows, columns) if kind == "repeated" else matrix
    assert torch.equal(as_view(matrix, kind), expected)
