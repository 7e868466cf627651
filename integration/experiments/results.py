"""`python -m pruneproof.integration.experiments.results [LEDGER]`: rewrite docs/results.md.

With a LEDGER, its entries that are on the list become the committed ones first.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from pruneproof.integration.experiments import pictures, smollm2
from pruneproof.integration.experiments.ledger import Ledger
from pruneproof.integration.experiments.page import page
from pruneproof.integration.experiments.stripes import Stripes
from pruneproof.reporting.files import write_whole

PAGE = Path(__file__).parents[2] / "docs" / "results.md"


def main(
    ledger: Annotated[Path | None, typer.Argument(help="results of `measure` to take over")] = None,
) -> None:
    """Write the page and its pictures from the committed ledger."""
    if ledger is not None:
        found = Ledger(ledger).results()
        entries = [found[e.digest] for e in smollm2.EXPERIMENTS if e.digest in found]
        write_whole(smollm2.RECORDED, "".join(json.dumps(each) + "\n" for each in entries))
    results = Ledger(smollm2.RECORDED).results()
    write_whole(PAGE, page(results, Stripes.recorded()))
    for name, picture in pictures.of_ledger(results).items():
        pictures.save(name, picture)
    typer.echo(f"wrote {PAGE}")


if __name__ == "__main__":
    typer.run(main)
