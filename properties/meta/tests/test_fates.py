"""Fates are kept for the code they are of, and the page holds every survivor."""

from pathlib import Path

import pytest

from pruneproof.properties.meta import fates
from pruneproof.properties.meta.fates import BY_GATE, BY_TESTS, SURVIVES, Ledger, page, reasons

PAGE = (Path(__file__).parents[3] / "docs" / "mutants.md").read_text(encoding="utf-8")
FATES = {"a.py: 1 -> 2": BY_GATE, "a.py: 3 -> 4": BY_TESTS, "b.py: 5 -> 6": SURVIVES}


@pytest.fixture
def root(tmp_path, monkeypatch):
    for folder in ("reference/tests", "properties/gate", "properties/meta"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "code.py").write_text("1")
    monkeypatch.setattr(fates, "ROOT", tmp_path)
    return tmp_path


def filled(root):
    ledger = Ledger(root / "fates.jsonl")
    for key, fate in FATES.items():
        ledger.add(key, fate)
    return ledger


def test_a_cut_off_ledger_goes_on(root):
    path = filled(root).path
    path.write_text(path.read_text()[:-10])
    again = Ledger(path)
    assert again.fates == {key: FATES[key] for key in list(FATES)[:2]}
    again.add("b.py: 5 -> 6", SURVIVES)
    assert Ledger(path).fates == FATES


@pytest.mark.parametrize("changed", ["reference/code.py", "properties/gate/code.py"])
def test_other_code_has_no_fates_yet(root, changed):
    path = filled(root).path
    (root / changed).write_text("2")
    assert Ledger(path).fates == {}


def test_what_the_gate_rejects_need_not_be_asked_of_other_tests(root):
    path = filled(root).path
    (root / "reference/tests/code.py").write_text("2")
    (root / "properties/meta/code.py").write_text("2")
    assert Ledger(path).fates == {"a.py: 1 -> 2": BY_GATE}


def test_the_page_counts_by_file():
    text = page(FATES)
    assert "| `a.py` | 2 | 1 | 1 | 0 |" in text
    assert "| `b.py` | 1 | 0 | 0 | 1 |" in text
    assert "| all | 3 | 1 | 1 | 1 |" in text


def test_the_committed_page_holds_every_survivor_and_no_other():
    found = {line for line in PAGE.splitlines() if line[:2] == "- "}
    survivors = [key for _, keys in reasons() for key in keys]
    assert found == {f"- `{key}`" for key in survivors}
    assert f"| {len(survivors)} |\n\n## " in PAGE
