"""The statements' answers, from a ledger as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from pruneproof.integration.experiments import smollm2
from pruneproof.integration.experiments.compare import (
    FAILS,
    HOLDS,
    UNDECIDED,
    Noise,
    Weighed,
    weigh,
)
from pruneproof.integration.experiments.ledger import Entry
from pruneproof.integration.experiments.statements import ALIKE, STATEMENTS, Statement

AGREES, DISAGREES, OPEN, MISSING = "agrees", "disagrees", "not separable", "not measured"


@dataclass(frozen=True)
class Answer:
    """A statement, and each of its contrasts as measured; None where that was not."""

    statement: Statement
    weighed: tuple[Weighed | None, ...]

    @property
    def outcomes(self) -> Counter[str]:
        """How many comparisons hold, fail, cannot be told apart, or were not measured."""
        return Counter(MISSING if each is None else each.outcome for each in self.weighed)

    @property
    def verdict(self) -> str:
        """One comparison that separably fails denies a statement; all together confirm it.

        That all are alike cannot be shown beyond the noise; it agrees where nothing is separable.
        """
        found = self.outcomes
        denied = found[FAILS] + (found[HOLDS] if self.statement.kind == ALIKE else 0)
        if denied:
            return DISAGREES
        if found[MISSING]:
            return MISSING
        agreed = UNDECIDED if self.statement.kind == ALIKE else HOLDS
        return AGREES if found[agreed] == len(self.weighed) else OPEN

    @property
    def tally(self) -> str:
        """The outcomes, counted."""
        words = (
            {HOLDS: "better", FAILS: "worse", UNDECIDED: "alike"}
            if self.statement.kind == ALIKE
            else {HOLDS: "hold", FAILS: "fail", UNDECIDED: "not separable"}
        )
        counted = {**words, MISSING: MISSING}
        return ", ".join(
            f"{self.outcomes[outcome]} {word}"
            for outcome, word in counted.items()
            if self.outcomes[outcome]
        )


def measured_noise(results: Mapping[str, Entry]) -> Noise:
    """The seeds' noise, from the repetitions on the list."""
    return Noise.measured(
        results,
        smollm2.DENSE,
        [
            [smollm2.wanda(calibration_seed=seed) for seed in smollm2.SEEDS],
            [smollm2.ria(0.5, calibration_seed=seed) for seed in smollm2.SEEDS],
        ],
        [smollm2.stochria(seed=seed) for seed in smollm2.SAMPLING_SEEDS],
    )


def answers(results: Mapping[str, Entry], noise: Noise) -> list[Answer]:
    """Ask every statement."""
    return [
        Answer(
            statement,
            tuple(weigh(each, results, smollm2.DENSE, noise) for each in statement.contrasts),
        )
        for statement in STATEMENTS
    ]
