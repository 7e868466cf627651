"""Words in Markdown."""

from __future__ import annotations

import re

from pruneproof.reporting.printable import printable


def text(value: object) -> str:
    """A value for a line of Markdown, with all syntax of Markdown and HTML in it escaped.

    Example:
        >>> text("<b>|\\x1b")
        '&lt;b>\\\\|\\\\\\\\x1b'
    """
    line = printable(" ".join(str(value).split()))
    line = line.replace("&", "&amp;").replace("<", "&lt;")
    return re.sub(r"([\\`*_\[\]|~#])", r"\\\1", line)


def cell(words: str) -> str:
    """Our own Markdown, formulas included, made fit for a cell of a table."""
    return words.replace("|", "\\|")
