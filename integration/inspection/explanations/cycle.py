r"""Weights in a cycle, which no norms of the inputs can order as a mask does.

If input i was pruned and input j kept in the same group of output k, then
:math:`|W_{ki}|\,x_i \le |W_{kj}|\,x_j`. Along a cycle of inputs i → j → … → i the norms cancel, and
the product of the pruned weights is at most that of the kept ones. Where it is more, the mask is
that of no positive norms: the theorem
pruneproof.symbolic.claims.explanations.norms_exclude_a_cycle_above_1.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any

from pruneproof.integration.inspection.explanations.rounding import (
    Rounding,
    of_relative_importance,
    of_weight,
)

Ends = tuple[Fraction, Fraction]


@dataclass(frozen=True)
class Entry:
    """One weight of the dense model.

    Attributes:
        output: its row in ``nn.Linear``'s layout, from 0.
        input: its column.
        value: as it is stored.
        norms: for a relative importance, the ℓ1 norms that divide it, each with the number of
            weights that it sums.
    """

    output: int
    input: int
    value: float
    norms: tuple[tuple[float, int], ...] = ()

    @property
    def name(self) -> str:
        """As in Python."""
        return f"W[{self.output}, {self.input}]"

    def size(self) -> Fraction:
        """|W|, or its relative importance."""
        w = abs(Fraction(self.value))
        return sum((w / Fraction(norm) for norm, _ in self.norms), Fraction(0)) if self.norms else w

    def ends(self, rounding: Rounding) -> Ends:
        """Between which numbers rounding may have put it."""
        w = abs(Fraction(self.value))
        if not self.norms:
            return of_weight(w, rounding)
        norms = tuple((Fraction(norm), n) for norm, n in self.norms)
        return of_relative_importance(w, norms, rounding)

    def as_data(self) -> dict[str, Any]:
        """As JSON data."""
        data: dict[str, Any] = {"output": self.output, "input": self.input, "value": self.value}
        if self.norms:
            data["l1_norms"] = [norm for norm, _ in self.norms]
            data["relative_importance"] = float(self.size())
        return data


@dataclass(frozen=True)
class Pair:
    """A pruned and a kept weight of one group: an edge from the one's input to the other's."""

    pruned: Entry
    kept: Entry


@dataclass(frozen=True)
class Cycle:
    """Pairs in which each kept weight's input is the next pruned weight's.

    Attributes:
        pairs: the edges.
        rounding: what is allowed for.
    """

    pairs: tuple[Pair, ...]
    rounding: Rounding

    def check(self) -> bool:
        """Whether no positive norms put every kept score where rounding excuses it.

        In rational arithmetic, from the weights named here.
        """
        if not self.pairs or not self._closes():
            return False
        pruned = prod(pair.pruned.ends(self.rounding)[0] for pair in self.pairs)
        kept = prod(pair.kept.ends(self.rounding)[1] for pair in self.pairs)
        low_ends = all(pair.pruned.ends(self.rounding)[0] > 0 for pair in self.pairs)
        return low_ends and pruned > kept

    def _closes(self) -> bool:
        following = (*self.pairs[1:], self.pairs[0])
        return all(
            pair.kept.input == after.pruned.input
            for pair, after in zip(self.pairs, following, strict=True)
        )

    def excess(self) -> float:
        """The product of the pruned sizes over that of the kept ones; above 1 proves."""
        top = prod(pair.pruned.size() for pair in self.pairs)
        bottom = prod(pair.kept.size() for pair in self.pairs)
        return float(top / bottom)

    def needed(self) -> float:
        """What the excess must exceed for rounding not to explain it."""
        ends = [(pair.pruned, pair.kept) for pair in self.pairs]
        top = prod(kept.ends(self.rounding)[1] / kept.size() for _, kept in ends)
        bottom = prod(pruned.ends(self.rounding)[0] / pruned.size() for pruned, _ in ends)
        return float(top / bottom)

    def text(self) -> str:
        """The proof in words and numbers."""
        facts = ", ".join(
            f"{pair.pruned.name} was pruned, {pair.kept.name} kept" for pair in self.pairs
        )
        pruned = " · ".join(_number(pair.pruned) for pair in self.pairs)
        kept = " · ".join(_number(pair.kept) for pair in self.pairs)
        return (
            f"{facts}: {pruned} > {kept} ({self.excess():.6g} times as much; rounding "
            f"in {self.rounding.name} explains {self.needed():.6g})"
        )

    def as_data(self) -> dict[str, Any]:
        """As JSON data."""
        return {
            "kind": "cycle",
            "pairs": [
                {"pruned": pair.pruned.as_data(), "kept": pair.kept.as_data()}
                for pair in self.pairs
            ],
            "excess": self.excess(),
            "explained_by_rounding": self.needed(),
            "text": self.text(),
        }


def _number(entry: Entry) -> str:
    return f"{float(entry.size()):.9g}"
