"""Writing a report's files, so that an unfinished run leaves no complete one."""

from __future__ import annotations

import json
from pathlib import Path

from pruneproof.integration.files import in_words, write_whole
from pruneproof.integration.inspection.report.badge import badge
from pruneproof.integration.inspection.report.html import page
from pruneproof.integration.inspection.report.junit import junit
from pruneproof.integration.inspection.report.markdown import card, markdown
from pruneproof.integration.inspection.report.summary import Record

LAST = "inspect.json"
FILES = ("junit.xml", "summary.md", "card.md", "report.html", "badge.json", LAST)


def prepare(folder: Path) -> None:
    """Make the folder, and remove what an earlier run left in it.

    Raises:
        OSError: it cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        (folder / name).unlink(missing_ok=True)


def write(record: Record, folder: Path) -> None:
    """Write all files, `inspect.json` last.

    Raises:
        OSError: one cannot be written.
    """
    write_whole(folder / "junit.xml", junit(record))
    write_whole(folder / "summary.md", markdown(record))
    write_whole(folder / "card.md", card(record))
    write_whole(folder / "report.html", page(record))
    write_whole(folder / "badge.json", json.dumps(badge(record)) + "\n")
    content = json.dumps(in_words(record), indent=2, ensure_ascii=False, allow_nan=False)
    write_whole(folder / LAST, content + "\n")
