"""All cells of the tables, and how to find them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pruneproof.integration.paper_tables import TABLES, Cell, load


@dataclass(frozen=True)
class Book:
    """The cells that a check may look at."""

    cells: tuple[Cell, ...]

    @classmethod
    def printed(cls) -> Book:
        """Every cell of Tables 2–10."""
        return cls(tuple(cell for table in TABLES for cell in load(table)))

    def all(self, **wanted: Any) -> tuple[Cell, ...]:
        """The cells with these fields and parameters; a tuple allows any of its values.

        Example:
            >>> len(Book.printed().all(table=(2, 3), method="dense"))
            8
        """
        return tuple(
            cell
            for cell in self.cells
            if all(
                cell.get(name) in (value if isinstance(value, tuple) else (value,))
                for name, value in wanted.items()
            )
        )

    def one(self, **wanted: Any) -> Cell:
        """The only cell with these fields and parameters.

        Raises:
            ValueError: there is none, or more than one.
        """
        found = self.all(**wanted)
        if len(found) != 1:
            raise ValueError(f"wanted: {wanted} describes {len(found)} cells, must describe one")
        return found[0]
