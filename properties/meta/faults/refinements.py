"""Wrong refinements."""

# ruff: noqa: RUF012 - conventions are written as adapters write them

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from torch import Tensor

from pruneproof.properties.meta.registry import fault
from pruneproof.properties.meta.variants.refinements import Output, Refinement


@fault("refine.agreement:dsnot")
class NeverSwaps(Refinement):
    """Nothing is ever swapped."""

    def swapped(self, output: Output) -> list[bool]:
        """As it was."""
        return list(output.keep)


@fault("refine.agreement:r2_dsnot")
class PlainDSnoT(Refinement):
    """R²-DSnoT is DSnoT, without relative importance."""

    def outputs(self, *layer: Any, **named: Any) -> list[Output]:
        """With D = 1."""
        return [
            replace(each, importance=[1.0] * len(each.keep))
            for each in super().outputs(*layer, **named)
        ]


@fault("refine.agreement:r2_dsnot")
class UndeclaredForm(Refinement):
    """The growing criterion is the printed one, where the repaired is declared."""

    conventions = {"r2_form": "repaired"}

    def gain(self, output: Output, j: int, sign: float) -> float:
        """Without the weight."""
        return super().gain(replace(output, weight=[1.0] * len(output.keep)), j, sign)


@fault("refine.count:dsnot")
class GrowsWithoutPruning(Refinement):
    """Where nothing can be pruned in exchange a weight is grown all the same."""

    def swapped(self, output: Output) -> list[bool]:
        """With one more at the end."""
        keep = super().swapped(output)
        if keep == output.keep and output.error() != 0:
            keep[keep.index(False)] = True
        return keep


@fault("refine.count:r2_dsnot")
class GrowsWhatIsKept(Refinement):
    """Any input may be grown, even one that is kept."""

    def growable(self, output: Output) -> list[int]:
        """All of them."""
        return list(range(len(output.keep)))


@fault("refine.count:dsnot")
class SwapsAcrossOutputs(Refinement):
    """What is grown in one output is pruned in another."""

    def refine(self, method: str, weight: Tensor, keep: Tensor, *others: Any, **named: Any):
        """As one output with all the inputs of all outputs."""
        inputs = others[0].repeat(1, len(weight))
        flat = weight.reshape(1, -1), keep.reshape(1, -1)
        return super().refine(method, *flat, inputs, **named).reshape(keep.shape)


@fault("refine.constant_inputs:dsnot")
class RefusesConstantInputs(Refinement):
    """An input that never varies raises an exception."""

    def outputs(self, weight: Tensor, keep: Tensor, inputs: Tensor, named: dict[str, Any]):
        """Which divides by the variance."""
        if not inputs.var(0, correction=0).all():
            raise ZeroDivisionError("an input never varies")
        return super().outputs(weight, keep, inputs, named)


@fault("refine.constant_inputs:r2_dsnot")
class NanIsLargest(Refinement):
    """A criterion that is nan counts as the largest, even that of a weight that is kept."""

    def growable(self, output: Output) -> list[int]:
        """Dead inputs too, whose criterion is 0/0."""
        return [j for j, kept in enumerate(output.keep) if not kept or output.norm[j] == 0]

    def gain(self, output: Output, j: int, sign: float) -> float:
        """As torch.argmax sees it."""
        return super().gain(output, j, sign) if output.norm[j] else math.inf


@fault("refine.no_cycles:dsnot")
class OneCycleAtLeast(Refinement):
    """The limit is looked at after the first cycle."""

    def swapped(self, output: Output) -> list[bool]:
        """With one cycle in place of none."""
        cycles = max(1, output.named["max_cycles"])
        return super().swapped(replace(output, named=output.named | {"max_cycles": cycles}))


@fault("refine.max_cycles:r2_dsnot")
class IgnoresMaxCycles(Refinement):
    """Swaps go on until the candidates or the error run out."""

    def swapped(self, output: Output) -> list[bool]:
        """With cycles enough, unless there should be none."""
        cycles = 50 * output.named["max_cycles"]
        return super().swapped(replace(output, named=output.named | {"max_cycles": cycles}))


@fault("refine.threshold:dsnot")
class IgnoresThreshold(Refinement):
    """Outputs are refined whatever their error is."""

    def swapped(self, output: Output) -> list[bool]:
        """With a threshold of 0."""
        return super().swapped(replace(output, named=output.named | {"update_threshold": 0.0}))


@fault("refine.small_error:dsnot")
class ErrorIsASum(Refinement):
    """The expected error is a sum over the tokens, and above the threshold too soon."""

    def refine(self, *arguments: Any, update_threshold: float = 0.1, **named: Any):
        """With a threshold for the mean."""
        limit = update_threshold / len(arguments[3])
        return super().refine(*arguments, update_threshold=limit, **named)


@fault("refine.defaults:dsnot")
class OneCycleByDefault(Refinement):
    """Where max_cycles is left out there is one."""

    def refine(self, *arguments: Any, max_cycles: int = 1, **named: Any):
        """With another default."""
        return super().refine(*arguments, max_cycles=max_cycles, **named)


@fault("refine.arguments:dsnot")
class MasksInPlace(Refinement):
    """The new mask is written into the one that was given."""

    def refine(self, method: str, weight: Tensor, keep: Tensor, inputs: Tensor, **named: Any):
        """Which a caller may still need."""
        return keep.copy_(super().refine(method, weight, keep, inputs, **named))


@fault("refine.arguments:r2_dsnot")
class ZeroesWeightsInPlace(Refinement):
    """Pruned weights are set to zero in the weights that were given."""

    def refine(self, method: str, weight: Tensor, keep: Tensor, inputs: Tensor, **named: Any):
        """So that they cannot grow again."""
        refined = super().refine(method, weight, keep, inputs, **named)
        weight *= refined
        return refined


@fault("refine.rows:dsnot")
class OnlyWithTheMajority(Refinement):
    """Only outputs whose error has the sign of the sum over all outputs are refined."""

    def outputs(self, *layer: Any, **named: Any) -> list[Output]:
        """With no cycles for the others."""
        outputs = super().outputs(*layer, **named)
        total = sum(each.error() for each in outputs)
        still = {"max_cycles": 0}
        return [
            each if each.error() * total >= 0 else replace(each, named=each.named | still)
            for each in outputs
        ]


@fault("refine.rows:dsnot")
class RefinesTheWorst(Refinement):
    """Only the output with the largest error is refined."""

    def outputs(self, *layer: Any, **named: Any) -> list[Output]:
        """With no cycles for the others."""
        outputs = super().outputs(*layer, **named)
        worst = max(abs(each.error()) for each in outputs)
        return [
            each
            if abs(each.error()) == worst
            else replace(each, named=each.named | {"max_cycles": 0})
            for each in outputs
        ]


@fault("refine.regulariser:r2_dsnot")
class RegulariserDecides(Refinement):
    """The pruning regulariser is the norm that would be left, which is another for each weight."""

    def cost(self, output: Output, j: int) -> float:
        """With γ₂‖W̃‖₂ after pruning j."""
        left = [w for i, w in enumerate(output.weight) if output.keep[i] and i != j]
        gamma = output.named.get("gamma_prune", 1e-4)
        return super().cost(output, j) + gamma * math.hypot(*left)


@fault("refine.regulariser:r2_dsnot")
class RegularisesEachWeight(Refinement):
    """The growing regulariser is that of the single weight, which decides what is grown."""

    def gain(self, output: Output, j: int, sign: float) -> float:
        """With γ₁|W|."""
        gamma = output.named.get("gamma_grow", 0.0)
        return super().gain(output, j, sign) + gamma * abs(output.weight[j])


@fault("refine.delta:dsnot")
class PrunesByCostAlone(Refinement):
    """The pruning criterion is the lowest cost, wherever it moves the error."""

    def harmless(self, output: Output, prunable: list[int], sign: float) -> list[int]:
        """All of them."""
        return prunable


@fault("refine.criterion:dsnot")
class GrowsTheWorst(Refinement):
    """The growing criterion has the wrong sign."""

    def gain(self, output: Output, j: int, sign: float) -> float:
        """What growing would add to the error."""
        return -super().gain(output, j, sign)


@fault("refine.criterion:dsnot")
class TimesVariance(Refinement):
    """The growing criterion is multiplied by the variance."""

    def gain(self, output: Output, j: int, sign: float) -> float:
        """In place of divided."""
        return super().gain(output, j, sign) * output.var[j] ** 2


@fault("refine.criterion:dsnot")
class PrunesByMagnitude(Refinement):
    """The pruning criterion leaves the activation norm out."""

    def cost(self, output: Output, j: int) -> float:
        """The magnitude alone."""
        return abs(output.weight[j])


@fault("refine.zeros:dsnot")
class GrowsZeros(Refinement):
    """Whatever is pruned may grow, even what was 0 before."""

    def growable(self, output: Output) -> list[int]:
        """As §3.6 and DSnoT's code have it."""
        return [j for j, kept in enumerate(output.keep) if not kept]


@fault("refine.zeros:r2_dsnot")
class GrowsZerosByStatistics(GrowsZeros):
    """Whatever is pruned may grow, by Eq. (5) as printed, which does not see the weight."""

    conventions = {"r2_form": "printed"}

    def gain(self, output: Output, j: int, sign: float) -> float:
        """Without the weight, in R²-DSnoT."""
        if "relative_grow" in output.named:
            output = replace(output, weight=[1.0] * len(output.keep))
        return super().gain(output, j, sign)


@fault("refine.guard:dsnot")
class GuardInName(Refinement):
    """The guard is declared, and swaps overshoot."""

    conventions = {"refine_guard": "on"}


@fault("refine.guard:r2_dsnot")
class GuardFromTheSecondSwap(Refinement):
    """The guard is declared, and the first swap is not held to it."""

    conventions = {"refine_guard": "on"}

    def swapped(self, output: Output) -> list[bool]:
        """One swap that may overshoot."""
        return super().swapped(replace(output, named=output.named | {"max_cycles": 1}))
