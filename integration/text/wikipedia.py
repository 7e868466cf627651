"""Real prose for calibration: English Wikipedia articles of 2016 (CC BY-SA 4.0).

They come from the test data of gensim, as the MediaWiki XML that Wikipedia publishes.
"""

import bz2
import html
import re
from pathlib import Path
from xml.etree import ElementTree

from pruneproof.integration.cache import build_once
from pruneproof.integration.wheels import WheelMember, fetch_member

_ARTICLES = WheelMember(
    requirement="gensim==4.4.0",
    path="gensim/test/test_data/"
    "enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2",
    sha256="a53f4648dec40467ebdcbc7a1307eddb51fe6e28e9309f6ebde81ba0d04bea2d",
    platform=("--python-version", "3.11", "--platform", "manylinux_2_28_x86_64"),
)
_TEXT = "{http://www.mediawiki.org/xml/export-0.10/}text"

# Applied in this order; each is repeated until it finds nothing, which takes nesting apart.
_MARKUP = [
    (re.compile(r"<!--.*?-->", re.DOTALL), ""),
    (re.compile(r"<ref[^<>]*/>"), ""),
    (re.compile(r"<(ref|math|gallery|nowiki|timeline)\b[^<>]*>.*?</\1>", re.DOTALL), ""),
    (re.compile(r"\{\{[^{}]*\}\}"), ""),
    (re.compile(r"\{\|(?:(?!\{\|).)*?\|\}", re.DOTALL), ""),
    (re.compile(r"\[\[(?:File|Image|Category):(?:[^\[\]]|\[\[[^\[\]]*\]\])*\]\]", re.I), ""),
    (re.compile(r"\[\[(?:[^\[\]|]*\|)?([^\[\]]*)\]\]"), r"\1"),
    (re.compile(r"\[https?://\S+ ([^\[\]]*)\]"), r"\1"),
    (re.compile(r"'{2,}"), ""),
    (re.compile(r"<[^<>]*>"), ""),
]
# Headings, lists, indented formulas and what is left of tables.
_NOT_PROSE = tuple("=*#:;|![{}")


def fetch_wikipedia_text() -> str:
    """The prose of about 90 articles, a paragraph a line: downloads 28 MB the first time.

    Returns:
        2.5 million characters without markup, headings, lists and tables.

    Raises:
        OSError: the download failed.
        ValueError: what was downloaded is not the expected file.
    """
    return (build_once("wikipedia-2016", _extract) / "prose.txt").read_text(encoding="utf-8")


def prose(wikitext: str) -> str:
    """The paragraphs of one article, markup removed, a line each.

    Example:
        >>> prose("== Title ==\\n'''A''' is a [[letter (sign)|letter]].{{cite}}\\n* [[B]]")
        'A is a letter.'
    """
    for pattern, replacement in _MARKUP:
        found = 1
        while found:
            wikitext, found = pattern.subn(replacement, wikitext)
    lines = (line.strip() for line in html.unescape(wikitext).splitlines())
    return "\n".join(line for line in lines if line and not line.startswith(_NOT_PROSE))


def _extract(folder: Path) -> None:
    archive = fetch_member(_ARTICLES, folder)
    with bz2.open(archive) as dump:
        texts = [
            element.text or "" for _, element in ElementTree.iterparse(dump) if element.tag == _TEXT
        ]
    articles = [prose(text) for text in texts if not text.upper().startswith("#REDIRECT")]
    (folder / "prose.txt").write_text("\n".join(articles) + "\n", encoding="utf-8")
    archive.unlink()
