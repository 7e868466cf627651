"""`python -m pruneproof.symbolic.record`: accept today's claims and rewrite the errata."""

from __future__ import annotations

import json
from pathlib import Path

from pruneproof.symbolic import ledger
from pruneproof.symbolic.files import write_whole
from pruneproof.symbolic.report import terminal
from pruneproof.symbolic.report.errata import errata

ERRATA = Path(__file__).parent.parent / "docs" / "errata.md"


def main() -> None:
    """Decide every claim, then write verdicts.json and, in a checkout, docs/errata.md."""
    screen = terminal.console()
    entries = terminal.gather(ledger.decide_all(), screen)
    terminal.show(entries, screen)
    records = {entry.id: ledger.record_of(entry) for entry in entries}
    recorded = json.dumps(records, indent=1, ensure_ascii=False)
    write_whole(ledger.RECORDED, recorded + "\n")
    screen.print(f"wrote {ledger.RECORDED}")
    if ERRATA.parent.is_dir():
        write_whole(ERRATA, errata(entries))
        screen.print(f"wrote {ERRATA}")


if __name__ == "__main__":
    main()
