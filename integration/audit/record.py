"""`python -m pruneproof.integration.audit.record`: accept today's findings, rewrite the page."""

from __future__ import annotations

import json
from pathlib import Path

from pruneproof.integration.audit import answered, terminal
from pruneproof.integration.audit.book import Book
from pruneproof.integration.audit.page import page
from pruneproof.integration.files import write_whole

PAGE = Path(__file__).parents[2] / "docs" / "audit.md"


def main() -> None:
    """Answer every check, then write findings.json and, in a checkout, docs/audit.md."""
    screen = terminal.console()
    entries = answered.audit(Book.printed())
    terminal.show(entries, screen)
    recorded = json.dumps(answered.to_record(entries), indent=1, ensure_ascii=False)
    write_whole(answered.RECORDED, recorded + "\n")
    screen.print(f"wrote {answered.RECORDED}")
    if PAGE.parent.is_dir():
        write_whole(PAGE, page(entries))
        screen.print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
