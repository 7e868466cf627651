"""Whatever a name or a message holds, a terminal, a page and a parser read it as words."""

from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from pruneproof.reporting.html import environment
from pruneproof.reporting.junit import clean, document
from pruneproof.reporting.markdown import text
from pruneproof.reporting.printable import LAYOUT, printable

EVERY = [chr(code) for code in range(0x3000)] + [
    "\ud800",
    "\udc80",
    "\ue000",
    "\ufffe",
    "\U00010000",
]


def test_nothing_but_what_is_kept_is_a_control_character() -> None:
    for kept in ("\n", LAYOUT):
        shown = [printable(each, kept) for each in EVERY]
        assert {sign for each in shown for sign in each if not sign.isprintable()} == set(kept)
        assert len(set(shown)) == len(EVERY)


def test_a_junit_file_parses_whatever_it_holds() -> None:
    words = "".join(EVERY)
    root = ElementTree.fromstring(document(Element("a", name=clean(words))))
    assert root.get("name") == clean(words)


@pytest.mark.parametrize("sign", "\\`*_[]|~#<&")
def test_markdown_obeys_no_sign(sign: str) -> None:
    escaped = {"<": "&lt;", "&": "&amp;"}.get(sign, f"\\{sign}")
    assert text(f"a{sign}\n b") == f"a{escaped} b"


def test_a_page_shows_tags_and_control_characters() -> None:
    shown = environment("pruneproof.reporting").from_string("{{ it }}").render(it="<b>\x1b\t")
    assert shown == r"&lt;b&gt;\x1b\t"
