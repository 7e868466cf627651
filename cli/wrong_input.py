"""One place where an error that a user can mend becomes one line and exit code 2."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup


class InOneLine(TyperGroup):
    """Commands whose wrong inputs, settings and full disks end in one line, whichever it is.

    Without it Python would exit with 1, which says that something was judged and found wrong.
    """

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            # Not needed where all goes well.
            from pruneproof.integration.errors import told
            from pruneproof.reporting.printable import printable

            if (line := told(error)) is None:
                raise
            typer.echo(printable(f"pruneproof {ctx.invoked_subcommand}: {line}"), err=True)
            raise typer.Exit(2) from error
