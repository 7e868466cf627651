"""`python -m pruneproof.symbolic.record`: accept today's verdicts and rewrite the errata."""

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
    verdicts = {entry.id: entry.verdict for entry in entries}
    write_whole(ledger.RECORDED, json.dumps(verdicts, indent=1) + "\n")
    screen.print(f"wrote {ledger.RECORDED}")
    if ERRATA.parent.is_dir():
        write_whole(ERRATA, errata(entries))
        screen.print(f"wrote {ERRATA}")


if __name__ == "__main__":
    main()
