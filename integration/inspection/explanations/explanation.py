"""What is said of a method and a mask, and what proves it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from torch import Tensor

from pruneproof.integration.files import in_words

Verdict = Literal["explains", "possible", "refuted", "not_decided"]


class Certificate(Protocol):
    """Named weights that prove a refutation."""

    def check(self) -> bool:
        """Whether they do, in rational arithmetic and from the named weights alone."""

    def text(self) -> str:
        """The proof in numbers that a pocket calculator can multiply."""

    def as_data(self) -> dict[str, Any]:
        """The weights and the text, as JSON data."""


@dataclass(frozen=True)
class Explanation:
    """One method's answer for one mask.

    Attributes:
        method: as in the gate.
        group: `output` or `layer`.
        verdict: `explains` (a score without data gives this mask), `possible` (there are norms
            with which the score does), `refuted`, or `not_decided`.
        agreement: share of the groups in which no kept score lies below a pruned one by more than
            rounding explains; where norms are unknown, with good ones that were found, and None
            where none were sought.
        certificate: of what is refuted, or of what must be known for `not_decided`.
        why: one sentence.
        n_m: kept of group, where only the members of a group compare.
        parameters: of the method.
        weights: share of the weights that are on their side of the method's own threshold; None
            where norms are unknown.
        arithmetic: the format whose rounding is allowed for; for `explains` the finest that does.
        dead: how many inputs must be dead (have a norm of 0) if the mask is the method's.
        norms: norms of the inputs with which the score gives the mask, where `possible`.
        output_norms: of the outputs, where the score has them.
        sampled: what was looked at, where that is not all.
    """

    method: str
    group: str
    verdict: Verdict
    agreement: float | None
    certificate: Certificate | None
    why: str
    n_m: tuple[int, int] | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    weights: float | None = None
    arithmetic: str = ""
    dead: int = 0
    norms: Tensor | None = None
    output_norms: Tensor | None = None
    sampled: str = ""

    def as_data(self) -> dict[str, Any]:
        """Everything but the norms, as JSON data."""
        named = ("method", "group", "verdict", "agreement", "why", "n_m", "weights", "arithmetic")
        data: dict[str, Any] = {name: getattr(self, name) for name in named}
        data["parameters"] = dict(self.parameters)
        data["certificate"] = None if self.certificate is None else self.certificate.as_data()
        return in_words(data | {"dead": self.dead, "sampled": self.sampled})
