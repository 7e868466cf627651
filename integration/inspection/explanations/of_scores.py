"""Does a score of the weights alone give a mask?"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

from pruneproof.integration.inspection.explanations.explanation import Explanation
from pruneproof.integration.inspection.explanations.groups import (
    NOTHING,
    checked,
    comparable,
    extremes,
    in_groups,
    sides,
)
from pruneproof.integration.inspection.explanations.rounding import (
    ANY,
    FINER,
    Rounding,
    rounding_of,
)
from pruneproof.integration.inspection.explanations.scores import Formula, Scored, scored
from pruneproof.reference.blocks import row_blocks


@dataclass(frozen=True)
class Scoring:
    """A weight and what its score is made of.

    Attributes:
        output: its row in ``nn.Linear``'s layout, from 0.
        input: its column.
        value: as it is stored.
        input_norm: ℓp norm of the weights that leave its input.
        output_norm: of those that enter its output.
        score: as the reference computes it.
    """

    output: int
    input: int
    value: float
    input_norm: float
    output_norm: float
    score: float

    def exact(self, formula: Formula) -> Fraction:
        """The score of these very numbers, or its square."""
        numbers = (abs(self.value), self.input_norm, self.output_norm)
        return formula.of(*map(Fraction, numbers))

    def in_words(self, formula: Formula) -> str:
        """The score's calculation."""
        made = formula.in_words(abs(self.value), self.input_norm, self.output_norm)
        return made if formula.kind == "magnitude" else f"{made} = {self.score:.9g}"


@dataclass(frozen=True)
class WorstPair:
    """A pruned weight and a kept one of its group that the score orders otherwise.

    Attributes:
        formula: of the score.
        pruned: the higher one.
        kept: the lower one.
        needed: the quotient of their scores that rounding explains.
        arithmetic: whose rounding that is.
    """

    formula: Formula
    pruned: Scoring
    kept: Scoring
    needed: float
    arithmetic: str

    def check(self) -> bool:
        """Whether the quotient is more than that, in rational arithmetic."""
        higher, lower = (each.exact(self.formula) for each in (self.pruned, self.kept))
        factor = Fraction(self.needed)
        return higher > lower * (factor**2 if self.formula.kind == "squares" else factor)

    def text(self) -> str:
        """The pair in words and numbers."""
        names = [f"W[{each.output}, {each.input}]" for each in (self.pruned, self.kept)]
        higher, lower = (each.in_words(self.formula) for each in (self.pruned, self.kept))
        times = self.pruned.score / self.kept.score
        return (
            f"{names[0]} was pruned and {names[1]} kept, but {higher} > {lower} ({times:.6g} "
            f"times as much; rounding in {self.arithmetic} explains {self.needed:.6g})"
        )

    def as_data(self) -> dict[str, Any]:
        """As JSON data."""
        return {
            "kind": "pair",
            "pruned": vars(self.pruned),
            "kept": vars(self.kept),
            "excess": self.pruned.score / self.kept.score,
            "explained_by_rounding": self.needed,
            "text": self.text(),
        }


def explained_by_score(
    W: Tensor,
    keep: Tensor,
    method: str,
    *,
    group: str = "output",
    n_m: tuple[int, int] | None = None,
    computed_in: torch.dtype | None = None,
    **parameters: Any,
) -> Explanation:
    """Whether no kept score of a group lies below a pruned one by more than rounding explains.

    Args:
        W: weights of the dense model, out_features × in_features.
        keep: True where a weight survived. Where W is 0 it does not matter.
        method: one for which `needs_no_data`.
        group: `output`, or `layer`, where all weights compare.
        n_m: kept of group, where m consecutive inputs compare.
        computed_in: the coarsest arithmetic that the scores may have been computed in; None
            allows for bfloat16 and float16, whatever W is stored in.
        parameters: of the method, such as `terms`, `p` or `strategy`.

    Returns:
        `explains`, with the finest arithmetic whose rounding suffices; `refuted` with the pair of
        weights that is the furthest out of order; or `not_decided` where no group has a pruned
        and a kept weight.

    Raises:
        TypeError: W or keep is no tensor, or keep not boolean.
        ValueError: W is not a finite matrix, keep has another shape, the method needs data, or a
            parameter is outside its range.

    Example:
        >>> W = torch.tensor([[0.5, 0.2, 0.3]])
        >>> explained_by_score(W, torch.tensor([[True, False, True]]), "magnitude").verdict
        'explains'
        >>> answer = explained_by_score(W, torch.tensor([[False, True, True]]), "magnitude")
        >>> answer.verdict, answer.certificate.pruned.value, answer.certificate.check()
        ('refuted', 0.5, True)

    Source: the bounds are derived in pruneproof.integration.inspection.explanations.scores.
    """
    grouping = checked(W, keep, group, n_m)
    W = comparable(W)
    coarsest = rounding_of(computed_in)
    known = {"n_m": grouping.n_m, "parameters": parameters}
    layer = _Layer(scored(W, method, parameters), keep, group, grouping.length(W.shape[1]))
    agreement, pair = layer.judge(coarsest)
    if agreement is None:
        return Explanation(method, group, "not_decided", 1.0, None, NOTHING, **known)
    if pair is None:
        finest = next((each for each in _finer(coarsest) if layer.judge(each)[1] is None), coarsest)
        why = f"no kept score is below a pruned one by more than {finest.name} rounding"
        return Explanation(
            method, group, "explains", 1.0, None, why,
            weights=1.0, arithmetic=finest.name, **known,
        )  # fmt: skip
    why = "kept scores are below pruned ones by more than rounding explains"
    return Explanation(
        method, group, "refuted", agreement, pair, why,
        weights=layer.on_their_side(coarsest), arithmetic=coarsest.name, **known,
    )  # fmt: skip


def _finer(coarsest: Rounding) -> tuple[Rounding, ...]:
    return FINER if coarsest == ANY else FINER[: FINER.index(coarsest)]


@dataclass(frozen=True)
class _Layer:
    """A layer's scores and mask, in groups."""

    scored: Scored
    keep: Tensor
    group: str
    length: int

    def judge(self, rounding: Rounding) -> tuple[float | None, WorstPair | None]:
        """Share of the groups in order, None where nothing compares; and the worst pair."""
        W = self.scored.W
        if 0 in W.shape:
            return None, None
        pruned, kept = sides(W, self.keep)
        tops, bottoms = [], []
        for rows in row_blocks(*W.shape):
            low, high = self.scored.ends(rounding, rows)
            top, bottom = extremes(
                *(in_groups(each, self.length, 0.0) for each in (low, high)),
                *(in_groups(each[rows], self.length, False) for each in (pruned, kept)),
            )
            tops.append(top)
            bottoms.append(bottom)
        top, bottom = torch.cat(tops), torch.cat(bottoms)
        if self.group == "layer":
            compares = bool(top.amax() > -torch.inf) and bool(bottom.amin() < torch.inf)
            wrong = compares and bool(top.amax() > bottom.amin())
            pair = self._pair(rounding, int(top.argmax()), int(bottom.argmin())) if wrong else None
            return (float(not wrong) if compares else None), pair
        compares = (top > -torch.inf) & (bottom < torch.inf)
        if not compares.any():
            return None, None
        wrong = compares & (top > bottom)
        agreement = 1 - int(wrong.sum()) / int(compares.sum())
        if not wrong.any():
            return agreement, None
        worst = int(torch.where(wrong, top / bottom, 0.0).argmax())
        return agreement, self._pair(rounding, worst, worst)

    def _pair(self, rounding: Rounding, of_pruned: int, of_kept: int) -> WorstPair:
        """The highest pruned score of one group and the lowest kept one of another."""
        pruned, kept = sides(self.scored.W, self.keep)
        high_end = self._find(rounding, of_pruned, pruned, highest=True)
        low_end = self._find(rounding, of_kept, kept, highest=False)
        (higher, low), (lower, high) = high_end, low_end
        needed = (high / lower.score) / (low / higher.score)
        return WorstPair(self.scored.formula, higher, lower, needed, rounding.name)

    def _find(
        self, rounding: Rounding, group: int, allowed: Tensor, *, highest: bool
    ) -> tuple[Scoring, float]:
        inputs = self.scored.W.shape[1]
        k, block = divmod(group, -(-inputs // self.length))
        members = slice(block * self.length, min(inputs, (block + 1) * self.length))
        low, high = (end[0, members] for end in self.scored.ends(rounding, slice(k, k + 1)))
        mine = allowed[k, members]
        if highest:
            i = int(low.masked_fill(~mine, -torch.inf).argmax())
            end = float(low[i])
        else:
            i = int(high.masked_fill(~mine, torch.inf).argmin())
            end = float(high[i])
        i += members.start
        numbers = (each[n] for each, n in ((self.scored.r, i), (self.scored.q, k)))
        S = float(self.scored.S[k, i])
        return Scoring(k, i, float(self.scored.W[k, i]), *map(float, numbers), S), end

    def on_their_side(self, rounding: Rounding) -> float:
        """Share of the weights on their side of the highest score that should have been pruned.

        The score prunes as many of a group as the mask does.
        """
        W = self.scored.W
        pruned, kept = sides(W, self.keep)
        wrong = 0
        whole = self.group == "layer"
        for rows in [slice(0, W.shape[0])] if whole else row_blocks(*W.shape):
            length = W.shape[1] if whole else self.length
            S = self.scored.S[rows].masked_fill(W[rows] == 0, torch.inf)
            low, high = self.scored.ends(rounding, rows)
            fills = (torch.inf, 0.0, 0.0, False, False)
            tensors = (S, low, high, pruned[rows], kept[rows])
            parts = [in_groups(*each) for each in zip(tensors, [length] * 5, fills, strict=True)]
            S, low, high, P, K = (each.reshape(1, 1, -1) for each in parts) if whole else parts
            count = P.sum(-1, keepdim=True)
            threshold = S.sort(dim=-1).values.gather(-1, (count - 1).clamp(min=0))
            compares = (count > 0) & K.any(-1, keepdim=True)
            out_of_place = (P & (low > threshold)) | (K & (high < threshold))
            wrong += int((out_of_place & compares).sum())
        return 1 - wrong / max(1, int((W != 0).sum()))
