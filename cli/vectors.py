"""`pruneproof vectors`: exact answers for implementations in any language."""

from pathlib import Path
from typing import Annotated

import typer

vectors = typer.Typer(
    no_args_is_help=True,
    help="Frozen inputs with exact answers, for implementations in any language.",
)


@vectors.command()
def check(
    answers: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            exists=True,
            file_okay=False,
            help="Holds wanda.jsonl with the answers to wanda.json, and so on.",
        ),
    ],
) -> None:
    """Judge answers that were computed elsewhere.

    A line of DIR/wanda.jsonl is {"id": "wanda/one-by-one", "answer": …}, or has
    "error" or "unsupported" in the answer's place; docs/vectors.md describes it.

    Exits with 0 when all answers are right, with 1 when one is wrong or missing,
    with 2 when there is nothing to judge.
    """
    from pruneproof.properties.vectors.report import check_and_report

    raise typer.Exit(check_and_report(answers))


@vectors.command()
def make(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", file_okay=False, help="Where to; made if need be."),
    ],
) -> None:
    """Compute all vectors and write them, with their schema, into a folder."""
    try:
        from pruneproof.properties.vectors.make import make as make_files
    except ModuleNotFoundError as error:
        if error.name != "hypothesis":
            raise
        typer.echo("error: this needs more: pip install 'pruneproof[gate]'", err=True)
        raise typer.Exit(2) from error
    for path in make_files(folder):
        typer.echo(path)
