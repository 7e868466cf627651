"""The page of the properties."""

from pruneproof.properties.gate.catalogue import CATALOGUE
from pruneproof.properties.gate.document import PAGE, page
from pruneproof.properties.gate.report.html import KINDS


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "run python -m pruneproof.properties.gate.document"
    )


def test_every_kind_has_a_heading() -> None:
    assert {prop.kind for prop in CATALOGUE.values()} <= set(KINDS)
