"""The page of the properties."""

from pathlib import Path

from pruneproof.properties.gate.catalogue import CATALOGUE
from pruneproof.properties.gate.document import page
from pruneproof.properties.gate.report.html import KINDS

# Of the checkout, whatever is installed.
PAGE = Path(__file__).parents[3] / "docs" / "properties.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "run python -m pruneproof.properties.gate.document"
    )


def test_every_kind_has_a_heading() -> None:
    assert {prop.kind for prop in CATALOGUE.values()} <= set(KINDS)
