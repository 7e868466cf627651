"""`pruneproof audit`: do the paper's printed numbers fit together?"""

from pathlib import Path
from typing import Annotated

import typer


def audit(
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            file_okay=False,
            help="Also write audit.json into this folder.",
        ),
    ] = None,
) -> None:
    """Check the paper's printed numbers against each other and its text, and print what is off.

    Exits with 0 when the findings are those that the project records, with 1 when they differ, with
    2 when the report cannot be written.
    """
    from pruneproof.integration.audit.run import run

    raise typer.Exit(run(report))
