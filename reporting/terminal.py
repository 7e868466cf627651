"""Where a command prints what it found."""

from __future__ import annotations

from rich.console import Console


def console(width: int = 110) -> Console:
    """A terminal; where there is none, as in the log of a CI run, so many columns for tables."""
    found = Console()
    return found if found.is_terminal else Console(width=width)
