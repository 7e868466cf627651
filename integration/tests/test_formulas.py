"""Table 1 is what the paper prints."""

import re
from hashlib import sha256

import pytest

from pruneproof.integration.paper_tables import FormulaRow, formulas
from pruneproof.integration.paper_tables.formula_row import FORMULAS, parse

CHECKSUMS = {
    "General Sym.": "60cc5992ec8b",
    "Marginal": "d59414ef83b5",
    "Wanda": "4cc2d5b0da83",
    "OWanda": "8290de9e5274",
    "Symmetric": "a57e9ad67ba6",
    "RI (v1)": "bbfe192c2f06",
    "RI (v2)": "41e8e9c17a4b",
    "RIA": "61a671b306e9",
    "General (diag.)": "c58e4a13e667",
    "ℓp-norm (v1)": "2f2edff82f4a",
    "ℓp-norm (v2)": "8ebb69377b59",
    "StochRIA": "3994ae84786a",
}
"""Each row's characters without bars and typesetting, taken by a script of its own."""


def skeleton(formula: str) -> str:
    """What is left of LaTeX without sizes, fonts, bars, braces and blanks."""
    formula = re.sub(r"\\(left|right|mathbf|mathrm)\b", "", formula)
    return "".join(each for each in formula if each not in "|$\\{} \t")


def test_rows_are_those_of_the_paper() -> None:
    found = {}
    for row in formulas():
        texts = [row.scan.get(name, getattr(row, name)) for name in FORMULAS]
        joined = "\n".join(skeleton(text) for text in [*texts, row.comment])
        found[row.algorithm] = sha256(joined.encode()).hexdigest()[:12]
    assert found == CHECKSUMS


def test_ticks_are_those_of_the_paper() -> None:
    assert all(row.weights for row in formulas())
    assert [row.algorithm for row in formulas() if row.activations] == [
        "General Sym.",
        "Wanda",
        "OWanda",
        "Symmetric",
        "RIA",
        "General (diag.)",
    ]


def test_brackets_and_bars_are_closed() -> None:
    for row in formulas():
        for name in FORMULAS:
            text = getattr(row, name)
            for opening, closing in ("()", "{}"):
                assert text.count(opening) == text.count(closing), (row.algorithm, name)
            assert text.count(r"\|") % 2 == 0
            assert text.replace(r"\|", "").count("|") % 2 == 0


def test_what_was_read_otherwise_than_scanned_says_so() -> None:
    for row in formulas():
        for name, scanned in row.scan.items():
            assert scanned != getattr(row, name), (row.algorithm, name)
            assert f"{name}:" in row.ocr_suspect


GOOD = r"""
number = 1
title = "t"
[[row]]
algorithm = "Wanda"
weights = true
activations = true
X = '\mathbf{X}'
Y = '0'
score = '|W||X|'
comment = "Corollary 3.2"
scan = { X = 'x' }
ocr_suspect = "X: s"
refuted_by = ["a_claim"]
"""
ROW = GOOD[GOOD.index("[[row]]") :]


def test_a_file_is_read_as_it_says() -> None:
    (row,) = parse(GOOD, "f.toml")
    assert row == FormulaRow(
        algorithm="Wanda",
        weights=True,
        activations=True,
        X=r"\mathbf{X}",
        Y="0",
        score="|W||X|",
        comment="Corollary 3.2",
        scan={"X": "x"},
        ocr_suspect="X: s",
        refuted_by=("a_claim",),
    )
    assert row.locus == "Table 1, Wanda"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[[row]]", "[[row]", r"f.toml: is not TOML"),
        ("number = 1", "", r"f.toml: number: missing"),
        ("[[row]]", "row = [3]\n[x]", r"f.toml: x: unknown, must be one of number, title, row"),
        ("score = '|W||X|'", "", r"f.toml: row 1: score: missing"),
        ("weights = true", "weights = 1", r"row 1: weights: 1, must be of type bool"),
        ("comment =", "coment =", r"row 1: comment: missing"),
        ("{ X = 'x' }", "{ Z = 'x' }", r"row 1: scan: Z: unknown, must be one of X, Y, score"),
        ('ocr_suspect = "X: s"', "", r"row 1: ocr_suspect: missing, must say what of the scan"),
        ('["a_claim"]', "[3]", r"row 1: refuted_by: \[3\], must hold ids of claims"),
        (ROW, ROW + ROW, r"f.toml: Wanda: stands twice"),
    ],
)  # fmt: skip
def test_a_malformed_file_is_refused_with_its_place(old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(ValueError, match=message):
        parse(GOOD.replace(old, new), "f.toml")
