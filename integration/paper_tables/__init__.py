"""Tables 1–10 of the paper as data, a TOML file each; what is printed is kept as it is printed.

Table 1 holds formulas and no numbers: `pruneproof theory` decides its rows.
"""

from functools import cache
from pathlib import Path

from pruneproof.integration.paper_tables.cell import MODELS, PARAMETERS, Cell, half_unit
from pruneproof.integration.paper_tables.formula_row import FormulaRow
from pruneproof.integration.paper_tables.formula_row import parse as parse_formulas
from pruneproof.integration.paper_tables.table_file import parse

__all__ = ["MODELS", "PARAMETERS", "TABLES", "Cell", "FormulaRow", "formulas", "half_unit", "load"]

TABLES = range(2, 11)
"""The numbers of the tables that hold numbers."""


@cache
def load(table: int) -> tuple[Cell, ...]:
    """The cells of one table, row by row as printed.

    Args:
        table: its number in the paper, 2 to 10.

    Raises:
        ValueError: there is no such table, or its file is malformed.

    Example:
        >>> dense = load(2)[0]
        >>> dense.id, dense.printed
        ('T2/dense/LLaMA2-7b', '5.47')
    """
    if table not in TABLES:
        raise ValueError(f"table: {table}, must be 2 to 10 (see `formulas` for Table 1)")
    path = Path(__file__).with_name(f"table_{table:02}.toml")
    return parse(path.read_text(encoding="utf-8"), path.name)


@cache
def formulas() -> tuple[FormulaRow, ...]:
    r"""The rows of Table 1, as printed.

    Raises:
        ValueError: its file is malformed.

    Example:
        >>> magnitude = formulas()[1]
        >>> magnitude.algorithm, magnitude.score
        ('Marginal', '|\\mathbf{W}_{jk}|')
    """
    path = Path(__file__).with_name("table_01.toml")
    return parse_formulas(path.read_text(encoding="utf-8"), path.name)
