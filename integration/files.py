"""Writing files so that a reader sees the old content or the new, never half of it."""

import math
from pathlib import Path
from typing import Any


def in_words(value: Any) -> Any:
    """Nested data for JSON, which has no number for infinity and none for what is no number.

    Example:
        >>> in_words({"p": math.inf, "n_m": (2, 4)})
        {'p': 'inf', 'n_m': [2, 4]}
    """
    if isinstance(value, dict):
        return {name: in_words(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [in_words(each) for each in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def out_of_words(value: Any) -> Any:
    """What `in_words` was given, with lists for tuples; a text that reads as such a number is one.

    Example:
        >>> out_of_words({"p": "inf", "n_m": [2, 4]})
        {'p': inf, 'n_m': [2, 4]}
    """
    if isinstance(value, dict):
        return {name: out_of_words(each) for name, each in value.items()}
    if isinstance(value, list):
        return [out_of_words(each) for each in value]
    return float(value) if value in ("inf", "-inf", "nan") else value


def write_whole(path: Path, text: str) -> None:
    """Write `text` beside `path`, then rename it; a failure leaves `path` as it was.

    The draft, `.NAME.draft`, is what a kill may leave; the next call for this path takes it over.

    Raises:
        OSError: the folder is missing, not writable or full.
    """
    draft = path.with_name(f".{path.name}.draft")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
