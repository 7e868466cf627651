"""Where a command prints what it found."""

from __future__ import annotations

from rich.console import Console


def console(width: int = 110) -> Console:
    """A console for tables: as wide as the terminal, or `width` columns without one, as in CI."""
    found = Console()
    return found if found.is_terminal else Console(width=width)
