"""The page names every fault with the property that is about it."""

from pathlib import Path

from pruneproof.properties.gate.catalogue import CATALOGUE
from pruneproof.properties.meta.everything import FAULTS, VARIANTS
from pruneproof.properties.meta.kill_matrix import sentence

PAGE = (Path(__file__).parents[3] / "docs" / "kill-matrix.md").read_text(encoding="utf-8")


def test_every_fault_stands_there_with_its_property():
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    for name, fault in FAULTS.items():
        own = fault.caught_by.split(":")[0]
        beginning = f"| {name} | {sentence(fault.adapter)} | `{own}` |"
        assert any(row.startswith(beginning) for row in rows), name


def test_nothing_else_stands_there():
    names = {*FAULTS, "fault", "property", "---", *(f"`{each}`" for each in CATALOGUE)}
    found = {line.split("|")[1].strip() for line in PAGE.splitlines() if line.startswith("|")}
    assert found <= names
    assert all(f"`{each}`" in found for each in CATALOGUE)


def test_every_variant_stands_there():
    for name, adapter in VARIANTS.items():
        assert f"- {name}: {sentence(adapter)}" in PAGE
