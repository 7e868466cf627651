"""`python -m pruneproof.symbolic.record`: accept today's claims and rewrite the errata."""

from __future__ import annotations

from pathlib import Path

from pruneproof.reporting.files import json_text, write_whole
from pruneproof.reporting.terminal import console
from pruneproof.symbolic import ledger
from pruneproof.symbolic.report import terminal
from pruneproof.symbolic.report.errata import errata

ERRATA = Path(__file__).parent.parent / "docs" / "errata.md"


def main() -> None:
    """Decide every claim, then write verdicts.json and, in a checkout, docs/errata.md."""
    screen = console(terminal.PLAIN_WIDTH)
    entries = terminal.gather(ledger.decide_all(), screen)
    terminal.show(entries, screen)
    records = {entry.id: ledger.record_of(entry) for entry in entries}
    write_whole(ledger.RECORDED, json_text(records, indent=1))
    screen.print(f"wrote {ledger.RECORDED}")
    if ERRATA.parent.is_dir():
        write_whole(ERRATA, errata(entries))
        screen.print(f"wrote {ERRATA}")


if __name__ == "__main__":
    main()
