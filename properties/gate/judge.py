"""Judging one property: find an example that breaks it, make it small, and write it down."""

from __future__ import annotations

import builtins
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import hypothesis
import hypothesis.errors
import torch
from hypothesis import HealthCheck, Phase, settings

from pruneproof.properties.gate.property import Property, Violation
from pruneproof.properties.gate.snippet import snippet
from pruneproof.properties.gate.subject import AdapterError, Subject, Unsupported
from pruneproof.properties.gate.transport import ProcessError

Verdict = Literal["passed", "failed", "unsupported", "known_failure"]
EXAMPLES = {"quick": 6, "standard": 25, "exhaustive": 1000}
"""How many examples of a property are tried, by profile."""


@dataclass
class Result:
    """The verdict on one property for one method.

    Attributes:
        property: from the catalogue.
        method: the score or refinement.
        verdict: passed, failed, unsupported or known_failure.
        examples: how many were judged.
        failure: what was found, where something was: message, expected, got, ratio, snippet.
        reason: why a failure is known, or why nothing was judged.
        seconds: spent.
    """

    property: Property
    method: str
    verdict: Verdict
    examples: int = 0
    failure: dict[str, Any] = field(default_factory=dict)
    reason: str = ""
    seconds: float = 0.0

    # A field above is called as the decorator is.
    @builtins.property
    def key(self) -> str:
        """How known failures name it."""
        return f"{self.property.id}:{self.method}"


def judge(
    prop: Property,
    method: str,
    subject: Subject,
    target: str,
    profile: str = "standard",
    seed: int | None = None,
    *,
    shrink: bool = True,
) -> Result:
    """Try examples of one property until one breaks it or all are through.

    Args:
        prop: from the catalogue.
        method: a score or refinement that the property is for.
        subject: the adapter.
        target: where it was found, for the snippet.
        profile: how many examples, see `EXAMPLES`.
        seed: of the examples; None for the same ones every time.
        shrink: whether a failing example is made small.
    """
    start = time.perf_counter()
    judged, why = 0, ""
    last: tuple[Violation, str] | None = None
    deadly: Violation | None = None

    def attempt(example: Any) -> None:
        nonlocal judged, why, last, deadly
        if deadly is not None:
            # Making it small would mean to wait for, and to start, a process each time.
            raise deadly
        subject.begin()
        # An adapter that draws random numbers draws the same ones when an example is replayed.
        torch.default_generator.manual_seed(0)
        try:
            prop.check(subject, example)
            judged += 1
        except Unsupported as error:
            why = str(error)
        except AdapterError as error:
            violation = Violation(str(error), "False")
            last = violation, snippet(target, subject.calls, violation)
            if isinstance(error.__cause__, ProcessError):
                deadly = violation
            raise violation from error
        except Violation as violation:
            last = violation, snippet(target, subject.calls, violation)
            raise

    try:
        _run(prop, method, attempt, profile, seed, shrink)
    except (Violation, hypothesis.errors.Flaky):
        # Flaky: the adapter was wrong once and not when it was asked again.
        if last is None:
            raise
        violation, program = last
        failure = {
            "message": violation.message,
            "expected": violation.expected,
            "got": violation.got,
            "ratio": violation.ratio,
            "snippet": program,
        }
        seconds = time.perf_counter() - start
        return Result(prop, method, "failed", judged, failure, seconds=seconds)
    seconds = time.perf_counter() - start
    if judged == 0:
        return Result(prop, method, "unsupported", 0, reason=why, seconds=seconds)
    return Result(prop, method, "passed", judged, seconds=seconds)


def _run(
    prop: Property,
    method: str,
    attempt: Callable[[Any], None],
    profile: str,
    seed: int | None,
    shrink: bool,
) -> None:
    run = hypothesis.given(prop.examples(method))(attempt)
    run = settings(
        max_examples=1 if prop.once else EXAMPLES[profile],
        derandomize=seed is None,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),  # type: ignore[arg-type]
        print_blob=False,
    )(run)
    if seed is not None:
        run = hypothesis.seed(seed)(run)
    run()
