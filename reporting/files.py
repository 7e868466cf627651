"""Files that are written whole or not at all, and reports whose last file is the one to trust."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


def json_text(value: Any, indent: int | None = 2) -> str:
    """The text of a JSON file; a ValueError for infinity and NaN."""
    return json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False) + "\n"


def write_whole(path: Path, text: str, errors: str = "strict") -> None:
    """Write `text` beside `path`, then rename it; a failure leaves `path` as it was.

    If the process is killed, a draft `.NAME.draft` may remain; the next call for this path
    overwrites it.

    Args:
        path: where the file goes; only one process may write it at a time.
        text: the content, encoded as UTF-8.
        errors: how characters that UTF-8 cannot hold are handled, as in `str.encode`.

    Raises:
        OSError: the folder is missing, not writable or full.
        UnicodeEncodeError: UTF-8 cannot hold the text, and `errors` is strict.
    """
    draft = path.with_name(f".{path.name}.draft")
    try:
        draft.write_text(text, encoding="utf-8", errors=errors, newline="\n")
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        # A full disk has no name of its own.
        raise OSError(error.errno, error.strerror, str(path)) from error
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def prepare(folder: Path, names: Iterable[str]) -> Path:
    """Make a report's folder, remove what an earlier run left in it, and return its absolute path.

    Raises:
        OSError: the folder cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).unlink(missing_ok=True)
    return folder.resolve()


def write_report(
    found: T, folder: Path, forms: Mapping[str, Callable[[T], str]], errors: str = "strict"
) -> None:
    """Write the same findings as several files, one after the other.

    Args:
        found: the findings that every file shows.
        folder: where the files go.
        forms: maps each file's name to a function from `found` to its content, in the order of
            writing; the file that says `complete` comes last.
        errors: see `write_whole`.

    Raises:
        OSError: a file cannot be written.
    """
    # What was judged may have removed it meanwhile.
    folder.mkdir(parents=True, exist_ok=True)
    for name, form in forms.items():
        write_whole(folder / name, form(found), errors)
