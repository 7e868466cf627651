"""JSON that is an object or a clear error, and numbers that JSON does not have."""

import json
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


def from_json(text: str) -> Any:
    """What a JSON text says.

    Raises:
        ValueError: it is none, or nested more deeply than Python follows.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object that a file of a model holds.

    Raises:
        ValueError: it holds something else.
        OSError: it cannot be read.
    """
    try:
        value = from_json(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: is no JSON ({error}); fetch it again") from error
    if not isinstance(value, dict):
        raise ValueError(f"{path}: must hold a JSON object; fetch it again")
    return value
