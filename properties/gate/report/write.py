"""The files of a report: an unfinished run leaves no complete one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pruneproof.properties.gate.report.badge import badge
from pruneproof.properties.gate.report.html import page
from pruneproof.properties.gate.report.junit import junit
from pruneproof.properties.gate.report.markdown import markdown
from pruneproof.properties.gate.report.record import record
from pruneproof.properties.gate.run import Report
from pruneproof.reporting.files import json_text, write_report

LAST = "report.json"
FILES: dict[str, Callable[[Report], str]] = {
    "junit.xml": junit,
    "summary.md": markdown,
    "report.html": page,
    "badge.json": lambda report: json_text(badge(report), indent=None),
    LAST: lambda report: json_text(record(report)),
}


def write(report: Report, folder: Path) -> None:
    """Write all files, `report.json` last."""
    # An adapter's messages may hold what UTF-8 cannot.
    write_report(report, folder, FILES, errors="backslashreplace")
