"""`python -m pruneproof.integration.regression.report LEDGER DIR`: measured beside printed."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from pruneproof.integration.paper_tables import TABLES
from pruneproof.integration.regression.collected import Collected, collect
from pruneproof.integration.regression.pages import Drawings, html, markdown, measured
from pruneproof.reporting.files import write_whole


def write(ledger: Path, folder: Path) -> Collected:
    """Write report.html and report.md; pictures need matplotlib (the extra `plots`).

    Raises:
        ValueError: the ledger holds no result, or a line that is none.
        OSError: the folder cannot be written.
    """
    found = collect(ledger)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "report.html", html(found, drawings(found)))
    write_whole(folder / "report.md", markdown(found))
    return found


def drawings(found: Collected) -> Drawings:
    """A picture of each table with measured cells; none without matplotlib."""
    if find_spec("matplotlib") is None:
        return {}
    from pruneproof.integration.regression.plots import picture, svg

    numbers = [table for table in TABLES if measured(found, table)]
    return {table: svg(picture(measured(found, table))) for table in numbers}


def main(
    ledger: Annotated[Path, typer.Argument(metavar="LEDGER", help="From pytest -m gpu.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="For report.html and report.md.")],
) -> None:
    """Put what was measured beside what the paper prints."""
    try:
        found = write(ledger, folder)
    except (ValueError, OSError) as error:
        typer.echo(f"report: {error}", err=True)
        raise typer.Exit(2) from error
    typer.echo(f"{len(found.measured)} cells measured, {len(found.agreeing)} agree")
    typer.echo(f"wrote {folder / 'report.html'} and {folder / 'report.md'}")


if __name__ == "__main__":
    typer.run(main)
