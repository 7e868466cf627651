"""Error ÷ bound: how near a computed result comes to what it may be wrong by."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from flint import arb
from torch import Tensor

from pruneproof.properties.certified.bounds import Bounded


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


def worst_ratio_of_doubles(computed: Tensor, expected: Bounded, own: Bounded) -> float:
    r"""The largest error ÷ bound of a whole layer, whose exact numbers are known as doubles only.

    With :math:`|v - S| \le \rho v` for the doubles v, :math:`|\hat S - S| \le |\hat S - v| +
    \rho v` and :math:`S \ge v / (1 + \rho)`.

    Args:
        computed: the result Ŝ.
        expected: doubles in place of the exact numbers, and the bounds of Ŝ.
        own: the doubles v, and the bounds of their own arithmetic.

    Raises:
        ValueError: the shapes differ, or a number is so small that underflow has to be bounded,
            which only exact balls can be.
    """
    if tuple(computed.shape) != own.value.shape:
        raise ValueError(f"computed must have shape {own.value.shape}, got {tuple(computed.shape)}")
    if isinstance(expected.absolute, np.ndarray) or isinstance(own.absolute, np.ndarray):
        raise ValueError("own must hold normal numbers only")
    exact, rho = own.value, _rounded_up(own.relative.upper())
    relative = -_rounded_up((-expected.relative).upper())
    error = np.abs(computed.double().numpy() - exact) + rho * exact
    bound = relative * exact / (1 + rho)
    wrong = (error > 0) & ~(bound > 0)
    ratios = np.where(wrong, math.inf, error / np.where(bound > 0, bound, 1))
    # The dozen roundings of these lines are far less than this.
    return float(ratios.max(initial=0) * (1 + 2.0**-40))


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
