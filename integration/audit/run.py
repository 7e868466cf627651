"""`pruneproof audit`: answer every check, print the ledger, write the report."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from pruneproof.integration.audit import answered, terminal
from pruneproof.integration.audit.book import Book
from pruneproof.reporting.files import prepare, write_whole
from pruneproof.reporting.terminal import console

REPORT = "audit.json"


def run(report: Path | None = None, screen: Console | None = None) -> int:
    """Check the printed numbers and print what does not fit.

    Args:
        report: a folder for audit.json; made when it is missing. An old one goes first, so that a
            run which is cut off leaves none.
        screen: where to print; the terminal unless told otherwise.

    Returns:
        0 when the findings are those that the project records, 1 when they differ.

    Raises:
        OSError: the report folder cannot be written.
        ValueError: a table's file is malformed.
    """
    screen = screen or console(terminal.PLAIN_WIDTH)
    if report is not None:
        prepare(report, [REPORT])
    entries = answered.audit(Book.printed())
    terminal.show(entries, screen)
    if report is not None:
        write_whole(report / REPORT, answered.as_json(entries))
        screen.print(f"wrote {report / REPORT}", highlight=False, markup=False)
    differences = answered.changes(entries)
    for difference in differences:
        screen.print(f"changed: {difference}", style="red", highlight=False, markup=False)
    return 1 if differences else 0
