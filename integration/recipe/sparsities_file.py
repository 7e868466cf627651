"""A file that gives layers sparsities of their own: a table from patterns to numbers."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pruneproof.integration.recipe.chosen import checked_sparsities


def read_sparsities(path: Path) -> dict[str, float]:
    """Sparsities by pattern, in the order of the file.

    Args:
        path: TOML or JSON, by its suffix.

    Raises:
        ValueError: another suffix, a file that is damaged, no flat table, empty, or names a pattern
            twice, or a sparsity that is no number in [0, 1).
        OSError: the file cannot be read.
    """
    what = f"sparsities: {path}"
    if (parse := PARSERS.get(path.suffix.lower())) is None:
        raise ValueError(f"{what} must end in .toml or .json, which says how to read it")
    try:
        # Some editors begin a file with a byte order mark.
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{what} must be text in UTF-8: {error.reason}") from error
    except OSError as error:
        raise OSError(f"{what} cannot be read: {error.strerror}") from error
    try:
        table = parse(text)
    except RecursionError as error:
        raise ValueError(f"{what} is nested too deeply; give a flat table") from error
    except ValueError as error:
        raise ValueError(f"{what} is no {path.suffix[1:].upper()}: {error}; correct it") from error
    if not isinstance(table, dict) or not table:
        raise ValueError(f'{what} must be a table from patterns to sparsities, as "0.*" and 0.3')
    return checked_sparsities(table, what)


def _json(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_each_once)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Python would take the last of several silently.
    table: dict[str, Any] = {}
    for name, value in pairs:
        if name in table:
            raise ValueError(f"{name!r} stands there twice")
        table[name] = value
    return table


PARSERS: dict[str, Callable[[str], Any]] = {".toml": tomllib.loads, ".json": _json}
"""What reads a file, by its suffix."""
