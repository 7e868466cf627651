"""What a property is: a sentence, where it comes from, examples to try, and a check."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Literal

from hypothesis import strategies as st

Level = Literal["MUST", "SHOULD", "MAY"]
Kind = Literal["score", "keep_mask", "n_m", "statistics", "refine", "conventions"]


class Violation(AssertionError):  # noqa: N818 - it is a finding about the adapter, not our error
    """An adapter's answer contradicts a property.

    Args:
        message: what is wrong, in one line.
        check: a Python expression, true of a right answer, in which `r1`, `r2`, … stand for
            the answers to the calls in their order; the snippet asserts it.
        expected: what the theory says.
        got: what the adapter answered.
        ratio: error ÷ bound, where there is one.
    """

    def __init__(
        self,
        message: str,
        check: str,
        *,
        expected: object = None,
        got: object = None,
        ratio: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message, self.check = message, check
        self.expected, self.got, self.ratio = expected, got, ratio


@dataclass(frozen=True)
class Property:
    """One entry of the catalogue.

    Attributes:
        id: stable; `kind.what`.
        sentence: what must hold.
        level: MUST, SHOULD or MAY.
        source: the statement of the paper or of the gate's interface that it follows from.
        assumptions: what an example satisfies.
        kind: which of the adapter's methods it is about.
        methods: the scores or refinements that it is judged for, one verdict each.
        examples: a strategy for each of them.
        check: raises a `Violation`; its arguments are the subject and an example.
        once: whether one example, the strategy's only one, says all.
    """

    id: str
    sentence: str
    level: Level
    source: str
    assumptions: str
    kind: Kind
    methods: tuple[str, ...]
    examples: Callable[[str], st.SearchStrategy[Any]]
    check: Callable[[Any, Any], None]
    once: bool = False

    def is_offered(self, method: str, offers: Collection[tuple[str, str]]) -> bool:
        """Whether an adapter offers what the property judges; conventions are always measured."""
        return self.kind == "conventions" or (self.kind, method) in offers


ENTERED: dict[str, Property] = {}


def gate_property(
    id: str,
    *,
    kind: Kind,
    methods: tuple[str, ...],
    examples: Callable[[str], st.SearchStrategy[Any]],
    source: str,
    level: Level = "MUST",
    assumptions: str = "",
    once: bool = False,
) -> Callable[[Callable[[Any, Any], None]], Callable[[Any, Any], None]]:
    """Enter a check into the catalogue; the first line of its docstring is the sentence."""

    def enter(check: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
        if id in ENTERED:
            raise ValueError(f"id must be unique, got {id} twice")
        sentence = (check.__doc__ or "").strip().splitlines()[0]
        ENTERED[id] = Property(
            id, sentence, level, source, assumptions, kind, methods, examples, check, once
        )
        return check

    return enter
