"""The files of a report: an unfinished run leaves no complete one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pruneproof.integration.files import in_words
from pruneproof.integration.inspection.report.badge import badge
from pruneproof.integration.inspection.report.html import page
from pruneproof.integration.inspection.report.junit import junit
from pruneproof.integration.inspection.report.markdown import card, markdown
from pruneproof.integration.inspection.report.summary import Record
from pruneproof.reporting.files import json_text, write_report

FILES: dict[str, Callable[[Record], str]] = {
    "junit.xml": junit,
    "summary.md": markdown,
    "card.md": card,
    "report.html": page,
    "badge.json": lambda record: json_text(badge(record), indent=None),
    "inspect.json": lambda record: json_text(in_words(record)),
}


def write(record: Record, folder: Path) -> None:
    """Write all files, `inspect.json` last.

    Raises:
        OSError: one cannot be written.
    """
    write_report(record, folder, FILES)
