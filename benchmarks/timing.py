"""Paired timing: both sides run in turn, so that a busy machine slows both."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Pairs:
    """Seconds of the known way and of pruneproof, run by run."""

    known: list[float]
    ours: list[float]

    def __str__(self) -> str:
        ratio = statistics.median(k / o for k, o in zip(self.known, self.ours, strict=True))
        known, ours = statistics.median(self.known), statistics.median(self.ours)
        return f"{known:>10.3f} {ours:>12.3f} {ratio:>8.1f}"


HEADER = f"{'known, s':>10} {'pruneproof, s':>12} {'ratio':>7}"


def time_in_pairs(known: Callable[[], object], ours: Callable[[], object], repeats: int) -> Pairs:
    """Run both once to warm up, then ``repeats`` times in turn."""
    known(), ours()
    pairs = [(_seconds(known), _seconds(ours)) for _ in range(repeats)]
    return Pairs([k for k, _ in pairs], [o for _, o in pairs])


def _seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start
