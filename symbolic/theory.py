"""`pruneproof theory`: decide everything, print the ledger, write the reports."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from pruneproof.reporting.files import prepare, write_whole
from pruneproof.reporting.terminal import console
from pruneproof.symbolic import ledger
from pruneproof.symbolic.decide import DisagreementError
from pruneproof.symbolic.report import html, terminal

REPORTS: dict[str, Callable[[list[ledger.Entry], Path], str]] = {
    "theory.json": lambda entries, _: ledger.as_json(entries),
    "theory.html": html.page,
}
"""Files of a report; old ones go first, so that a run which is cut off leaves none."""


def run(report: Path | None = None, screen: Console | None = None) -> int:
    """Decide every claim and print the ledger.

    Args:
        report: a folder for theory.json and theory.html; made when it is missing.
        screen: where to print; the terminal unless told otherwise.

    Returns:
        0 when every verdict is the recorded one; 1 when one has changed, or when two engines
        contradict each other.

    Raises:
        OSError: the report folder cannot be written.
    """
    screen = screen or console(terminal.PLAIN_WIDTH)
    if report is not None:
        prepare(report, REPORTS)
    try:
        entries = terminal.gather(ledger.decide_all(), screen)
    except DisagreementError as error:
        screen.print(f"[red]the engines disagree[/] {error}", highlight=False)
        return 1
    terminal.show(entries, screen)
    if report is not None:
        for name, content in REPORTS.items():
            write_whole(report / name, content(entries, report))
            screen.print(f"wrote {report / name}", highlight=False)
    differences = ledger.changes(entries)
    for difference in differences:
        screen.print(f"[red]changed[/] {difference}", highlight=False)
    return 1 if differences else 0
