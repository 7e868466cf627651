"""What every form of the report says alike: the verdict in one line, counts and values."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any

from torch import Tensor

from pruneproof.properties.gate.conventions.values import VALUES
from pruneproof.properties.gate.judge import Result
from pruneproof.properties.gate.property import Property
from pruneproof.properties.gate.run import CONFORMS, Report
from pruneproof.reporting.printable import one_line

VERDICTS = {
    "passed": "passed",
    "failed": "failed",
    "not_shown": "not shown",
    "known_failure": "known failure",
    "unsupported": "unsupported",
}
"""By verdict, how it is spelled for a person."""


def headline(report: Report) -> str:
    """Whether the adapter conforms, and by how many verdicts."""
    fails, passes = len(report.having("failed", "MUST")), len(report.having("passed", "MUST"))
    known, hidden = (len(report.having(each, "MUST")) for each in ("known_failure", "not_shown"))
    judged = fails + passes + known + hidden
    if report.exit_code == CONFORMS:
        text = f"conforms: {passes} of {judged} MUST verdicts hold"
        text += f", {known} known to fail" if known else ""
        return text + (f"; not for {', '.join(report.limits)}" if report.limits else "")
    parts = [f"{fails} of {judged} MUST verdicts fail"] if fails else []
    if hidden:
        verb = "is" if hidden == 1 else "are"
        parts.append(f"{hidden} of {judged} MUST verdicts {verb} not shown")
    if report.stale:
        parts.append(f"{counted(len(report.stale), 'known failure')} out of date")
    return f"does not conform: {', '.join(parts)}"


def remarks(report: Report) -> list[str]:
    """What the headline leaves out: weaker levels, and what was not judged."""
    found = []
    for level in ("SHOULD", "MAY"):
        fails = len(report.having("failed", level))
        if fails:
            verb = "verdict fails" if fails == 1 else "verdicts fail"
            found.append(f"{fails} {level} {verb}")
        if hidden := len(report.having("not_shown", level)):
            found.append(f"{hidden} {level} not shown")
    unsupported = len(report.having("unsupported"))
    if unsupported:
        found.append(f"{unsupported} of {len(report.results)} not judged (unsupported)")
    if report.imported:
        found.append(
            f"the adapter's process imports {' and '.join(report.imported)}: what it answers with "
            "that is pruneproof's own"
        )
    return found


def counted(number: int, what: str) -> str:
    """A number with its noun.

    Example:
        >>> counted(2, "known failure")
        '2 known failures'
    """
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def by_property(results: Iterable[Result]) -> list[tuple[Property, list[Result]]]:
    """The results of each property together, in their order."""
    groups: dict[str, list[Result]] = {}
    for each in results:
        groups.setdefault(each.property.id, []).append(each)
    return [(group[0].property, group) for group in groups.values()]


def counts(results: Iterable[Result]) -> Counter[str]:
    """How many results have each verdict."""
    return Counter(each.verdict for each in results)


def convention_rows(report: Report) -> list[tuple[str, str, str]]:
    """Key, declared and measured; a dash for what is left out or could not be seen."""
    keys = [each for each in VALUES if each in (*report.declared, *report.measured)]
    return [(key, report.declared.get(key, "–"), report.measured.get(key, "–")) for key in keys]


def plain(value: Any) -> Any:
    """A value as JSON has it; what JSON has no number for is spelled out.

    Example:
        >>> plain([1.5, float("inf"), (True, None)])
        [1.5, 'inf', [True, None]]
    """
    if isinstance(value, Tensor):
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else repr(float(value))
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def ratio_text(ratio: float | None) -> str:
    """Error ÷ bound as a person reads it; empty where there is none."""
    return "" if ratio is None else f"{ratio:.3g}"


def shortened(value: Any, length: int = 300) -> str:
    """A value in one line, cut where it is long.

    Example:
        >>> shortened([1.0, 2.0, 3.0], 8)
        '[1.0, 2…'
    """
    return one_line(plain(value), length)
