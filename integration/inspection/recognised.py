"""Which of several scores made a mask, where the text that each is calibrated with blurs them all.

The score that comes closest need not be the one: another whose mask depends less on the text may
come closer than the right one with the wrong text. So every score is asked what its own mask, made
with another half of the text, looks like to all scores, and the mask that is there is compared with
that. It lies between two cases that are measured, a text that has nothing in common with ours and
our very text, or beyond the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

LESS_IN_COMMON = -1.0
"""How far beyond another half of our text: an unknown text of another kind, or a shorter one."""
SAME = 1e-9
"""Scores that are no further apart make the same masks, as magnitude and OWanda within outputs."""


@dataclass
class Overlaps:
    """How many weights masks prune alike, summed over matrices; k scores, two halves of a text.

    Attributes:
        gone: weights that are gone, and were not 0 before.
        whole: of those, what each score prunes with the whole text, k.
        halves: the same with each half, 2 × k.
        other: what a score's mask of the other half and each score's mask of this half prune
            alike, 2 × k × k.
        same: the same of a score's mask of the whole text.
    """

    gone: int
    whole: Tensor
    halves: Tensor
    other: Tensor
    same: Tensor

    @classmethod
    def of(cls, there: Tensor, whole: Tensor, first: Tensor, second: Tensor) -> Overlaps:
        """Of one matrix.

        Args:
            there: what is gone, n.
            whole: what each score prunes with the whole text, k × n, as many as are gone.
            first: with the first half.
            second: with the second.
        """
        W, A, B = whole.float(), first.float(), second.float()
        T = there.float()
        cross = B @ A.T
        return cls(
            int(there.sum()),
            (W @ T).double(),
            torch.stack([A @ T, B @ T]).double(),
            torch.stack([cross, cross.T]).double(),
            torch.stack([W @ A.T, W @ B.T]).double(),
        )

    def add(self, other: Overlaps) -> None:
        """Count another matrix."""
        self.gone += other.gone
        self.whole += other.whole
        self.halves += other.halves
        self.other += other.other
        self.same += other.same

    @property
    def agreement(self) -> Tensor:
        """Of what is gone the share that each score prunes, too, k."""
        return self.whole / self.gone

    @property
    def noise(self) -> Tensor:
        """The same share between the masks that a score makes of two halves of the text, k."""
        return self.other[0].diagonal() / self.gone

    def distances(self) -> Tensor:
        """How far what is there is from each score's own mask, as all scores see them, k.

        The root of the mean square of differences of shares, at the best place between a text with
        nothing in common with ours and our own.
        """
        b = self.halves[:, None] / self.gone
        start, direction = self.other / self.gone, (self.same - self.other) / self.gone
        along = (direction * (b - start)).sum((0, 2)) / direction.square().sum((0, 2)).clamp_min(
            1e-12
        )
        place = along.clamp(LESS_IN_COMMON, 1.0)[None, :, None]
        return (b - start - place * direction).square().mean((0, 2)).sqrt()

    def apart(self) -> Tensor:
        """How far the masks of each two scores are from each other, as all see them, k × k."""
        seen = self.other.transpose(0, 1).flatten(1) / self.gone
        return torch.cdist(seen, seen) / seen.shape[1] ** 0.5


def verdicts(overlaps: Overlaps, methods: Sequence[str]) -> list[str]:
    """What can be said of each score.

    Args:
        overlaps: of all matrices.
        methods: the score's name by place; scores of one name are not told apart.

    Returns:
        `explains` of the nearest one where what is there is nearer to it than half of the way to
        any other method, and of those that make the same masks; else `possible` of all that are
        hardly further than the nearest, or `not_decided` of all where the nearest is further than
        most methods are from each other. `not_decided` of the others.
    """
    distances, apart = overlaps.distances(), overlaps.apart()
    nearest = int(distances.argmin())
    others = [
        place
        for place, each in enumerate(methods)
        if each != methods[nearest] and apart[nearest, place] > SAME
    ]
    least = float(distances[nearest])
    said = ["not_decided"] * len(methods)
    if not others or least < apart[nearest, others].min() / 2:
        for place in range(len(methods)):
            if place == nearest or (methods[place] != methods[nearest] and place not in others):
                said[place] = "explains"
    elif least < apart[nearest, others].median():
        for place, distance in enumerate(distances.tolist()):
            if distance <= 2 * least:
                said[place] = "possible"
    return said
