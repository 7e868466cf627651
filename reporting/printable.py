"""Other people's words on a terminal and a page: shown, never obeyed."""

from __future__ import annotations

LAYOUT = "\n\t"
"""What lays out a program or a traceback."""


def printable(text: str, kept: str = "\n") -> str:
    r"""Escape the characters that move a cursor, colour a screen or reverse a line's direction.

    Args:
        text: other people's words, such as a name in a file.
        kept: control characters that are not escaped.

    Example:
        >>> printable("a\x1b[31mb\u202ec\td\n"), printable("a\x1b\td\n", LAYOUT)
        ('a\\x1b[31mb\\u202ec\\td\n', 'a\\x1b\td\n')
    """
    return "".join(
        each if each.isprintable() or each in kept else each.encode("unicode_escape").decode()
        for each in text
    )


def one_line(value: object, most: int = 300) -> str:
    """The text of a value, such as an error, in one line of at most `most` characters.

    Example:
        >>> one_line(ValueError("wrong:\\n  too long"), most=8)
        'wrong: …'
    """
    text = " ".join(str(value).split())
    return text if len(text) <= most else f"{text[: most - 1]}…"
