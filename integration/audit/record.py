"""`python -m pruneproof.integration.audit.record`: accept today's findings, rewrite the page."""

from __future__ import annotations

from pathlib import Path

from pruneproof.integration.audit import answered, terminal
from pruneproof.integration.audit.book import Book
from pruneproof.integration.audit.page import page
from pruneproof.reporting.files import json_text, write_whole
from pruneproof.reporting.terminal import console

PAGE = Path(__file__).parents[2] / "docs" / "audit.md"


def main() -> None:
    """Answer every check, then write findings.json and, in a checkout, docs/audit.md."""
    screen = console(terminal.PLAIN_WIDTH)
    entries = answered.audit(Book.printed())
    terminal.show(entries, screen)
    write_whole(answered.RECORDED, json_text(answered.to_record(entries), indent=1))
    screen.print(f"wrote {answered.RECORDED}")
    if PAGE.parent.is_dir():
        write_whole(PAGE, page(entries))
        screen.print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
