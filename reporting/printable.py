"""Other people's words on a terminal and a page: shown, never obeyed."""

from __future__ import annotations

LAYOUT = "\n\t"
"""What lays out a program or a traceback."""


def printable(text: str, kept: str = "\n") -> str:
    r"""A text with escapes in place of what moves a cursor, colours a screen or turns a line round.

    Args:
        text: such as a name in a file.
        kept: control characters that stay.

    Example:
        >>> printable("a\x1b[31mb\u202ec\td\n"), printable("a\x1b\td\n", LAYOUT)
        ('a\\x1b[31mb\\u202ec\\td\n', 'a\\x1b\td\n')
    """
    return "".join(
        each if each.isprintable() or each in kept else each.encode("unicode_escape").decode()
        for each in text
    )


def one_line(value: object, most: int = 300) -> str:
    """A value, such as an error, without line breaks, cut where it is long.

    Example:
        >>> one_line(ValueError("wrong:\\n  too long"), most=8)
        'wrong: …'
    """
    text = " ".join(str(value).split())
    return text if len(text) <= most else f"{text[: most - 1]}…"
