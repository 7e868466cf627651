r"""Certified error bounds, derived by carrying them through a formula operation by operation.

A :class:`Bounded` stands for an array of exact numbers x together with a promise about the
numbers x̂ that an implementation computes in their place:

.. math:: |\hat x - x| \le r\,|x| + e

Python's operators act on the exact numbers and on the promise at once, so that a closed form
written with them is its own error analysis. Each rule is derived in ``docs/exactness.md`` from
IEEE 754's :math:`\mathrm{fl}(x \circ y) = (x \circ y)(1 + \delta) + \eta`, and holds for every
order of the operations that it covers. Exact numbers are balls of python-flint, rounded
outwards; for whole layers, where only r matters, they may be doubles.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from flint import arb
from torch import Tensor

from pruneproof.properties.certified.arithmetic import Arithmetic, subnormal_error, unit_roundoff


def bounded(tensor: Tensor, arithmetic: Arithmetic, *, doubles: bool = False) -> Bounded:
    """An argument, exactly, and the rounding that taking it to the accumulation dtype costs.

    Args:
        tensor: finite floating-point numbers.
        arithmetic: of the implementation that receives it.
        doubles: keep the numbers as doubles (see the module), not as exact balls.
    """
    value = tensor.detach().double().cpu().numpy()
    if not doubles:
        value = exact_array(tensor)
    if arithmetic.holds(tensor.dtype):
        return Bounded(value, arb(0), 0, arithmetic)
    return Bounded(value, arb(0), 0, arithmetic)._rounded(value, arb(1), 0)


def exact_array(tensor: Tensor) -> np.ndarray:
    """The numbers of a tensor as exact balls."""
    flat = [arb(number) for number in tensor.detach().double().flatten().tolist()]
    value = np.empty(len(flat), dtype=object)
    value[:] = flat
    return value.reshape(tuple(tensor.shape))


@dataclass(frozen=True)
class Bounded:
    """Exact numbers with a bound on the error of what is computed in their place.

    Attributes:
        value: x, an array of `arb` or of doubles.
        relative: r, one number or an array of x's shape.
        absolute: e, 0 or an array of x's shape.
        arithmetic: of the implementation.
    """

    value: Any
    relative: Any
    absolute: Any
    arithmetic: Arithmetic

    def __post_init__(self) -> None:
        """Give the value an array's shape, and the errors either that shape or none."""
        value = _array(self.value)
        object.__setattr__(self, "value", value)
        for name in ("relative", "absolute"):
            field = getattr(self, name)
            if isinstance(field, np.ndarray):
                field = np.broadcast_to(_array(field), value.shape) if field.ndim else field.item()
                object.__setattr__(self, name, field)

    @property
    def bound(self) -> np.ndarray:
        """r·|x| + e; e alone where x is 0, so that an infinite r promises nothing there either."""
        relative = _where(self.value == 0, 0, self.relative)
        return np.asarray(relative * np.abs(self.value) + self.absolute)

    @property
    def T(self) -> Bounded:  # noqa: D102 - as numpy's
        return self._each(lambda field: field.T)

    def __getitem__(self, key: Any) -> Bounded:
        """Index or reshape as numpy does."""
        return self._each(lambda field: field[key])

    def __abs__(self) -> Bounded:
        return Bounded(np.abs(self.value), self.relative, self.absolute, self.arithmetic)

    def __add__(self, other: Bounded) -> Bounded:
        """Sum of numbers of one sign: r = (1 + max(r₁, r₂))(1 + u) − 1; nothing underflows."""
        growth = 1 + _larger(self.relative, other.relative)
        absolute = self.absolute + other.absolute
        u = self.arithmetic.u
        return Bounded(
            self.value + other.value, growth * (1 + u) - 1, absolute * (1 + u), self.arithmetic
        )

    def __mul__(self, other: Bounded) -> Bounded:
        """Product: r = (1 + r₁)(1 + r₂)(1 + u) − 1."""
        first, second = 1 + self.relative, 1 + other.relative
        absolute = 0
        if _present(self.absolute) or _present(other.absolute):
            absolute = (
                np.abs(self.value) * first * other.absolute
                + np.abs(other.value) * second * self.absolute
                + self.absolute * other.absolute
            )
        return self._rounded(self.value * other.value, first * second, absolute)

    def __truediv__(self, other: Bounded) -> Bounded:
        """Quotient: r = (1 + r₁)(1 + u)/(1 − R₂) − 1, where R₂ = r₂ + e₂/|x₂|; x/0 counts as 0.

        Divided by 0 are only the weights of a dead input or output, whose score is 0, and those
        next to a sample of zeros, which contributes 0.
        """
        dead = other.value == 0
        divisor = _where(dead, 1, other.value)
        shrink = 1 - other._relative_alone()
        # Infinite where the divisor is not known to have a sign.
        growth = _where(shrink > 0, (1 + self.relative) / _nonzero(shrink), arb("inf"))
        value = _where(dead, 0, self.value / divisor)
        absolute = 0
        if _present(self.absolute):
            absolute = self.absolute / (np.abs(divisor) * _nonzero(shrink))
        return self._rounded(value, growth, absolute)

    def __pow__(self, exponent: float) -> Bounded:
        """Power of non-negative numbers: (1 ± R)^α(1 ± f)·e^(α·u·|ln x|), 0⁰ = 1.

        The last factor is there where the exponent itself is rounded to the accumulation dtype.
        """
        if exponent == 1:
            return self
        zero = self.value == 0
        live = _array(_where(zero, 1, self.value))
        if exponent == 0:
            return Bounded(live**0, arb(0), 0, self.arithmetic)
        f, R = self.arithmetic.function_error, self._relative_alone()
        lowest = _where(R < 1, _nonzero(1 - R) ** exponent * (1 - f), arb("-inf"))
        growth = _larger((1 + R) ** exponent * (1 + f), 2 - lowest)
        if torch.tensor(exponent, dtype=self.arithmetic.accumulate).item() != exponent:
            growth = growth * np.exp(exponent * self.arithmetic.u * np.abs(np.log(live)))
        return self._rounded(_where(zero, 0, self.value**exponent), growth, 0, rounding=False)

    def __sub__(self, other: Bounded) -> Bounded:
        """Difference of numbers that are given exactly: r = u."""
        if _present(self.bound) or _present(other.bound):
            raise ValueError("the difference of inexact numbers has no relative bound")
        return Bounded(self.value - other.value, self.arithmetic.u, 0, self.arithmetic)

    def __matmul__(self, other: Bounded) -> Bounded:
        """Sums of products of any sign: e = (1 + γ_n)·|A||B| − |A||B| with the factors inflated."""
        first, second = np.abs(self.value), np.abs(other.value)
        inflated = (first + self.bound) @ (second + other.bound)
        n = self.value.shape[-1]
        gamma, eta = self.arithmetic.gamma(n), subnormal_error(self.arithmetic.accumulate)
        absolute = inflated * (1 + gamma) - first @ second + n * eta * (1 + gamma)
        absolute = _where(inflated == 0, 0, absolute)
        return Bounded(self.value @ other.value, arb(0), absolute, self.arithmetic)

    def sqrt(self) -> Bounded:
        """Root of non-negative numbers: r = (1 + u)/√(1 − r) − 1, e = min(√e, e/√(x(1 − r)))."""
        growth = 1 / np.sqrt(1 - self.relative)
        root = np.sqrt(self.value)
        absolute = 0
        if _present(self.absolute):
            absolute = np.broadcast_to(np.sqrt(self.absolute), self.value.shape)
            ratio = growth * self.absolute / _where(self.value == 0, 1, root)
            absolute = _where((self.value == 0) | (ratio > absolute), absolute, ratio)
        return self._rounded(root, growth, absolute)

    def hypot(self, other: Bounded, *, squaring: bool = True) -> Bounded:
        """√(x² + y²), by a library or by squaring: r = (1 + max(r₁, r₂))(1 + f) − 1."""
        growth = (1 + _larger(self.relative, other.relative)) * (1 + self.arithmetic.function_error)
        absolute = self.absolute + other.absolute
        squares = self.value * self.value, other.value * other.value
        if squaring and not self.arithmetic.scaled_norms:
            absolute = absolute + self._vanished(squares[0]) + self._vanished(squares[1])
        value = np.sqrt(squares[0] + squares[1])
        return self._rounded(value, growth, absolute, rounding=False)

    def norm(self, p: float, axis: int) -> Bounded:
        """ℓp norms along one axis, summed in any order; p = 0 counts the non-zeros."""
        if p == math.inf:
            value = np.abs(self.value).max(axis, initial=0)
            relative, absolute = self._most(self.relative, axis), self._most(self.absolute, axis)
            return Bounded(value, relative, absolute, self.arithmetic)
        if p == 0:
            return self._count(axis)
        if p == 1:
            return self._sum_norm(axis)
        return self._euclidean_norm(axis) if p == 2 else self._power_norm(p, axis)

    def or_as(self, other: Bounded) -> Bounded:
        """The same numbers by either of two arrangements of a formula: the larger bounds."""
        relative = _larger(self.relative, other.relative)
        absolute = _larger(self.absolute, other.absolute)
        return Bounded(self.value, relative, absolute, self.arithmetic)

    def rounded(self) -> Bounded:
        """One more rounding to the accumulation dtype, for a formula that can be arranged so."""
        return self._rounded(self.value, 1 + self.relative, self.absolute)

    def stored(self) -> Bounded:
        """The final rounding to the result dtype."""
        dtype = self.arithmetic.result
        if dtype == self.arithmetic.accumulate:
            return self
        return self._rounded(self.value, 1 + self.relative, self.absolute, dtype)

    def constant(self, number: int) -> Bounded:
        """An exact number to calculate with; a root or quotient is made by the operators."""
        kind = arb if self.value.dtype == object else float
        return Bounded(kind(number), arb(0), 0, self.arithmetic)

    def reshape(self, *shape: int) -> Bounded:
        """The same numbers in another shape."""
        return self._each(lambda field: field.reshape(shape))

    def broadcast(self, shape: tuple[int, ...]) -> Bounded:
        """Repeat as numpy does."""
        return self._each(lambda field: np.broadcast_to(field, shape))

    def masked(self, keep: np.ndarray) -> Bounded:
        """The same where `keep`, exact zeros elsewhere."""
        return self._each(lambda field: _where(keep, field, 0))

    def _count(self, axis: int) -> Bounded:
        # A number that vanishes when it is converted is not counted.
        live, ones = self.value != 0, self.value**0
        absolute = 0
        if _present(self.absolute):
            absolute = _sum(_where(live & (self.bound >= np.abs(self.value)), ones, 0), axis)
        return Bounded(_sum(_where(live, ones, 0), axis), arb(0), absolute, self.arithmetic)

    def _sum_norm(self, axis: int) -> Bounded:
        n = self.value.shape[axis]
        gamma = self.arithmetic.gamma(max(0, n - 1)) + self._lost_by_scaling(n)
        growth = (1 + self._most(self.relative, axis)) * (1 + gamma)
        absolute = self._total(self.absolute, axis) * growth
        return self._rounded(_sum(np.abs(self.value), axis), growth, absolute, rounding=False)

    def _euclidean_norm(self, axis: int) -> Bounded:
        n = self.value.shape[axis]
        gamma = self.arithmetic.gamma(n) + self._lost_by_scaling(n)
        root = (1 + self.arithmetic.u) / (1 - gamma).sqrt() if gamma < 1 else arb("inf")
        root = root**self._levels
        growth = (1 + self._most(self.relative, axis)) * root
        squares = self.value * self.value
        absolute = np.sqrt(self._total(self.absolute * self.absolute, axis)) * growth
        if not self.arithmetic.scaled_norms:
            absolute = absolute + self._total(self._vanished(squares), axis) * root
        return self._rounded(np.sqrt(_sum(squares, axis)), growth, absolute, rounding=False)

    def _power_norm(self, p: float, axis: int) -> Bounded:
        # Covers both ways to compute it: powers, their sum and its root; and exponentials of
        # p times differences of logarithms, whose error grows with the largest logarithm.
        f, u = self.arithmetic.function_error, self.arithmetic.u
        n = self.value.shape[axis]
        live = np.abs(self.value[self.value != 0])
        range_of_logarithms = max([abs(arb(end).log()) for end in _ends(live)], default=arb(0)) + 1
        if self._levels > 1:
            range_of_logarithms += arb(n).log() / p
        spread = (1 + f) * (1 + u) ** 3 - 1
        term = (2 * p * range_of_logarithms * spread).exp() * (1 + f)
        total = term * (1 + self.arithmetic.gamma(n)) + self._lost_by_scaling(n) - 1
        logarithm = -(1 - total).log() / p * (1 + spread) if total < 1 else arb("inf")
        logarithm += spread * (arb(max(n, 1)).log() / p + range_of_logarithms)
        growth = (logarithm.exp() * (1 + f)) ** self._levels
        growth = growth * (1 + self._most(self._relative_alone(), axis))
        value = _sum(_where(self.value == 0, 0, np.abs(self.value) ** p), axis)
        exponent = 1 / arb(p) if self.value.dtype == object else 1 / p
        value = _where(value == 0, 0, value**exponent)
        return self._rounded(value, growth, 0, rounding=False)

    @property
    def _levels(self) -> int:
        """1, or 2 where the norm may be one of the norms of blocks."""
        block = self.arithmetic.block_elements
        return 1 if block is None or self.value.size <= block else 2

    def _lost_by_scaling(self, n: int) -> arb:
        """Relative to a sum whose largest term is at least ¼: what n terms lose to underflow."""
        return 16 * n * subnormal_error(self.arithmetic.accumulate)

    def _each(self, change: Any) -> Bounded:
        def field(part: Any) -> Any:
            return change(part) if isinstance(part, np.ndarray) and part.ndim else part

        return Bounded(
            change(self.value), field(self.relative), field(self.absolute), self.arithmetic
        )

    def _rounded(
        self,
        value: Any,
        growth: Any,
        absolute: Any,
        dtype: torch.dtype | None = None,
        *,
        rounding: bool = True,
    ) -> Bounded:
        """The rounding of one result; `growth` is 1 + r before it, or with it already."""
        dtype = dtype or self.arithmetic.accumulate
        u = unit_roundoff(dtype) if rounding else arb(0)
        tiny = _maybe_subnormal(np.asarray(value), growth, absolute, dtype)
        absolute = absolute * (1 + u)
        if tiny.any():
            absolute = absolute + _where(tiny, subnormal_error(dtype), 0)
        return Bounded(value, growth * (1 + u) - 1, absolute, self.arithmetic)

    def _relative_alone(self) -> Any:
        """R = r + e/|x|, which bounds the whole error where x is not 0."""
        if not _present(self.absolute):
            return self.relative
        zero = self.value == 0
        absolute = np.broadcast_to(self.absolute, self.value.shape)
        at_zero = _where(absolute == 0, 0, arb("inf"))
        quotient = absolute / _where(zero, 1, np.abs(self.value))
        return self.relative + _where(zero, at_zero, quotient)

    def _vanished(self, squares: Any) -> Any:
        """√η where a square may be subnormal: the root of a sum moves by at most that."""
        tiny = _maybe_subnormal(squares, arb(1), 0, self.arithmetic.accumulate)
        if not tiny.any():
            return 0
        return _where(tiny, subnormal_error(self.arithmetic.accumulate).sqrt(), 0)

    def _most(self, field: Any, axis: int) -> Any:
        return field.max(axis) if isinstance(field, np.ndarray) and field.ndim else field

    def _total(self, field: Any, axis: int) -> Any:
        if not _present(field):
            return 0
        return _sum(np.broadcast_to(field, self.value.shape), axis)


def _array(numbers: Any) -> np.ndarray:
    """An array of doubles as it is; of anything else, such as the 0 of an empty sum, balls."""
    array = np.asarray(numbers)
    return array if array.dtype == np.float64 else np.asarray(_ball(array), dtype=object)


def _where(condition: Any, chosen: Any, otherwise: Any) -> Any:
    return np.where(condition, chosen, otherwise)


def _sum(array: np.ndarray, axis: int) -> np.ndarray:
    # numpy's empty sum of objects is the int 0, which has no root.
    return _array(array.sum(axis))


def _maybe_subnormal(value: np.ndarray, growth: Any, absolute: Any, dtype: torch.dtype) -> Any:
    """Where a number that is computed in place of a value may lie below the normal range."""
    smallest = torch.finfo(dtype).smallest_normal
    if value.dtype != object:
        # Doubles are for whole layers: half of a value is a lower bound for any sane growth.
        return (np.abs(value) < 2 * smallest) & (value != 0)
    lowest = np.abs(value) * (2 - growth) - absolute
    exact_zero = (value == 0) & (np.asarray(absolute) == 0)
    return ~((lowest >= smallest) | exact_zero)


def _present(field: Any) -> bool:
    return bool(np.any(np.asarray(field) != 0))


def _nonzero(shrink: Any) -> Any:
    return _where(shrink > 0, shrink, 1)


def _ends(magnitudes: np.ndarray) -> list[Any]:
    return [magnitudes.min(), magnitudes.max()] if magnitudes.size else []


_ball = np.frompyfunc(arb, 1, 1)
_larger = np.frompyfunc(lambda first, second: arb(first).max(arb(second)), 2, 1)
