"""The whole gate: look at an adapter, judge it by every property, and collect the verdicts."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version

import torch

from pruneproof.properties.gate.adapter.subject import AdapterError, Subject
from pruneproof.properties.gate.catalogue import CATALOGUE as CATALOGUE
from pruneproof.properties.gate.conventions import values as conventions
from pruneproof.properties.gate.conventions.limits import Limits
from pruneproof.properties.gate.conventions.smoke import Offer, look_at
from pruneproof.properties.gate.judge import Result, Verdict, failure, judge
from pruneproof.properties.gate.known_failures import KnownFailure, apply_known_failures
from pruneproof.properties.gate.property import Level, Property

CONFORMS, FAILS, BROKEN = 0, 1, 2
"""Exit codes."""

Progress = Callable[[int, int, str], None]
"""Is told how many verdicts there are, how many there will be, and which is next."""


@dataclass
class Report:
    """What a finished run found.

    Attributes:
        name: of the implementation, as the adapter says.
        version: of the implementation, as the adapter says.
        target: where the adapter was found.
        profile: how many examples of each property were tried.
        seed: of the examples; None for the same ones every time.
        declared: the adapter's conventions.
        measured: what it was seen to do.
        results: a verdict for each property and method, in the order of the catalogue.
        stale: what is wrong with the known failures.
        seconds: the run took.
        versions: of what the verdicts may depend on.
        date: of the run, UTC.
        imported: modules of pruneproof's with the right answers, which the adapter's process has.
    """

    name: str
    version: str
    target: str
    profile: str
    seed: int | None
    declared: dict[str, str]
    measured: dict[str, str]
    results: list[Result]
    stale: list[str] = field(default_factory=list)
    seconds: float = 0.0
    versions: dict[str, str] = field(default_factory=dict)
    date: str = ""
    imported: tuple[str, ...] = ()

    def having(self, verdict: Verdict, level: Level | None = None) -> list[Result]:
        """The results with a verdict, of one level or of all."""
        return [
            each
            for each in self.results
            if each.verdict == verdict and level in (None, each.property.level)
        ]

    @property
    def exit_code(self) -> int:
        """0 where every supported MUST is shown or known to fail, and nothing else is known."""
        broken = self.having("failed", "MUST") or self.having("not_shown", "MUST")
        return FAILS if broken or self.stale else CONFORMS

    @property
    def limits(self) -> list[str]:
        """What the adapter does not do: its verdicts say nothing of it."""
        return sorted({limit for each in self.results for limit in each.limits})


def run(
    subject: Subject,
    target: str,
    profile: str = "standard",
    seed: int | None = None,
    known: Iterable[KnownFailure] = (),
    progress: Progress | None = None,
) -> Report:
    """Judge an adapter by every property of the catalogue.

    Args:
        subject: the adapter; its conventions are filled in.
        target: where it was found, for the snippets.
        profile: `quick`, `standard` or `exhaustive`.
        seed: of the examples; None for the same ones every time.
        known: failures that are declared.
        progress: is told before each verdict.

    Raises:
        AdapterError: it supports nothing, or its answers have no form that could be judged.
    """
    start = time.perf_counter()
    offers, measured = look_and_measure(subject)
    pairs = [(prop, method) for prop in CATALOGUE.values() for method in prop.methods]
    results, limits = [], Limits(subject)
    for done, (prop, method) in enumerate(pairs):
        if progress:
            progress(done, len(pairs), f"{prop.id}:{method}")
        results.append(verdict(prop, method, offers, subject, target, profile, seed, limits))
    judged = [each for each in results if each.property.kind != "conventions"]
    if all(each.verdict == "unsupported" for each in judged):
        raise AdapterError(NOTHING)
    stale = apply_known_failures(results, list(known))
    return Report(
        subject.name,
        subject.version,
        target,
        profile,
        seed,
        conventions.declared(subject),
        measured,
        results,
        stale,
        time.perf_counter() - start,
        versions(),
        datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        subject.imported,
    )


NOTHING = (
    "the adapter supports no score, mask, statistics or refinement, so it does not conform; "
    "implement at least one of them, for at least one method, without NotImplementedError"
)


def look_and_measure(subject: Subject) -> tuple[set[Offer], dict[str, str]]:
    """What the adapter supports, and its conventions as seen; those it is judged by are set.

    Raises:
        AdapterError: it supports nothing, its answers have no form that could be judged, or it
            declares what is no convention.
    """
    conventions.declared(subject)
    offers = look_at(subject)
    if not offers:
        raise AdapterError(NOTHING)
    sound = subject.sound or set()
    measured = conventions.measured(subject, sound)
    subject.conventions = conventions.resolved(subject, sound)
    return offers, measured


def verdict(
    prop: Property,
    method: str,
    offers: Set[Offer],
    subject: Subject,
    target: str,
    profile: str,
    seed: int | None,
    limits: Limits | None = None,
) -> Result:
    """The verdict on one property for one method, which may be that it is not offered."""
    if not prop.is_offered(method, offers):
        return Result(prop, method, "unsupported", reason=f"no {prop.kind} for {method}")
    if (prop.kind, method) in subject.broken:
        message, calls = subject.broken[prop.kind, method]
        return Result(prop, method, "failed", asked=1, failure=failure(target, calls, message))
    try:
        return judge(prop, method, subject, target, profile, seed, limits=limits)
    except Exception as error:
        error.add_note(f"while judging {prop.id}:{method}")
        raise


def versions() -> dict[str, str]:
    """Of what the verdicts may depend on."""
    return {
        "pruneproof": version("pruneproof"),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "platform": platform.platform(terse=True),
    }
