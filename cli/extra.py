"""What the commands that work on checkpoints need beside pruneproof's core."""

from __future__ import annotations

from importlib.util import find_spec

import typer

NEEDED = (
    "torch",
    "transformers",
    "accelerate",
    "datasets",
    "safetensors",
    "filelock",
    "greenlet",
    "psutil",
)


def check_extra(command: str) -> None:
    """Exit with 2, and with what to install, where a package is missing."""
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        typer.echo(
            f"pruneproof {command}: needs {', '.join(missing)}; "
            "python -m pip install 'pruneproof[checkpoint]'",
            err=True,
        )
        raise typer.Exit(2)
