"""Wrong samples, and wrong use of right ones."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pruneproof.properties.meta.plain_scores import Plain
from pruneproof.properties.meta.registry import fault


@fault("stochria.samples:stochria")
class WithReplacement(Plain):
    """Entries are drawn with replacement."""

    def samples(self, lines: int, length: int, tau: int, generator: torch.Generator) -> Tensor:
        """Not distinct."""
        return torch.randint(length, (lines, tau), generator=generator)


@fault("stochria.samples:stochria")
class RoundedSize(Plain):
    """The number of samples is rounded to the nearest."""

    def size(self, ratio: float, rows: int, columns: int) -> int:
        """round(ratio · min(out, in))."""
        return max(1, round(ratio * min(rows, columns)))


@fault("stochria.samples:stochria")
class SizeOfInputs(Plain):
    """The number of samples is a part of in_features, not of the smaller side."""

    def size(self, ratio: float, rows: int, columns: int) -> int:
        """⌊ratio · in⌋, as far as there are so many."""
        return max(1, min(int(ratio * columns), rows))


@fault("stochria.samples:stochria")
class SamplePerWeight(Plain):
    """Every weight draws a sample of its input anew."""

    def stochria(self, W: Tensor, *given: Any, **parameters: Any) -> Tensor:
        """One output at a time."""
        seed = parameters.pop("seed", 0)
        of_seeds = [
            Plain.stochria(self, W, *given, seed=1000 * seed + j, **parameters)
            for j in range(len(W))
        ]
        return torch.stack([scores[j] for j, scores in enumerate(of_seeds)])


@fault("stochria.value:stochria")
class PowerCapped(Plain):
    """A power above 1 counts as 1."""

    def stochria(self, W: Tensor, *given: Any, **parameters: Any) -> Tensor:
        """At most 1."""
        alpha = min(parameters.pop("alpha", 0.0), 1.0)
        return super().stochria(W, *given, alpha=alpha, **parameters)


@fault("stochria.value:stochria")
class LengthCorrected(Plain):
    """Sampled norms are scaled to the length of their line, which Eq. (4) does not do."""

    def stochria(self, W: Tensor, *given: Any, **parameters: Any) -> Tensor:
        """τ/n of each score, in a square layer."""
        tau = self.size(parameters.get("ratio", 0.1), *W.shape)
        return super().stochria(W, *given, **parameters) * (tau / min(W.shape))


@fault("stochria.uniform:stochria")
class FirstEntries(Plain):
    """The first entries of every line, which are no random sample."""

    def samples(self, lines: int, length: int, tau: int, generator: torch.Generator) -> Tensor:
        """0, 1, … τ − 1."""
        return torch.arange(tau).repeat(lines, 1)


@fault("stochria.uniform:stochria")
class NeverTheLast(Plain):
    """The last entry of a line is never sampled, as with a bound that is off by one."""

    def samples(self, lines: int, length: int, tau: int, generator: torch.Generator) -> Tensor:
        """Of length − 1."""
        return super().samples(lines, max(length - 1, tau), tau, generator)


@fault("stochria.independent:stochria")
class OneSampleForAll(Plain):
    """All inputs share one sample, and so do all outputs."""

    def samples(self, lines: int, length: int, tau: int, generator: torch.Generator) -> Tensor:
        """Repeated."""
        return super().samples(1, length, tau, generator).repeat(lines, 1)


@fault("stochria.independent:stochria")
class ShiftedSamples(Plain):
    """Each line's sample is the one before it, moved by one."""

    def samples(self, lines: int, length: int, tau: int, generator: torch.Generator) -> Tensor:
        """A circulant pattern."""
        first = super().samples(1, length, tau, generator)
        return (first + torch.arange(lines)[:, None]) % length


@fault("stochria.seed:stochria")
class SeedIgnored(Plain):
    """The same samples for every seed."""

    def stochria(self, W: Tensor, *given: Any, **parameters: Any) -> Tensor:
        """Seed 0."""
        return super().stochria(W, *given, **{**parameters, "seed": 0})


@fault("stochria.seed:stochria")
class GlobalGenerator(Plain):
    """Samples come from the global generator, so the same seed gives others the next time."""

    def samples(self, lines: int, length: int, tau: int, generator: torch.Generator) -> Tensor:
        """Unseeded."""
        return super().samples(lines, length, tau, torch.default_generator)


@fault("stochria.seed:stochria")
class SeedInAByte(Plain):
    """Only the last eight bits of the seed count."""

    def stochria(self, W: Tensor, *given: Any, **parameters: Any) -> Tensor:
        """Seed 256 is seed 0."""
        seed = parameters.pop("seed", 0) % 256
        return super().stochria(W, *given, seed=seed, **parameters)
