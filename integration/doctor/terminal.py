"""An examination in a terminal: each look, then what to do."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pruneproof.integration.doctor.examine import Examination
from pruneproof.integration.doctor.finding import Finding, Verdict
from pruneproof.reporting.printable import printable

COLOURS = {
    Verdict.HEALTHY: "green",
    Verdict.NOTE: "yellow",
    Verdict.UNKNOWN: "dim",
    Verdict.OFF: "red",
}


def show(found: Examination, screen: Console) -> None:
    """Print all looks, and of those that are not healthy the likely cause."""
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("", "look", "measured", "expected"):
        table.add_column(heading)
    for each in found.findings:
        table.add_row(
            _coloured(each.verdict), each.check, _plain(each.measured), _plain(each.expected)
        )
    screen.print(table)
    for each in found.findings:
        if each.cause:
            screen.print(_explained(each), soft_wrap=False)
    model = found.model or "not a model that is recorded"
    screen.print(
        f"\n{_coloured(found.verdict)}: {model}; {found.windows} windows of {found.seqlen} tokens, "
        f"fingerprint {found.fingerprint}"
    )


def _plain(text: str) -> str:
    """Other people's text, of which nothing is obeyed."""
    return escape(printable(text))


def _explained(finding: Finding) -> str:
    colour = COLOURS[finding.verdict]
    lines = [f"[{colour}]{finding.check}[/]: {_plain(finding.cause)}."]
    if finding.advice:
        lines.append(f"  What to do: {_plain(finding.advice)}.")
    if finding.verdict is Verdict.OFF and finding.basis:
        lines.append(f"  [dim]Rests on: {_plain(finding.basis)}.[/]")
    return "\n".join(lines)


def _coloured(verdict: Verdict) -> str:
    return f"[{COLOURS[verdict]}]{verdict}[/]"
