"""Table 1 as data: the formulas of each algorithm, as LaTeX."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pruneproof.integration.paper_tables.fields import check_fields, check_table, read_toml

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
    data = read_toml(text, name)
    check_fields(data, {"number": int, "title": str, "row": list}, {}, name)
    rows: dict[str, FormulaRow] = {}
    for position, fields in enumerate(data["row"], 1):
        row = _row(fields, f"{name}: row {position}")
        if row.algorithm in rows:
            raise ValueError(f"{name}: {row.algorithm}: stands twice, must stand once")
        rows[row.algorithm] = row
    return tuple(rows.values())


def _row(fields: Any, where: str) -> FormulaRow:
    check_table(fields, where)
    check_fields(fields, REQUIRED, OPTIONAL, where)
    scan = fields.get("scan", {})
    check_fields(scan, {}, dict.fromkeys(FORMULAS, str), f"{where}: scan")
    if scan and not fields.get("ocr_suspect"):
        raise ValueError(f"{where}: ocr_suspect: missing, must say what of the scan was read")
    claims = fields.get("refuted_by", [])
    if not all(type(claim) is str for claim in claims):
        raise ValueError(f"{where}: refuted_by: {claims!r}, must hold ids of claims")
    return FormulaRow(**{**fields, "refuted_by": tuple(claims)})
