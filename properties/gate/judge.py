"""Judging one property: find an example that breaks it, make it small, and write it down."""

from __future__ import annotations

import builtins
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from unittest.mock import patch

import hypothesis
import hypothesis.errors
from hypothesis import HealthCheck, Phase, settings
from hypothesis.internal.conjecture import providers

from pruneproof.properties.gate.adapter.process import ProcessError
from pruneproof.properties.gate.adapter.subject import AdapterError, Call, Subject, Unsupported
from pruneproof.properties.gate.conventions.limits import Limits
from pruneproof.properties.gate.coverage import Coverage
from pruneproof.properties.gate.examples.layers import multiplied
from pruneproof.properties.gate.property import Property, Violation
from pruneproof.properties.gate.snippets.snippet import snippet

Verdict = Literal["passed", "failed", "not_shown", "unsupported", "known_failure"]
EXAMPLES = {"quick": 6, "standard": 25, "exhaustive": 1000}
"""How many examples of a property are tried, by profile."""


@dataclass
class Result:
    """The verdict on one property for one method.

    Attributes:
        property: from the catalogue.
        method: the score or refinement.
        verdict: passed, failed, not_shown, unsupported or known_failure.
        examples: how many were judged.
        failure: what was found, where something was: message, expected, got, ratio, snippet, and
            the output that the adapter printed.
        reason: why a failure is known, or why nothing was judged, or too little.
        seconds: spent.
        asked: how many examples were tried.
        limits: what the adapter does not do, for which those that were not judged were refused.
    """

    property: Property
    method: str
    verdict: Verdict
    examples: int = 0
    failure: dict[str, Any] = field(default_factory=dict)
    reason: str = ""
    seconds: float = 0.0
    asked: int = 0
    limits: tuple[str, ...] = ()

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
    limits: Limits | None = None,
) -> Result:
    """Try examples of one property until one breaks it or all are through.

    An adapter that refuses examples for what is no limit of its own leaves the property not shown.

    Args:
        prop: from the catalogue.
        method: a score or refinement that the property is for.
        subject: the adapter.
        target: where it was found, for the snippet.
        profile: how many examples, see `EXAMPLES`.
        seed: of the examples; None for the same ones every time.
        shrink: whether a failing example is made small.
        limits: what is known of the adapter's limits from other properties.
    """
    start = time.perf_counter()
    limits = limits or Limits(subject)

    def tried(multiple: int) -> tuple[Coverage, dict[str, Any] | None]:
        with multiplied(multiple):
            return _try(prop, method, subject, target, profile, seed, shrink, Coverage(limits))

    coverage, found = tried(1)
    within = coverage.sentences
    if found is None and coverage.multiple != 1 and not prop.once:
        # What is refused is asked for again in sizes that the adapter takes.
        coverage, found = tried(coverage.multiple)
        within = tuple(sorted({*within, *coverage.sentences}))
    verdict: Verdict = "passed" if coverage.judged else "unsupported"
    reason = "" if coverage.judged else coverage.why
    if found is not None:
        verdict = "failed"
    elif coverage.lack:
        verdict, reason = "not_shown", coverage.lack
    seconds = time.perf_counter() - start
    counts = coverage.judged, found or {}, reason, seconds, coverage.asked
    return Result(prop, method, verdict, *counts, within)


def _try(
    prop: Property,
    method: str,
    subject: Subject,
    target: str,
    profile: str,
    seed: int | None,
    shrink: bool,
    coverage: Coverage,
) -> tuple[Coverage, dict[str, Any] | None]:
    """Try examples, and say what was found wrong, if anything was."""
    last: tuple[Violation, list[Call]] | None = None
    deadly: Violation | None = None

    def attempt(example: Any) -> None:
        nonlocal last, deadly
        if deadly is not None:
            # Making it small would mean to wait for, and to start, a process each time.
            raise deadly
        subject.begin()
        coverage.asked += 1
        try:
            prop.check(subject, example)
            coverage.judge(subject.calls)
        except Unsupported as error:
            coverage.refuse(subject.calls, error)
        except AdapterError as error:
            violation = Violation(str(error), "False")
            last = violation, [*subject.calls]
            if isinstance(error.__cause__, ProcessError):
                deadly = violation
            raise violation from error
        except Violation as violation:
            last = violation, [*subject.calls]
            raise

    try:
        _run(prop, method, attempt, profile, seed, shrink)
    except (Violation, hypothesis.errors.Flaky):
        # Flaky: the adapter was wrong once and not when it was asked again.
        if last is None:
            raise
        violation, calls = last
        return coverage, failure(target, calls, violation)
    return coverage, None


def failure(target: str, calls: list[Call], found: Violation | str) -> dict[str, Any]:
    """What was found, with a program that shows it.

    Args:
        target: where the adapter was found.
        calls: of the adapter, in their order.
        found: or a message, where there is no answer to judge.
    """
    violation = Violation(found, "False") if isinstance(found, str) else found
    return {
        "message": violation.message,
        "expected": violation.expected,
        "got": violation.got,
        "ratio": violation.ratio,
        "snippet": snippet(target, calls, violation),
        "output": "".join(call.output for call in calls).strip(),
    }


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
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),  # type: ignore[arg-type]
        print_blob=False,
    )(run)
    # Not by its `derandomize`, which starts from this file's source: a word changed here would
    # change all examples.
    chosen = zlib.crc32(f"{prop.id}:{method}".encode()) if seed is None else seed
    run = hypothesis.seed(chosen)(run)
    with _no_constants_of_modules():
        run()


@contextmanager
def _no_constants_of_modules() -> Iterator[None]:
    """Keep Hypothesis from drawing numbers that stand in whatever modules are imported."""
    found = getattr(providers, "_local_constants", None)
    if found is None:
        yield
        return
    nothing = type(found)()
    with patch.object(providers, "_get_local_constants", lambda: nothing):
        yield
