"""The report as one HTML page that needs nothing else: something to attach to a release."""

from __future__ import annotations

from dataclasses import dataclass

from pruneproof.properties.gate.judge import Result
from pruneproof.properties.gate.methods import EVERY_SCORE, REFINEMENTS
from pruneproof.properties.gate.property import Property
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
from pruneproof.reporting.html import environment
from pruneproof.reporting.printable import LAYOUT, printable

KINDS = {
    "score": "Scores",
    "keep_mask": "Keep masks",
    "n_m": "n:m masks",
    "statistics": "Activation statistics",
    "refine": "Refinements",
    "conventions": "Conventions",
}
SIGNS = {"passed": "✓", "failed": "✗", "not_shown": "?", "known_failure": "!", "unsupported": "–"}


@dataclass(frozen=True)
class Matrix:
    """The properties of one kind by the methods that they are judged for.

    Attributes:
        title: of the kind.
        methods: the columns.
        rows: a property, and its result for each method; None where it is not about that method.
    """

    title: str
    methods: list[str]
    rows: list[tuple[Property, list[Result | None]]]


def page(report: Report) -> str:
    """The page."""
    pages = environment("pruneproof.properties.gate.report", LAYOUT)
    pages.filters["anchor"] = anchor
    pages.filters["printable"] = lambda text: printable(text, LAYOUT)
    pages.filters["ratio"] = ratio_text
    pages.filters["short"] = shortened
    return pages.get_template("gate.html").render(
        report=report,
        conforms=report.exit_code == CONFORMS,
        headline=headline(report),
        remarks=remarks(report),
        counts=counts(report.results),
        conventions=convention_rows(report),
        matrices=matrices(report.results),
        failures=by_property(report.having("failed")),
        hidden=report.having("not_shown"),
        known=report.having("known_failure"),
        verdicts=VERDICTS,
        signs=SIGNS,
    )


def matrices(results: list[Result]) -> list[Matrix]:
    """The results by kind; a kind of which nothing is offered has none."""
    found = []
    for kind, title in KINDS.items():
        of_kind = [each for each in results if each.property.kind == kind]
        if any(each.verdict != "unsupported" for each in of_kind):
            offered = {each.method for each in of_kind if each.verdict != "unsupported"}
            found.append(_matrix(title, [each for each in of_kind if each.method in offered]))
    return found


def _matrix(title: str, results: list[Result]) -> Matrix:
    found = {each.method for each in results}
    methods = [each for each in (*EVERY_SCORE, *REFINEMENTS) if each in found]
    methods += sorted(found - set(methods))
    rows = []
    for prop, group in by_property(results):
        by_method = {each.method: each for each in group}
        rows.append((prop, [by_method.get(method) for method in methods]))
    return Matrix(title, methods, rows)


def anchor(result: Result) -> str:
    """Where a failure stands on the page."""
    return f"failure-{result.key.replace(':', '-')}"
