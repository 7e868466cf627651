"""`pruneproof theory`: is the paper's theory right?"""

from pathlib import Path
from typing import Annotated

import typer


def theory(
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            file_okay=False,
            help="Also write theory.json and theory.html into this folder.",
        ),
    ] = None,
) -> None:
    """Prove or refute every statement of the paper and print the ledger.

    Exits with 0 when every verdict is the one that the project records, with 1 when one changed,
    with 2 when the report cannot be written.
    """
    from pruneproof.symbolic import theory as symbolic_theory

    raise typer.Exit(symbolic_theory.run(report))
