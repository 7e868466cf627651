"""The report that a pull request shows: Markdown."""

from __future__ import annotations

import re

from pruneproof.properties.gate.judge import Result
from pruneproof.properties.gate.report.summary import (
    VERDICTS,
    by_property,
    convention_rows,
    counts,
    headline,
    ratio_text,
    remarks,
    shortened,
)
from pruneproof.properties.gate.run import CONFORMS, Report
from pruneproof.reporting.markdown import text
from pruneproof.reporting.printable import printable

SNIPPETS = 20
"""With more, a summary would not fit where GitHub shows it; the other forms have all."""


def markdown(report: Report) -> str:
    """The verdict, the failures, and below them all properties."""
    sign = "✅" if report.exit_code == CONFORMS else "❌"
    lines = [
        f"## {sign} {text(report.name)} {text(report.version)} {printable(headline(report))}",
        "",
        " · ".join([*remarks(report), *_circumstances(report)]),
        "",
    ]
    lines += [f"- **{text(each)}**" for each in report.stale] + [""] * bool(report.stale)
    failures = report.having("failed")
    for number, result in enumerate(failures):
        lines += _failure(result, with_snippet=number < SNIPPETS)
    if hidden := report.having("not_shown"):
        lines += ["### Not shown", ""]
        lines += [f"- `{each.key}` ({each.property.level}): {text(each.reason)}" for each in hidden]
        lines += [""]
    known = report.having("known_failure")
    if known:
        lines += ["### Known failures", ""]
        lines += [f"- `{each.key}`: {text(each.reason)}" for each in known] + [""]
    return "\n".join([*lines, *_conventions(report), *_properties(report), ""])


def _circumstances(report: Report) -> list[str]:
    seed = "fixed examples" if report.seed is None else f"seed {report.seed}"
    versions = report.versions
    return [
        f"profile {report.profile}, {seed}",
        f"pruneproof {versions.get('pruneproof', '?')}, torch {versions.get('torch', '?')}",
        f"{report.seconds:.0f} s",
    ]


def _failure(result: Result, *, with_snippet: bool) -> list[str]:
    prop, failure = result.property, result.failure
    lines = [
        f"### {prop.level} fails: `{result.key}`",
        "",
        f"{text(prop.sentence)} *{text(prop.source)}*",
        "",
        f"- found: {text(failure['message'])}",
    ]
    for key in ("expected", "got"):
        if failure[key] is not None:
            lines.append(f"- {key}: {text(shortened(failure[key]))}")
    if failure["ratio"] is not None:
        lines.append(f"- error ÷ bound: {ratio_text(failure['ratio'])}")
    if with_snippet:
        summary = "<details><summary>a program that reproduces it</summary>"
        lines += ["", summary, "", *fenced(failure["snippet"]), "", "</details>"]
    return [*lines, ""]


def _conventions(report: Report) -> list[str]:
    rows = convention_rows(report)
    if not rows:
        return []
    lines = ["### Conventions", "", "| | declared | measured |", "|---|---|---|"]
    return [*lines, *(f"| {' | '.join(map(text, row))} |" for row in rows), ""]


def _properties(report: Report) -> list[str]:
    lines = [
        "<details><summary>all properties</summary>",
        "",
        f"| property | level | {' | '.join(VERDICTS.values())} |",
        f"|---|---|{'---:|' * len(VERDICTS)}",
    ]
    for prop, results in by_property(report.results):
        found = counts(results)
        cells = " | ".join(str(found[name] or "") for name in VERDICTS)
        lines.append(f"| `{prop.id}` | {prop.level} | {cells} |")
    return [*lines, "", "</details>"]


def fenced(program: str) -> list[str]:
    """A code block whose fence is longer than any in it."""
    longest = max((len(each) for each in re.findall("`+", program)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}python", program.rstrip("\n"), fence]
