"""Error ÷ bound: how near a computed result comes to what it may be wrong by."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from flint import arb
from torch import Tensor

from pruneproof.properties.bounds import Bounded


@dataclass(frozen=True)
class Ratio:
    """The worst entry of a result.

    Attributes:
        value: the largest error ÷ bound, rounded up; at most 1 for a correct result, nan where
            one was computed.
        position: of that entry; None for a result without entries.
        text: the entry's computed and exact numbers and its bound.
    """

    value: float
    position: tuple[int, ...] | None
    text: str


def worst_ratio(computed: Tensor, expected: Bounded) -> Ratio:
    """Compare every entry with its exact number.

    An infinite result is right where the exact number, within its bound, rounds to infinity.

    Args:
        computed: finite or not, of any floating dtype.
        expected: exact balls of the same shape, and their bounds.

    Raises:
        ValueError: the shapes differ.
    """
    if tuple(computed.shape) != expected.value.shape:
        raise ValueError(
            f"computed must have shape {expected.value.shape}, got {tuple(computed.shape)}"
        )
    bounds, overflow = expected.bound, _overflow(computed.dtype)
    worst = Ratio(0.0, None, "no entries")
    for position, number in zip(_positions(computed), computed.flatten().tolist(), strict=True):
        exact, bound = arb(expected.value[position]), arb(bounds[position])
        value = _ratio(number, exact, bound, overflow)
        # nan is worse than everything, and stays.
        if worst.position is None or value > worst.value or math.isnan(value):
            text = f"computed {number!r}, exact {exact.str(20)}, bound {bound.str(3, radius=False)}"
            worst = Ratio(value, position, text)
        if math.isnan(value):
            break
    return worst


def assert_within(computed: Tensor, expected: Bounded, name: str) -> None:
    """Assert that every entry of a result lies within its bound.

    Args:
        computed: the result.
        expected: the exact numbers and their bounds.
        name: what the failing report calls the result.
    """
    assert tuple(computed.shape) == expected.value.shape, (
        f"{name} must have shape {expected.value.shape}, got {tuple(computed.shape)}"
    )
    worst = worst_ratio(computed, expected)
    assert worst.value <= 1, (
        f"{name}: error ÷ bound = {worst.value:.4g} at {worst.position}: {worst.text}"
    )


def _ratio(number: float, exact: arb, bound: arb, overflow: arb) -> float:
    if math.isnan(number):
        return math.nan
    if math.isinf(number):
        # Everything beyond the overflow threshold becomes infinite.
        sign = 1 if number > 0 else -1
        error = overflow - sign * exact
        error = error.max(arb(0))
    else:
        error = abs(arb(number) - exact)
    if error == 0:
        return 0.0
    if bound == 0:
        return math.inf
    return _rounded_up((error / bound).upper()) if bound.is_finite() else 0.0


def _rounded_up(number: arb) -> float:
    result = float(number)
    return math.nextafter(result, math.inf) if not arb(result) >= number else result


def _overflow(dtype: torch.dtype) -> arb:
    info = torch.finfo(dtype)
    return arb(info.max) * (1 + arb(info.eps) / 4)


def _positions(tensor: Tensor) -> list[tuple[int, ...]]:
    return [tuple(index) for index in torch.ones(tensor.shape).nonzero().tolist()]
