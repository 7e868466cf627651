"""Comparing measured losses: a difference, its noise, and whether the two can be told apart."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev, variance

from pruneproof.integration.experiments.experiment import Experiment
from pruneproof.integration.experiments.ledger import Entry

HOLDS, FAILS, UNDECIDED = "holds", "fails", "not separable"


@dataclass(frozen=True)
class Contrast:
    """Two losses, or growths of a loss, of which a statement says which is lower.

    Args:
        lower: an experiment; or two, for the loss of the first less that of the second.
        higher: the same.
    """

    lower: tuple[Experiment, ...]
    higher: tuple[Experiment, ...]

    @property
    def terms(self) -> list[tuple[int, Experiment]]:
        """The higher less the lower: experiments with their signs."""
        signs = (1, -1)
        return [
            *zip(signs, self.higher, strict=False),
            *((-sign, each) for sign, each in zip(signs, self.lower, strict=False)),
        ]


def better(first: Experiment, second: Experiment) -> Contrast:
    """The first has the lower loss."""
    return Contrast((first,), (second,))


@dataclass(frozen=True)
class Weighed:
    """How much higher the higher side is, and the standard deviation of its noise, in nats."""

    value: float
    deviation: float

    @property
    def outcome(self) -> str:
        """Whether it is above 0, where it is not within two standard deviations of it."""
        if abs(self.value) <= 2 * self.deviation:
            return UNDECIDED
        return HOLDS if self.value > 0 else FAILS


@dataclass(frozen=True)
class Noise:
    """How much of the loss that pruning adds depends on seeds, as relative standard deviations.

    Attributes:
        calibration: over draws of the calibration sequences.
        sampling: over StochRIA's samples.
    """

    calibration: float
    sampling: float

    @classmethod
    def measured(
        cls,
        results: Mapping[str, Entry],
        dense: Experiment,
        calibrations: Iterable[Sequence[Experiment]],
        samples: Sequence[Experiment],
    ) -> Noise:
        """From repetitions: lists of experiments that differ in their seed only.

        Raises:
            ValueError: a seed deviation needs at least two results, which the ledger has not.
        """
        floor = loss(results[dense.digest])

        def relative(repeated: Sequence[Experiment]) -> list[float]:
            added = [loss(results[e.digest]) - floor for e in repeated if e.digest in results]
            if len(added) < 2:
                raise ValueError("a seed deviation needs at least two results")
            return [each / fmean(added) for each in added]

        # All have the same number of seeds, so the pooled variance is the mean of theirs.
        pooled = fmean(variance(relative(repeated)) for repeated in calibrations)
        return cls(math.sqrt(pooled), stdev(relative(samples)))

    def of(self, experiment: Experiment) -> float:
        """Of one experiment, relative to the loss that its pruning adds."""
        if experiment.plan is None:
            return 0.0
        calibrated = self.calibration if experiment.plan.needs else 0.0
        sampled = self.sampling if experiment.plan.method == "stochria" else 0.0
        return math.hypot(calibrated, sampled)


def loss(entry: Entry) -> float:
    """The mean loss in nats, the logarithm of perplexity."""
    return math.log(float(entry["perplexity"]))


def weigh(
    contrast: Contrast, results: Mapping[str, Entry], dense: Experiment, noise: Noise
) -> Weighed | None:
    """A contrast as measured; None where the ledger lacks one of its experiments.

    The noise is that of the evaluation text, from the spread over its windows of the contrast
    itself (each window is seen by all), and that of the seeds, taken as proportional to the loss
    that pruning adds and as independent between experiments.
    """
    if any(each.digest not in results for _, each in contrast.terms):
        return None
    floor = loss(results[dense.digest])
    measured = [(sign, each, results[each.digest]) for sign, each in contrast.terms]
    signs = [sign for sign, _, _ in measured]
    windows = [
        _dot(signs, losses)
        for losses in zip(*(entry["window_losses"] for _, _, entry in measured), strict=True)
    ]
    seeds = [noise.of(each) * (loss(entry) - floor) for _, each, entry in measured]
    return Weighed(
        value=_dot(signs, [loss(entry) for _, _, entry in measured]),
        deviation=math.hypot(stdev(windows) / math.sqrt(len(windows)), *seeds),
    )


def _dot(signs: Sequence[int], losses: Sequence[float]) -> float:
    return sum(sign * each for sign, each in zip(signs, losses, strict=True))
