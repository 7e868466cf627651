"""The strongest n:m pattern of a mask, along its inputs or its outputs, and what breaks it.

Nearly every mask breaks nearly every pattern at once, so some outputs decide which are worth a look
at all of them. A pattern is one where at most `BROKEN` of the groups keep more than n, where most
groups keep just n, and where chance would break far more: with the zeros of each output where they
might be, at least `SURPRISE` groups.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import exp, lgamma

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
LARGEST = 64
BROKEN = 0.01
SURPRISE = 20.0
LOOKED_AT, WINDOW = 48, 512
"""Outputs of the first look, and how many of their inputs: from the first on."""
CLEAN = 0.5
"""Of the groups that keep no more than n, those that must keep just n."""
ROWS = 256
"""Outputs by which it is told how often an input is zero."""
EVERYWHERE = 0.9
"""Of the places in an output, those at which groups must do so."""
ALIKE = 1.1
"""By what factor the shares that patterns keep may differ for one to be the other's shadow."""


@dataclass(frozen=True)
class Candidate:
    """A pattern that some outputs do not break, and the share of groups that keep just n."""

    n: int
    m: int
    just: float

    @property
    def share(self) -> float:
        """What is kept."""
        return self.n / self.m


@dataclass(frozen=True)
class Pattern:
    """A pattern n:m.

    Attributes:
        n: how many of a group survive.
        m: size of a group.
        along: `inputs`, or `outputs` for groups of one input's weights.
        violations: groups that keep more.
        groups: how many there are.
        tail: what became of the last, smaller group of each output: `dense`, `prune_partial` where
            it keeps n at most, and None where there is none, or where both may be meant.
    """

    n: int
    m: int
    along: str
    violations: int
    groups: int
    tail: str | None = None

    def __str__(self) -> str:
        return f"{self.n}:{self.m}" + (" along outputs" if self.along == "outputs" else "")


def strongest(zero: Mask, zeros: NDArray[np.int64] | None = None) -> Pattern | None:
    """The pattern that keeps the smallest share, of the smallest groups.

    Any 2:4 mask is nearly an 8:17 one, and a quantiser that makes a few more zeros makes it so.
    Of patterns that keep nearly the same share, the one is meant that most groups keep to just n.

    Args:
        zero: True where a weight is 0, outputs × inputs.
        zeros: `row_zeros` of it, where they are known.
    """
    ways = {"inputs": zero, "outputs": zero.T}
    left = [(each, along) for along, mask in ways.items() for each in candidates(mask)]
    while left:
        least = min(each.share for each, _ in left)
        alike = [pair for pair in left if pair[0].share <= ALIKE * least]
        for each, along in sorted(alike, key=lambda pair: (-round(pair[0].just, 2), pair[0].m)):
            mask, n, m = ways[along], each.n, each.m
            counts = group_counts(mask, m)
            broken = np.count_nonzero(counts < m - n)
            just = np.count_nonzero(counts == m - n)
            few = broken <= BROKEN * counts.size and just >= CLEAN * (counts.size - broken)
            if (
                few
                and _everywhere(counts == m - n)
                and not _by_chance(mask, n, m, zeros if along == "inputs" else None)
            ):
                return judged(counts, mask, n, m, along)
        left = [pair for pair in left if pair not in alike]
    return None


def _everywhere(just: Mask) -> bool:
    """Whether groups keep just n wherever they are, as they do if each was pruned by itself.

    Where the size of its input decides over a weight, one place's groups may keep as many by
    chance.
    """
    if just.shape[1] < 2:
        return False
    some = just[:: max(1, len(just) // ROWS)]
    return bool((some.mean(axis=0) >= CLEAN / 2).mean() >= EVERYWHERE)


def claimed(zero: Mask, n: int, m: int) -> Pattern:
    """How a mask keeps a pattern that it is said to have, along inputs."""
    return judged(group_counts(zero, m), zero, n, m, "inputs")


def unbroken(zero: Mask) -> list[Pattern]:
    """Patterns along inputs that no group breaks, meant or not, smallest groups first."""
    found = (claimed(zero, each.n, each.m) for each in candidates(zero))
    return [each for each in found if each.groups and not each.violations]


def judged(counts: NDArray[np.uint8], mask: Mask, n: int, m: int, along: str) -> Pattern:
    """Count the groups that break a pattern, smaller ones at the end included."""
    broken = int(np.count_nonzero(counts < m - n))
    width = mask.shape[1]
    rest = width % m
    groups, tail = counts.size, None
    if rest and len(mask):
        kept = rest - np.count_nonzero(mask[:, width - rest :], axis=1)
        if rest > n and (kept == rest).all():
            tail = "dense"
        elif rest > n:
            broken += int((kept > n).sum())
            tail = "prune_partial" if (kept <= n).all() else None
            groups += len(mask)
    return Pattern(n, m, along, broken, groups, tail)


def group_counts(zero: Mask, m: int) -> NDArray[np.uint8]:
    """How many weights of each whole group of m inputs are 0, outputs × groups.

    Args:
        zero: outputs × inputs; a transposed view is as good.
        m: up to 255.
    """
    width = zero.shape[1] // m * m
    if not zero.flags.c_contiguous and zero.T.flags.c_contiguous:
        flipped = zero.T[:width].view(np.uint8).reshape(width // m, m, zero.shape[0])
        return flipped.sum(axis=1, dtype=np.uint8).T
    # Groups do not straddle outputs, so the outputs may be taken as one.
    ones = np.ascontiguousarray(zero[:, :width]).reshape(-1).view(np.uint8)
    return _groups_of(ones, m).reshape(zero.shape[0], width // m)


AT_ONCE = 2**18
"""Bytes that are summed together, which stay in a core's cache."""


def _groups_of(ones: NDArray[np.uint8], m: int) -> NDArray[np.uint8]:
    """Sums of every m bytes, each 0 or 1."""
    together = next((each for each in (8, 4, 2) if m % each == 0), 1)
    found = np.empty(len(ones) // m, np.uint8)
    step = max(1, AT_ONCE // m) * m
    for start in range(0, len(ones), step):
        part = ones[start : start + step]
        if together > 1:
            wide, factor = _WORDS[together]
            # The highest byte of the product is the sum of all bytes.
            part = ((part.view(wide) * factor) >> wide(8 * together - 8)).astype(np.uint8)
        rows = part.reshape(-1, m // together)
        total = rows[:, 0].copy()
        for place in range(1, m // together):
            total += rows[:, place]
        found[start // m : start // m + len(total)] = total
    return found


_WORDS = {
    8: (np.uint64, np.uint64(0x0101010101010101)),
    4: (np.uint32, np.uint32(0x01010101)),
    2: (np.uint16, np.uint16(0x0101)),
}


def row_zeros(zero: Mask) -> NDArray[np.int64]:
    """How many zeros each output has.

    Args:
        zero: outputs × inputs; a transposed view is as good.
    """
    outputs, inputs = zero.shape
    if not zero.flags.c_contiguous:
        found = np.zeros(outputs, np.int64)
        for start in range(0, inputs, 255):
            found += zero.T[start : start + 255].view(np.uint8).sum(axis=0, dtype=np.uint8)
        return found
    if inputs % 8:
        return np.fromiter(map(np.count_nonzero, zero), np.int64, outputs)
    # Eight weights in a word, each in a byte of its own, which holds 255 at most.
    words, found = zero.view(np.uint64), np.zeros(outputs, np.int64)
    for start in range(0, words.shape[1], 255):
        sums = words[:, start : start + 255].sum(axis=1)
        found += sums.view(np.uint8).reshape(outputs, 8).sum(axis=1, dtype=np.int64)
    return found


def candidates(zero: Mask) -> list[Candidate]:
    """Patterns that some outputs do not break.

    Args:
        zero: outputs × inputs.
    """
    outputs, inputs = zero.shape
    if not outputs or inputs < 2:
        return []
    some = np.unique(np.linspace(0, outputs - 1, min(LOOKED_AT, outputs)).astype(np.int64))
    part = np.ascontiguousarray(zero[some, : min(inputs, WINDOW)])
    sums = np.zeros((len(part), part.shape[1] + 1), np.int16)
    np.cumsum(part, axis=1, out=sums[:, 1:], dtype=np.int16)
    starts, ends, sizes, first = _windows(part.shape[1])
    kept = (ends - starts).astype(np.int16) - (sums[:, ends] - sums[:, starts])
    most = np.maximum.reduceat(kept, first, axis=1)
    # A few outputs may hold broken groups, or a few be dense.
    n = np.sort(most, axis=0)[len(some) // 2]
    just = np.add.reduceat((kept == n[sizes - 2]).sum(axis=0), first)
    number = np.diff(np.append(first, len(starts))) * len(some)
    ms = np.arange(2, len(first) + 2)
    good = (n < ms) & (n > 0) & (2 * just >= CLEAN * number)
    return [
        Candidate(int(n[place]), int(ms[place]), float(just[place] / number[place]))
        for place in np.flatnonzero(good)
    ]


@cache
def _windows(inputs: int) -> tuple[NDArray[np.int64], ...]:
    """Beginnings and ends of all whole groups, their sizes, and where each size's begin."""
    starts, ends, sizes, first = [], [], [], []
    for m in range(2, min(LARGEST, inputs) + 1):
        first.append(len(starts))
        for start in range(0, inputs // m * m, m):
            starts.append(start), ends.append(start + m), sizes.append(m)
    return tuple(map(np.array, (starts, ends, sizes, first)))


def _by_chance(zero: Mask, n: int, m: int, zeros: NDArray[np.int64] | None) -> bool:
    """Whether few groups would keep more than n if weights were pruned by themselves.

    Once with the zeros of each output in any order; once with each input as often zero as it is,
    which is what is left of a pattern where inputs differ more than anything else.
    """
    inputs = zero.shape[1]
    if _expected_by_inputs(zero, n, m) <= SURPRISE:
        return True
    zeros = row_zeros(zero) if zeros is None else zeros
    values, times = np.unique(zeros, return_counts=True)
    expected = 0.0
    for value, count in zip(values.tolist(), times.tolist(), strict=True):
        expected += count * (inputs // m) * _more_than(n, m, inputs - value, inputs)
        if expected > SURPRISE:
            return False
    return True


def _expected_by_inputs(zero: Mask, n: int, m: int) -> float:
    """Groups that keep more than n where each input is kept at random, as often as it is here."""
    outputs, inputs = zero.shape
    some = zero[:: max(1, outputs // ROWS)]
    share = 1 - np.count_nonzero(some, axis=0) / len(some)
    share = share[: inputs // m * m].reshape(-1, m)
    # The distribution of how many are kept, one input after the other.
    chance = np.zeros((len(share), m + 1))
    chance[:, 0] = 1
    for place in range(m):
        kept = share[:, place, None]
        moved = chance[:, :-1] * kept
        chance *= 1 - kept
        chance[:, 1:] += moved
    return float(chance[:, n + 1 :].sum() * outputs)


def _more_than(n: int, m: int, kept: int, inputs: int) -> float:
    """The probability that m inputs, of some of which so many are kept, hold more than n."""
    total = _log_choose(inputs, m)
    return sum(
        exp(_log_choose(kept, each) + _log_choose(inputs - kept, m - each) - total)
        for each in range(max(n + 1, m - (inputs - kept)), min(m, kept) + 1)
    )


def _log_choose(count: int, some: int) -> float:
    return lgamma(count + 1) - lgamma(some + 1) - lgamma(count - some + 1)
