"""The audit in a terminal: what does not fit, then how much was asked."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pruneproof.integration.audit.answered import Answered, findings, summary
from pruneproof.integration.audit.finding import DOUBTFUL, Finding

SEVERITIES = {"high": "[red]high[/]", "medium": "[yellow]medium[/]", "low": "[dim]low[/]"}
PLAIN_WIDTH = 132
"""Columns where the output is not a terminal, such as in the log of a CI run."""
CASES = 2
"""Failing comparisons that are shown of each finding; the reports have them all."""


def show(entries: list[Answered], screen: Console) -> None:
    """Print the findings and the counts."""
    table = Table(box=box.SIMPLE_HEAD, expand=True)
    table.add_column("weight", no_wrap=True)
    table.add_column("place", ratio=1)
    table.add_column("statement; below it, what is printed and what the cells give", ratio=3)
    for entry, finding in findings(entries):
        table.add_row(SEVERITIES[finding.severity], escape(finding.locus), words(entry, finding))
    screen.print(table)
    screen.print(summary(entries), highlight=False)


def words(entry: Answered, finding: Finding) -> str:
    """A finding as the ledger shows it, in rich's markup."""
    lines = [
        escape(entry.statement),
        f"[dim]printed[/] {escape(finding.printed)} [dim]· computed[/] "
        f"{escape(finding.computed_with(CASES))}",
    ]
    marks = [finding.verdict] if finding.verdict == DOUBTFUL else []
    marks += ["may be a scanning artefact"] if finding.ocr_suspect else []
    remark = " ".join([*(f"({mark})" for mark in marks), finding.remark]).strip()
    return "\n".join([*lines, f"[dim]{escape(remark)}[/]"] if remark else lines)
