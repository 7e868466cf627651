"""What explains a checkpoint's mask: each method asked of each layer, and one answer for all.

A method is refuted by one layer, and explains a mask that it explains in every layer that was asked
about. A method that three layers refute is asked no more, and what takes long is asked of some
layers; how many is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pruneproof.integration.inspection.content import Array
from pruneproof.integration.inspection.facts import Facts
from pruneproof.integration.inspection.n_of_m import Pattern, unbroken

if TYPE_CHECKING:
    from torch import Tensor

    from pruneproof.integration.inspection.explanations import Explanation

ENOUGH = 3
"""Layers that refute a method before it is asked no more."""
SOME = 2**23
"""Weights whose layers are asked whether norms exist, evenly from all layers."""
EXPERTS = 2
"""Experts of a layer that are asked about."""
HALF_STEPS = {"GGUF Q8_0": 1 / 254, "GGUF Q5_0": 1 / 32, "GGUF Q4_0": 1 / 16}
"""How large a kept weight may be, relative to the largest of its block, that rounding makes 0."""
BLOCK = 32
GROUPS = ("output", "layer")


@dataclass(frozen=True)
class Question:
    """A method that may explain a mask.

    Attributes:
        method: its name, with its parameters where they are not the method's own.
        base: its name.
        parameters: of the method.
        seldom: whether only some layers are asked.
        sums: whether its score has sums over rows or columns, which an unknown weight would change.
    """

    method: str
    base: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seldom: bool = False
    sums: bool = True


QUESTIONS = (
    Question("magnitude", "magnitude", sums=False),
    Question("symmetric", "symmetric"),
    Question("symmetric_squared", "symmetric_squared"),
    Question("ri", "ri"),
    Question("ri[terms=input]", "ri", {"terms": "input"}),
    Question("ri[terms=output]", "ri", {"terms": "output"}),
    Question("lp[p=2, strategy=S1]", "lp", {"p": 2.0, "strategy": "S1"}),
    Question("lp[p=2, strategy=S2]", "lp", {"p": 2.0, "strategy": "S2"}),
    Question("lp[p=2, strategy=S3]", "lp", {"p": 2.0, "strategy": "S3"}),
    Question("lp[p=2, strategy=S4]", "lp", {"p": 2.0, "strategy": "S4"}),
    Question("wanda", "wanda", seldom=True, sums=False),
    Question("ria", "ria", seldom=True),
)
IF_CLAIMED = (Question("symwanda", "symwanda", seldom=True, sums=False),)
"""Questions that take a linear program for each layer, and are asked of `FEW`, if claimed."""
FEW = 2


@dataclass
class _Asked:
    """The answers so far to one question about one kind of groups.

    Attributes:
        finer: in how many layers smaller groups compare, so that it was not asked there.
    """

    question: Question
    group: str
    verdicts: list[str] = field(default_factory=list)
    agreements: list[float] = field(default_factory=list)
    told: dict[str, Any] | None = None
    open: str = ""
    layers: int = 0
    finer: int = 0

    @property
    def over(self) -> bool:
        few = self.question in IF_CLAIMED and len(self.verdicts) >= FEW
        return few or self.verdicts.count("refuted") >= ENOUGH

    def record(self) -> dict[str, Any]:
        """One answer for all layers, as plain data."""
        kinds = set(self.verdicts)
        verdict = "not_decided"
        if "refuted" in kinds:
            verdict = "refuted"
        elif kinds and "not_decided" not in kinds and not self.finer:
            verdict = "explains" if kinds == {"explains"} else "possible"
        told = self.told or {}
        return {
            "method": self.question.method,
            "group": self.group,
            "verdict": verdict,
            "agreement": float(np.mean(self.agreements)) if self.agreements else None,
            "certificate": told.get("certificate"),
            "tensor": told.get("tensor"),
            "why": self.open
            if self.finer and verdict != "refuted"
            else told.get("why") or self.open,
            "parameters": dict(self.question.parameters),
            "layers": len(self.verdicts),
            "of_layers": self.layers,
        }


class Explaining:
    """Asks all questions of one layer after the other.

    Args:
        layers: how many layers will be asked about.
        weights: how many weights they have.
        group: the only kind of groups to ask about, or None for both.
        methods: what is claimed.
        without: why nothing can be asked at all, or "".
    """

    def __init__(
        self,
        layers: int,
        weights: int,
        group: str | None,
        methods: Sequence[str] = (),
        without: str = "",
    ) -> None:
        groups = GROUPS if group is None else (group,)
        more = tuple(each for each in IF_CLAIMED if each.base in methods)
        self.asked = [_Asked(each, which) for each in QUESTIONS + more for which in groups]
        self.every = max(1, min(layers // 4, round(weights / SOME)))
        self.seen = 0
        for each in self.asked:
            each.open, each.layers = without, layers

    def ask(
        self, facts: Facts, dense: Array, zero: NDArray[np.bool_], claimed: Pattern | None = None
    ) -> None:
        """Ask about one layer.

        Args:
            facts: of the layer.
            dense: the dense weights, outputs × inputs, of experts one after the other.
            zero: True where the layer has zeros.
            claimed: an n:m pattern that it is said to have, and has.
        """
        place, self.seen = self.seen, self.seen + 1
        # A few small groups show no pattern by themselves.
        pattern = facts.pattern or claimed
        n_m = (pattern.n, pattern.m) if pattern and pattern.along == "inputs" else None
        asked = []
        for each in self.asked:
            if each.over or (each.question.seldom and place % self.every):
                continue
            if n_m is not None and each.group == "layer":
                each.open = f"only the weights of a group of {n_m[1]} compare"
                each.finer += 1
                continue
            asked.append(each)
        if not asked:
            return
        for W, keep in _matrices(facts, dense, zero):
            for each in asked:
                self._ask(each, facts, W, keep, n_m)

    def _ask(
        self, of: _Asked, facts: Facts, W: Tensor, keep: Tensor, n_m: tuple[int, int] | None
    ) -> None:
        if of.question.sums and facts.entry.storage in HALF_STEPS:
            of.verdicts.append("not_decided")
            of.open = "rounding made zeros, too, and which ones is not known"
            return
        answer = _answer(of.question, W, keep, of.group, n_m)
        if answer.verdict == "refuted" and n_m is None:
            for hidden in unbroken(~keep.numpy()):
                finer = _answer(of.question, W, keep, "output", (hidden.n, hidden.m))
                if finer.verdict != "refuted":
                    of.verdicts.append("not_decided")
                    why = f"the layer keeps {hidden}, too, and is too small to show whether that "
                    why += "is meant; say so with --n-m"
                    if "refuted" not in of.verdicts:
                        of.told = {"tensor": facts.entry.name, "why": why}
                    return
        of.verdicts.append(answer.verdict)
        if answer.agreement is not None:
            of.agreements.append(answer.agreement)
        refuted_before = "refuted" in of.verdicts[:-1]
        if of.told is None or (answer.verdict == "refuted" and not refuted_before):
            of.told = answer.as_data() | {"tensor": facts.entry.name}

    def skip(self, why: str) -> None:
        """Pass over a layer of which nothing can be said."""
        for each in self.asked:
            each.verdicts.append("not_decided")
            each.open = why

    def records(self) -> Iterator[dict[str, Any]]:
        """The answers."""
        for each in self.asked:
            yield each.record()


def _answer(
    question: Question, W: Tensor, keep: Tensor, group: str, n_m: tuple[int, int] | None
) -> Explanation:
    from pruneproof.integration.inspection import explanations

    more = {"group": group, "n_m": n_m}
    if question.base == "wanda":
        return explanations.could_be_wanda(W, keep, **more)
    if question.base == "ria":
        return explanations.could_be_ria(W, keep, **more)
    if question.base == "symwanda":
        return explanations.could_be_symwanda(W, keep, **more)
    return explanations.explained_by_score(W, keep, question.base, **more, **question.parameters)


def _matrices(
    facts: Facts, dense: Array, zero: NDArray[np.bool_]
) -> Iterator[tuple[Tensor, Tensor]]:
    """Weights and keep masks of a tensor's matrices; of experts some, evenly from all."""
    import torch

    half_step = HALF_STEPS.get(facts.entry.storage)
    count = facts.entry.shape[0] if len(facts.entry.shape) == 3 else 1
    rows = len(dense) // count
    for number in range(0, count, max(1, count // EXPERTS)):
        part = slice(number * rows, (number + 1) * rows)
        # An expert that is gone, or left alone, says nothing.
        if zero[part].any() and not zero[part].all():
            weight = dense[part]
            if half_step is not None:
                weight = _without_rounded(weight, zero[part], half_step)
            yield torch.from_numpy(np.array(weight)), torch.from_numpy(~zero[part])


def _without_rounded(dense: Array, zero: NDArray[np.bool_], half_step: float) -> Array:
    """Dense weights with 0, which says nothing, where a zero may be rounding's."""
    width = dense.shape[1] // BLOCK * BLOCK
    found = dense.copy()
    runs = np.where(zero, 0, dense)[:, :width].reshape(-1, BLOCK)
    most = np.abs(runs).max(axis=1, keepdims=True) * half_step * 1.01
    part = found[:, :width].reshape(-1, BLOCK)
    unknown = zero[:, :width].reshape(-1, BLOCK) & (np.abs(part) <= most)
    found[:, :width] = np.where(unknown, 0, part).reshape(len(found), width)
    return found
