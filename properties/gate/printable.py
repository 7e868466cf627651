"""Other people's words on a terminal and a page: shown, never obeyed."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""A text with escapes in place of what moves a cursor, colours a screen or turns a line round.

    Example:
        >>> printable("a\x1b[31mb\u202ec\nd")
        'a\\x1b[31mb\\u202ec\nd'
    """
    return "".join(
        each if each.isprintable() or each in "\n\t" else each.encode("unicode_escape").decode()
        for each in text
    )
