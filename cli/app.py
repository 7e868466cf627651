"""The `pruneproof` command. Each subcommand is a file that imports what is heavy when called."""

import io
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from pruneproof.cli.audit import audit
from pruneproof.cli.doctor import doctor
from pruneproof.cli.gate import EXAMPLES, gate
from pruneproof.cli.inspect import EXAMPLES as INSPECT_EXAMPLES
from pruneproof.cli.inspect import inspect
from pruneproof.cli.prune import EXAMPLES as PRUNE_EXAMPLES
from pruneproof.cli.prune import prune
from pruneproof.cli.theory import theory
from pruneproof.cli.vectors import vectors
from pruneproof.cli.wrong_input import InOneLine

app = typer.Typer(cls=InOneLine, no_args_is_help=True, add_completion=False)
app.command()(theory)
app.command()(audit)
app.command(epilog=EXAMPLES)(gate)
app.command(epilog=PRUNE_EXAMPLES)(prune)
app.command()(doctor)
app.command(epilog=INSPECT_EXAMPLES)(inspect)
app.add_typer(vectors, name="vectors")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"pruneproof {version('pruneproof')}")
        raise typer.Exit


@app.callback()
def pruneproof(
    _: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Verify the pruning of large language models: is this right?"""
    # Formulas and bars are not in every terminal's encoding; a question mark beats a crash.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
