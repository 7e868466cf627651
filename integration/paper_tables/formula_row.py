"""Table 1 as data: the formulas of each algorithm, as LaTeX."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FORMULAS = ("X", "Y", "score")
REQUIRED: Mapping[str, type] = {
    "algorithm": str,
    "weights": bool,
    "activations": bool,
    **dict.fromkeys(FORMULAS, str),
    "comment": str,
}
OPTIONAL: Mapping[str, type] = {
    "scan": dict,
    "ocr_suspect": str,
    "refuted_by": list,
    "remark": str,
}


@dataclass(frozen=True)
class FormulaRow:
    """One row of Table 1.

    Attributes:
        algorithm: its name, as printed.
        weights: ticked as using weights.
        activations: ticked as using activations.
        X: in LaTeX; for the rows that footnote (b) names, the column X_:j only.
        Y: in LaTeX; for those rows, Y_k: only.
        score: S_jk in LaTeX.
        comment: the lemma or corollary that the row refers to.
        scan: the formulas of which the scan has something else.
        ocr_suspect: what of the scan was read otherwise; empty where nothing was.
        refuted_by: ids of the claims that `pruneproof theory` refutes at this row.
        remark: what else does not fit.
    """

    algorithm: str
    weights: bool
    activations: bool
    X: str
    Y: str
    score: str
    comment: str
    scan: Mapping[str, str] = field(default_factory=dict)
    ocr_suspect: str = ""
    refuted_by: tuple[str, ...] = ()
    remark: str = ""

    @property
    def locus(self) -> str:
        """The row's place in the paper, as the claims about it spell it."""
        return f"Table 1, {self.algorithm}"


def parse(text: str, name: str) -> tuple[FormulaRow, ...]:
    """The rows of the file of Table 1.

    Args:
        text: the file's content.
        name: the file's name, for errors.

    Raises:
        ValueError: malformed; says where, what was there and what is allowed.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{name}: is not TOML: {error}") from error
    _check(data, {"number": int, "title": str, "row": list}, {}, name)
    rows: dict[str, FormulaRow] = {}
    for position, fields in enumerate(data["row"], 1):
        row = _row(fields, f"{name}: row {position}")
        if row.algorithm in rows:
            raise ValueError(f"{name}: {row.algorithm}: stands twice, must stand once")
        rows[row.algorithm] = row
    return tuple(rows.values())


def _row(fields: Any, where: str) -> FormulaRow:
    if type(fields) is not dict:
        raise ValueError(f"{where}: {fields!r}, must be a table")
    _check(fields, REQUIRED, OPTIONAL, where)
    scan = fields.get("scan", {})
    _check(scan, {}, dict.fromkeys(FORMULAS, str), f"{where}: scan")
    if scan and not fields.get("ocr_suspect"):
        raise ValueError(f"{where}: ocr_suspect: missing, must say what of the scan was read")
    claims = fields.get("refuted_by", [])
    if not all(type(claim) is str for claim in claims):
        raise ValueError(f"{where}: refuted_by: {claims!r}, must hold ids of claims")
    return FormulaRow(**{**fields, "refuted_by": tuple(claims)})


def _check(
    fields: Mapping[str, Any],
    required: Mapping[str, type],
    optional: Mapping[str, type],
    where: str,
) -> None:
    for key in required:
        if key not in fields:
            raise ValueError(f"{where}: {key}: missing")
    allowed = {**required, **optional}
    for key, value in fields.items():
        if key not in allowed:
            raise ValueError(f"{where}: {key}: unknown, must be one of {', '.join(allowed)}")
        if type(value) is not allowed[key]:
            raise ValueError(f"{where}: {key}: {value!r}, must be of type {allowed[key].__name__}")
