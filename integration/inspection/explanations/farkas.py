r"""Weights that no activations X and Y whatever order as a mask does, by Farkas' lemma.

SymWanda's score is :math:`|W_{ki}|(x_i + y_k)`. With a threshold t of its group, a pruned weight
says :math:`t - |W_{ki}|(x_i + y_k) \ge 0`, a kept one :math:`|W_{ki}|(x_i + y_k) - t \ge 0`.
If a sum of such inequalities, each times a positive number, has no positive coefficient of any
t, x or y and negative ones of some norms, then these norms are 0.

Source: J. Farkas (1902), in the form of J. Ville (1938): either some x ≥ 0 other than 0 has Ax ≥ 0,
or some λ ≥ 0 has Aᵀλ < 0.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from pruneproof.integration.inspection.explanations.cycle import Entry
from pruneproof.integration.inspection.explanations.rounding import Rounding

Group = tuple[int, ...]
"""What names a group: an output and which of its blocks, or nothing for a layer."""


@dataclass(frozen=True)
class Term:
    """One weight's inequality and what it is multiplied by.

    Attributes:
        entry: the weight.
        kept: whether it was kept.
        group: within which it compares.
        times: the multiplier.
    """

    entry: Entry
    kept: bool
    group: Group
    times: Fraction

    def size(self, rounding: Rounding, *, squared: bool) -> Fraction:
        """What multiplies x + y: the lower end where it was pruned, the upper where it was kept.

        Beside the weight and the product, the sum x + y is rounded.
        """
        low, high = self.entry.ends(rounding)
        end = high * (1 + rounding.u) if self.kept else max(Fraction(0), low * (1 - rounding.u))
        return end**2 if squared else end


@dataclass(frozen=True)
class Farkas:
    """Inequalities of named weights whose sum no positive norms satisfy.

    Attributes:
        terms: of the sum.
        inputs: those whose norm it shows to be 0.
        outputs: those whose norm it shows to be 0.
        squared: the score is :math:`|W_{ki}|\\sqrt{x_i^2 + y_k^2}`, whose square is linear too.
        rounding: what is allowed for.
    """

    terms: tuple[Term, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    squared: bool
    rounding: Rounding

    def check(self) -> bool:
        """Whether the sum forces these norms to be 0, in rational arithmetic."""
        of_inputs: dict[int, Fraction] = defaultdict(Fraction)
        of_outputs: dict[int, Fraction] = defaultdict(Fraction)
        of_groups: dict[Group, Fraction] = defaultdict(Fraction)
        for term in self.terms:
            if term.times <= 0:
                return False
            sign = 1 if term.kept else -1
            added = sign * term.times * term.size(self.rounding, squared=self.squared)
            of_inputs[term.entry.input] += added
            of_outputs[term.entry.output] += added
            of_groups[term.group] -= sign * term.times
        every = (*of_inputs.values(), *of_outputs.values(), *of_groups.values())
        return (
            bool(self.inputs or self.outputs)
            and all(number <= 0 for number in every)
            and all(of_inputs[i] < 0 for i in self.inputs)
            and all(of_outputs[k] < 0 for k in self.outputs)
        )

    def text(self) -> str:
        """What the sum shows, in words."""
        return (
            f"the inequalities of {len(self.terms)} weights, each times its multiplier, add up to "
            f"0 ≤ a sum in which {len(self.inputs)} norms of inputs and {len(self.outputs)} of "
            "outputs have negative coefficients and nothing has a positive one; so all these norms "
            f"are 0 (rounding in {self.rounding.name} allowed for)"
        )

    def as_data(self) -> dict[str, Any]:
        """As JSON data."""
        return {
            "kind": "farkas",
            "terms": [
                term.entry.as_data()
                | {"kept": term.kept, "group": list(term.group), "times": float(term.times)}
                for term in self.terms
            ],
            "inputs": list(self.inputs),
            "outputs": list(self.outputs),
            "text": self.text(),
        }
