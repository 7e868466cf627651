"""What became of an earlier mask's zeros."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pruneproof.integration.inspection.content import Content
from pruneproof.integration.inspection.levels import at_shared_value
from pruneproof.integration.inspection.n_of_m import Pattern


@dataclass(frozen=True)
class Fate:
    """An earlier mask's zeros: `survived` + `regrown` + `lost` are all of them.

    Attributes:
        survived: those that are still zero.
        regrown: those that have a value of their own now.
        lost: those that a format moved to a value that their block shares.
        newly_zero: weights that the earlier mask kept and that are zero now.
        earlier: the earlier mask's pattern, or None.
        broken: groups that kept it and keep more now; None without a pattern.
    """

    survived: int
    regrown: int
    lost: int
    newly_zero: int
    earlier: Pattern | None = None
    broken: int | None = None

    @property
    def gone(self) -> int:
        """Zeros that are none any more."""
        return self.regrown + self.lost

    def record(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "survived": self.survived,
            "regrown": self.regrown,
            "lost": self.lost,
            "gone": self.gone,
            "newly_zero": self.newly_zero,
            "earlier_n_m": None if self.earlier is None else str(self.earlier),
            "broken_groups": self.broken,
        }


def fate(it: Content, earlier: Content, *, moved: bool) -> Fate:
    """Follow an earlier tensor's zeros.

    Args:
        it: the tensor now.
        earlier: before, of the same shape.
        moved: whether its format moved zeros.
    """
    survived = gone = lost = new = 0
    for rows in it.parts():
        now = it.floats(rows)
        zero, before = now == 0, earlier.floats(rows) == 0
        survived += int(np.count_nonzero(zero & before))
        new += int(np.count_nonzero(zero & ~before))
        off = before & ~zero
        gone += int(np.count_nonzero(off))
        if moved and off.any():
            lost += int(np.count_nonzero(off & at_shared_value(now)))
    return Fate(survived, gone - lost, lost, new)
