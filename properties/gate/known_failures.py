"""Failures that an adapter's authors know of: read from TOML, and held to be still there."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pruneproof.properties.gate.judge import Result
from pruneproof.properties.gate.property import Property


class KnownFailuresError(Exception):
    """The file cannot be read, or it names what is not in the catalogue."""


@dataclass(frozen=True)
class KnownFailure:
    """One entry.

    Attributes:
        key: `id:method`, or `id` for every method that fails.
        reason: why it fails.
        link: where that is discussed; may be empty.
    """

    key: str
    reason: str
    link: str = ""


def read_known_failures(path: Path, catalogue: Mapping[str, Property]) -> list[KnownFailure]:
    """The entries of a file.

    Args:
        path: a TOML file with one table for each entry, such as `["score.value:wanda"]`, that
            holds a `reason` and may hold a `link`.
        catalogue: the properties that may be named.

    Raises:
        KnownFailuresError: with what to change in the file.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise KnownFailuresError(f"{path} cannot be read: {error.strerror}") from error
    except RecursionError as error:
        raise KnownFailuresError(f"{path} must not nest tables so deeply") from error
    except ValueError as error:
        raise KnownFailuresError(f"{path} is no TOML: {error}; correct it") from error
    try:
        return [_entry(key, table, catalogue) for key, table in tables.items()]
    except KnownFailuresError as error:
        # A key may have line breaks.
        raise KnownFailuresError(f"{path}: {' '.join(str(error).split())}") from None


def apply_known_failures(results: list[Result], known: list[KnownFailure]) -> list[str]:
    """Give the failures that are known that verdict; return what is wrong with the others.

    An entry for one method comes before one for all methods. An entry is out of date where
    nothing fails that it could be about.
    """
    stale = []
    for entry in sorted(known, key=lambda each: ":" not in each.key):
        named = [each for each in results if entry.key in (each.key, each.property.id)]
        open_ = [each for each in named if each.verdict in ("failed", "not_shown")]
        for each in open_:
            each.verdict = "known_failure"
            each.reason = f"{entry.reason} ({entry.link})" if entry.link else entry.reason
        if not open_:
            stale.append(_out_of_date(entry, named))
    return stale


def _out_of_date(entry: KnownFailure, named: list[Result]) -> str:
    if all(each.verdict == "unsupported" for each in named):
        return f"known failure {entry.key} is unsupported and was not judged; remove the entry"
    if any(each.verdict == "known_failure" for each in named):
        return f"known failure {entry.key} is covered by entries for its methods; remove the entry"
    return f"known failure {entry.key} passes; remove the entry"


def _entry(key: str, table: Any, catalogue: Mapping[str, Property]) -> KnownFailure:
    if not isinstance(table, dict):
        raise KnownFailuresError(f'{key} must be a table, such as ["score.value:wanda"]')
    if set(table) - {"reason", "link"}:
        # Without quotation marks, TOML reads the dots of an id as tables in tables.
        wrong = sorted(set(table) - {"reason", "link"})[0]
        raise KnownFailuresError(
            f"[{key}] may hold reason and link only, got {wrong}; an id stands in quotation "
            'marks, as in ["score.value:wanda"]'
        )
    _check_known(key, catalogue)
    reason, link = table.get("reason", ""), table.get("link", "")
    if not isinstance(reason, str) or not reason.strip():
        raise KnownFailuresError(f'["{key}"] must say why it fails: reason = "…"')
    if not isinstance(link, str):
        raise KnownFailuresError(f'["{key}"]: link must be a string, got {link!r}')
    return KnownFailure(key, reason.strip(), link.strip())


def _check_known(key: str, catalogue: Mapping[str, Property]) -> None:
    identity, colon, method = key.partition(":")
    if identity in catalogue and (not colon or method in catalogue[identity].methods):
        return
    every = [f"{each.id}:{method}" for each in catalogue.values() for method in each.methods]
    candidates = every if colon else list(catalogue)
    closest = difflib.get_close_matches(key, candidates, n=1, cutoff=0)
    hint = f'; the closest is "{closest[0]}"' if closest else ""
    raise KnownFailuresError(f'there is no property "{key}"{hint}')
