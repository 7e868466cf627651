"""Markup is removed and prose stays."""

import pytest

from pruneproof.integration.text.wikipedia import fetch_wikipedia_text, prose


@pytest.mark.parametrize(
    ("wikitext", "expected"),
    [
        ("plain", "plain"),
        ("'''bold''' and ''italic''", "bold and italic"),
        ("a<!-- hidden\nover lines --> b", "a b"),
        ('kept<ref name="x">a {{cite|b}}</ref><ref name="x" />', "kept"),
        ("{{outer {{inner}} |x}}kept", "kept"),
        ("{| class=a\n| cell {| nested\n|} x\n|}kept", "kept"),
        ("[[target|shown]] and [[shown]]", "shown and shown"),
        ("[[File:a.jpg|thumb|a [[linked]] caption]]kept", "kept"),
        ("[http://example.org shown]", "shown"),
        ("caf&eacute;&nbsp;au lait", "café\xa0au lait"),
        ("== Heading ==\n* item\n: indented\n\nkept", "kept"),
    ],
)
def test_prose(wikitext: str, expected: str) -> None:
    assert prose(wikitext) == expected


@pytest.mark.checkpoint
def test_the_fetched_text_is_prose() -> None:
    text = fetch_wikipedia_text()
    assert 2_000_000 < len(text) < 3_000_000
    assert text.startswith("Anarchism is a political philosophy")
    assert not any(mark in text for mark in ("{{", "}}", "[[", "]]", "<ref", "'''"))
