"""Writing a report's files, so that an unfinished run leaves no complete one."""

from __future__ import annotations

import json
import os
from pathlib import Path

from pruneproof.properties.gate.report.badge import badge
from pruneproof.properties.gate.report.html import page
from pruneproof.properties.gate.report.junit import junit
from pruneproof.properties.gate.report.markdown import markdown
from pruneproof.properties.gate.report.record import record
from pruneproof.properties.gate.run import Report

LAST = "report.json"
FILES = ("junit.xml", "summary.md", "report.html", "badge.json", LAST)


def prepare(folder: Path) -> Path:
    """Make the folder, remove what an earlier run left in it, and return its absolute path."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        (folder / name).unlink(missing_ok=True)
    return folder.resolve()


def write(report: Report, folder: Path) -> None:
    """Write all files, `report.json` last."""
    # The adapter may have removed the folder meanwhile.
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "junit.xml", junit(report))
    _write(folder / "summary.md", markdown(report))
    _write(folder / "report.html", page(report))
    _write(folder / "badge.json", json.dumps(badge(report)) + "\n")
    content = json.dumps(record(report), indent=2, ensure_ascii=False, allow_nan=False)
    _write(folder / LAST, content + "\n")


def _write(path: Path, content: str) -> None:
    """Whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        # An adapter's messages may hold what UTF-8 cannot.
        temporary.write_bytes(content.encode(errors="backslashreplace"))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
