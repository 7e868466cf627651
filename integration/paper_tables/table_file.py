"""The TOML file of one table.

`[cells]` holds the fields that all cells share, `columns` those of each column, and a `[[row]]`
its own; a row goes before its column, and both before `[cells]`. A row's `printed`, `deviation`
and `delta` have one text a column, "" where no number stands; a row whose values span several
columns brings its own `columns`. A `[[flag]]` marks cells that look damaged or contradict others.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from pruneproof.integration.paper_tables.cell import MODELS, PARAMETERS, Cell
from pruneproof.integration.paper_tables.fields import check_fields, check_table, read_toml

CHOICES: Mapping[str, Collection[str]] = {
    "model": MODELS,
    "metric": ("perplexity", "accuracy"),
    "method": ("dense", "magnitude", "wanda", "ria", "lp", "stochria"),
    "group": ("layer", "output", "unknown", "none"),
    "n_m": ("2:4", "4:8"),
    "refinement": ("dsnot", "r2_dsnot"),
    "strategy": ("S1", "S2", "S3", "S4"),
    "terms": ("col-sum", "row-sum"),
}
REQUIRED: Mapping[str, type] = dict.fromkeys(
    ("model", "metric", "task", "method", "group", "group_basis"), str
)
OPTIONAL: Mapping[str, type] = {
    "sparsity": float,
    "n_m": str,
    "refinement": str,
    "trials": int,
    **PARAMETERS,
}
_check_fields = partial(check_fields, choices=CHOICES)
PRINTED = re.compile(r"[+-]?\d+(\.\d+)?(e\d+)?")
NUMBERS = ("printed", "deviation", "delta")
FILE = {"number": int, "title": str, "columns": list, "cells": dict, "row": list}
ROW = {"id": str, "columns": list, **dict.fromkeys(NUMBERS, list)}
FLAG = {"cells": list, "ocr_suspect": str, "contradicts": list}


def parse(text: str, name: str) -> tuple[Cell, ...]:
    """The cells of a table file.

    Args:
        text: the file's content.
        name: the file's name, for errors.

    Raises:
        ValueError: malformed; says where, what was there and what is allowed.
    """
    data = read_toml(text, name)
    _check_fields(data, required=FILE, optional={"flag": list}, where=name)
    for key in ("columns", "row", "flag"):
        _check_tables(data.get(key, []), f"{name}: {key}")
    cells: dict[str, Cell] = {}
    for row in data["row"]:
        for cell in _cells_of(row, data, name):
            if cell.id in cells:
                raise ValueError(f"{name}: {cell.id}: stands twice, must stand once")
            cells[cell.id] = cell
    for flag in data.get("flag", ()):
        _apply(flag, cells, f"{name}: flag")
    return tuple(cells.values())


def _cells_of(row: dict[str, Any], data: dict[str, Any], name: str) -> Iterator[Cell]:
    where = f"{name}: row {row.get('id')!r}"
    _check_fields(
        {key: row[key] for key in row.keys() & ROW}, {"id": str, "printed": list}, ROW, where
    )
    columns = row.get("columns", data["columns"])
    _check_tables(columns, f"{where}: columns")
    numbers = {
        key: _numbers(row[key], len(columns), f"{where}: {key}") for key in NUMBERS if key in row
    }
    own = {key: value for key, value in row.items() if key not in ROW}
    for position, column in enumerate(columns):
        if not numbers["printed"][position]:
            continue
        fields = {**data["cells"], **column, **own}
        _check_fields(fields, REQUIRED, OPTIONAL, where)
        yield Cell(
            id="/".join([f"T{data['number']}", row["id"], *map(str, column.values())]),
            table=data["number"],
            parameters={key: fields.pop(key) for key in PARAMETERS if key in fields},
            **fields,
            **{key: texts[position] for key, texts in numbers.items() if texts[position]},
        )


def _numbers(texts: list[str], count: int, where: str) -> list[str]:
    if len(texts) != count:
        raise ValueError(f"{where}: has {len(texts)} entries, must have one a column: {count}")
    for text in texts:
        if text != "" and (type(text) is not str or not PRINTED.fullmatch(text)):
            raise ValueError(f"{where}: {text!r}, must be a number as printed, in quotes")
    return texts


def _check_tables(values: list[Any], where: str) -> None:
    for value in values:
        check_table(value, where)


def _apply(flag: dict[str, Any], cells: dict[str, Cell], where: str) -> None:
    _check_fields(flag, required={"cells": list}, optional=FLAG, where=where)
    for name in flag["cells"]:
        if name not in cells:
            raise ValueError(f"{where}: cells: {name!r}, must be the id of a cell of this table")
        cells[name] = replace(
            cells[name],
            ocr_suspect=flag.get("ocr_suspect", ""),
            contradicts=tuple(flag.get("contradicts", ())),
        )
