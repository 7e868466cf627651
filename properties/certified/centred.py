r"""Bounds of what is left when the mean is taken off: differences, and their norms.

Take n numbers of any sign, X the largest magnitude and c the norm about their mean. By
:mod:`pruneproof.properties.gate.comparing.moments`, of which this is the certified form, an honest
mean is within :math:`E = \gamma_{8n + 8} X`, and an honest sum of squared deviations, by two
passes, Welford's updates or merges of batches in any tree, within

.. math:: (1 + \gamma_{2n + 9}) (4\sqrt{Ln}\,cE + (1 + 4L)nE^2) + 2(n + 1)\gamma_{2n + 9} c^2,
    \qquad L = \max(1, \tfrac12 \log_2 n),

to which underflow adds 8nη. The root moves by at most the root of that, or by that over c.
Arguments that are off by d move each difference by 2d, and the norm by d√n, since centring
projects. Not covered is :math:`\sqrt{\sum x^2 - n\mu^2}`, in which digits cancel.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from flint import arb

from pruneproof.properties.certified.arithmetic import subnormal_error
from pruneproof.properties.certified.bounds import Bounded


def centred(numbers: Bounded) -> Bounded:
    """The columns less their means: r = u, e = E + 2d."""
    n = numbers.value.shape[0]
    if n == 0:
        return numbers
    mean, error, moved, _ = _mean(numbers)
    u = numbers.arithmetic.u
    value = numbers.value - mean
    absolute = np.broadcast_to((error + 2 * moved) * (1 + u), value.shape)
    return Bounded(value, u, absolute, numbers.arithmetic)


def centred_norm(numbers: Bounded) -> Bounded:
    """The norms of the columns about their means."""
    n, arithmetic = numbers.value.shape[0], numbers.arithmetic
    if n == 0:
        return numbers.norm(2, axis=0)
    mean, error, moved, largest = _mean(numbers)
    deviations = numbers.value - mean
    value = np.sqrt((deviations * deviations).sum(0))
    distance = moved * arb(n).sqrt()
    most, least = value + distance, value - distance
    rounding, levels = arithmetic.gamma(2 * n + 9), arb(max(1.0, math.log2(n) / 2))
    square = 4 * (levels * n).sqrt() * most * error + (1 + 4 * levels) * n * error * error
    square = (1 + rounding) * square + 2 * (n + 1) * rounding * most * most
    square = square + 8 * n * subnormal_error(arithmetic.accumulate)
    root = np.sqrt(square)
    quotient = square / np.where(least > 0, least, 1)
    root = np.where((least > 0) & (quotient < root), quotient, root)
    # A root of n and three roundings, where the deviation is multiplied by it.
    growth = (1 + arithmetic.u) ** 4
    absolute = np.where(largest == 0, 0, (distance + root) * growth)
    if value.dtype == object:
        return Bounded(value, growth - 1, absolute, arithmetic)
    # Of whole layers only r matters: one for all, as the other rules have it.
    nothing: Any = arb(0)
    infinity: Any = arb("inf")
    infinite = np.where(absolute == 0, nothing, infinity)
    relative = np.where(value == 0, infinite, absolute / np.where(value == 0, 1, value))
    return Bounded(value, growth - 1 + relative.max(initial=nothing), 0, arithmetic)


def _mean(numbers: Bounded) -> tuple[Any, Any, Any, Any]:
    """Of each column the mean, its error, how far an argument may be off, and the largest."""
    n, bound, steps = len(numbers.value), numbers.bound, 8 * len(numbers.value) + 8
    moved, largest = bound.max(0), (np.abs(numbers.value) + bound).max(0)
    error = numbers.arithmetic.gamma(steps) * largest
    error = error + steps * subnormal_error(numbers.arithmetic.accumulate)
    return numbers.value.sum(0) / n, np.where(largest == 0, 0, error), moved, largest
