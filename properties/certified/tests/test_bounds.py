"""The bounds hold for arithmetic that is worse than the reference's, and are not vacuous."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from pruneproof.properties import certified
from pruneproof.properties.certified.arithmetic import Arithmetic
from pruneproof.properties.certified.bounds import Bounded, bounded
from pruneproof.properties.certified.certify import expected_score
from pruneproof.properties.certified.implementation import REFERENCE
from pruneproof.properties.certified.ratio import assert_within, worst_ratio
from pruneproof.reference import sampled_entries

LOW_PRECISION = (torch.float16, torch.bfloat16, torch.float32)


@st.composite
def low_precision_matrices(draw: st.DrawFn, rows: int, columns: int, smallest: float) -> Tensor:
    """Doubles that a low-precision implementation rounds first; the larger ones up to 8."""
    size = st.floats(smallest, 8)
    element = st.just(0.0) | size | size.map(lambda number: -number)
    entries = draw(st.lists(element, min_size=rows * columns, max_size=rows * columns))
    return torch.tensor(entries, dtype=torch.float64).reshape(rows, columns)


@st.composite
def cases(draw: st.DrawFn, smallest: float = 0.0) -> tuple[Tensor, Tensor, Tensor, torch.dtype]:
    """W, X, Y and the dtype in which everything is computed."""
    a, b, c, d = draw(st.tuples(*[st.integers(1, 6)] * 4))
    shapes = ((b, c), (a, b), (c, d))
    W, X, Y = (draw(low_precision_matrices(*shape, smallest)) for shape in shapes)
    return W, X, Y, draw(st.sampled_from(LOW_PRECISION))


def total(terms: Tensor, axis: int) -> Tensor:
    """A sum in the terms' own dtype, one after the other from the last to the first."""
    result = torch.zeros_like(terms.select(axis, 0))
    for index in reversed(range(terms.shape[axis])):
        result = result + terms.select(axis, index)
    return result


def norm(A: Tensor, axis: int) -> Tensor:
    return total(A * A, axis).sqrt()


def share(W: Tensor, norms: Tensor) -> Tensor:
    return torch.where(norms == 0, 0, W.abs() / norms)


Naive = Callable[[Tensor, Tensor, Tensor], Tensor]
Form = Callable[[Bounded, Bounded, Bounded], Bounded]

NAIVE: dict[str, tuple[Naive, Form]] = {
    "wanda": (
        lambda W, X, Y: W.abs() * norm(X, 0)[:, None] ** 0.3,
        lambda W, X, Y: certified.scores.wanda(W, X.norm(2, axis=0), 0.3),
    ),
    "symwanda": (
        lambda W, X, Y: W.abs() * norm(X, 0)[:, None] + W.abs() * norm(Y, 1),
        lambda W, X, Y: certified.scores.symwanda(W, X.norm(2, axis=0), Y.norm(2, axis=1)),
    ),
    "symmetric_squared": (
        lambda W, X, Y: W.abs() * (norm(W, 1)[:, None] ** 2 + norm(W, 0) ** 2).sqrt(),
        lambda W, X, Y: certified.scores.symmetric_squared(W),
    ),
    "ri": (
        lambda W, X, Y: share(W, total(W.abs(), 1)[:, None]) + share(W, total(W.abs(), 0)),
        lambda W, X, Y: certified.scores.ri(W),
    ),
    "general_diagonal": (
        lambda W, X, Y: (
            share(W, total(W.abs(), 1)[:, None]) * norm(X, 0)[:, None]
            + share(W, total(W.abs(), 0)) * norm(Y, 1)
        ),
        lambda W, X, Y: certified.scores.general_diagonal(W, X.norm(2, axis=0), Y.norm(2, axis=1)),
    ),
    "a matrix product": (
        lambda W, X, Y: total(X[:, :, None] * W, 1),
        lambda W, X, Y: X @ W,
    ),
    "the norm of a matrix product": (
        lambda W, X, Y: norm(total(X[:, :, None] * W, 1), 0),
        lambda W, X, Y: (X @ W).norm(2, axis=0),
    ),
}


@pytest.mark.parametrize("name", NAIVE)
@given(case=cases())
def test_low_precision_stays_within_its_bound(
    name: str, case: tuple[Tensor, Tensor, Tensor, torch.dtype]
):
    W, X, Y, dtype = case
    arithmetic = Arithmetic(dtype, dtype, scaled_norms=False)
    naive, form = NAIVE[name]
    computed = naive(*(each.to(dtype) for each in (W, X, Y)))
    expected = form(*(bounded(each, arithmetic) for each in (W, X, Y)))
    assert computed.dtype == dtype
    assert_within(computed, expected, name)


@given(cases(smallest=2.0**-6), st.sampled_from([0.5, 1.5, 3.0]))
def test_powers_in_single_precision_stay_within_their_bound(
    case: tuple[Tensor, Tensor, Tensor, torch.dtype], p: float
):
    arithmetic = Arithmetic(torch.float32, torch.float32, scaled_norms=False)
    computed = total(case[0].float().abs() ** p, 1) ** (1 / p)
    assert_within(computed, bounded(case[0], arithmetic).norm(p, axis=1), "norm by powers")


@pytest.mark.parametrize("p", [0.0, 1.0, float("inf")])
@given(case=cases())
def test_exact_orders_stay_within_their_bound(
    p: float, case: tuple[Tensor, Tensor, Tensor, torch.dtype]
):
    W, _, _, dtype = case
    A = W.to(dtype).abs()
    computed = {0.0: total((A > 0).to(dtype), 1), 1.0: total(A, 1)}.get(p, A.amax(1))
    arithmetic = Arithmetic(dtype, dtype, scaled_norms=False)
    assert_within(computed, bounded(W, arithmetic).norm(p, axis=1), f"norm of order {p}")


def test_a_sum_beyond_the_precision_has_no_bound():
    arithmetic = Arithmetic(torch.bfloat16, torch.bfloat16)
    assert not bounded(torch.ones(1, 300), arithmetic).norm(1, axis=1).relative.is_finite()
    assert bounded(torch.ones(1, 200), arithmetic).norm(1, axis=1).relative.is_finite()


def test_a_difference_of_rounded_numbers_has_no_relative_bound():
    rounded = bounded(torch.ones(1, 1), Arithmetic()).rounded()
    with pytest.raises(ValueError, match="difference of inexact numbers"):
        rounded - rounded


# The largest error ÷ bound over the catalogue: scores of float32 weights, whose bound is mostly
# the final rounding, and of float64 weights, whose bound sums up the worst case of every step.
CATALOGUE: dict[str, tuple[dict[str, Any], float, float]] = {
    "wanda": ({}, 0.9, 0.2),
    "owanda": ({}, 0.9, 0.3),
    "symwanda": ({}, 0.9, 0.2),
    "symwanda_squared": ({}, 0.9, 0.1),
    "symmetric": ({}, 0.9, 0.2),
    "symmetric_squared": ({}, 0.9, 0.1),
    "ri": ({}, 0.9, 0.15),
    "ria": ({}, 0.9, 0.08),
    "general_diagonal": ({}, 0.9, 0.15),
    "lp": ({"p": 3.0}, 0.9, 0.008),
    "stochria": ({"ratio": 1.0}, 0.9, 0.15),
}


def catalogue(method: str, dtype: torch.dtype) -> list[tuple[Tensor, Tensor | None, Tensor | None]]:
    """Forty layers of normally distributed numbers."""
    generator = torch.Generator().manual_seed(0)

    def normal(rows: int, columns: int) -> Tensor:
        return torch.randn(rows, columns, generator=generator, dtype=torch.float64).to(dtype)

    with_inputs = method in ("wanda", "symwanda", "symwanda_squared", "ria", "general_diagonal")
    with_outputs = method in ("owanda", "symwanda", "symwanda_squared", "general_diagonal")
    layers = [(normal(4, 3), normal(5, 3), normal(4, 2)) for _ in range(40)]
    return [(W, X if with_inputs else None, Y if with_outputs else None) for W, X, Y in layers]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("method", CATALOGUE)
def test_the_bound_is_not_vacuous(method: str, dtype: torch.dtype):
    parameters, *floors = CATALOGUE[method]
    worst = 0.0
    for weight, inputs, outputs in catalogue(method, dtype):
        known = dict(parameters)
        if method == "stochria":
            known = {"samples": sampled_entries(*weight.T.shape, ratio=1.0, seed=0)}
        arithmetic = REFERENCE.arithmetic(dtype)
        expected = expected_score(method, weight, inputs, outputs, arithmetic, **known)
        computed = REFERENCE.adapter.score(method, weight, inputs, outputs, **parameters)
        worst = max(worst, worst_ratio(computed.T, expected).value)
    floor = floors[dtype == torch.float64]
    assert floor <= worst <= 1
