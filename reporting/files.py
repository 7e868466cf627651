"""Files that are written whole or not at all, and reports whose last file is the one to trust."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


def json_text(value: Any, indent: int | None = 2) -> str:
    """The text of a JSON file; a ValueError for infinity and what is no number."""
    return json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False) + "\n"


def write_whole(path: Path, text: str, errors: str = "strict") -> None:
    """Write `text` beside `path`, then rename it; a failure leaves `path` as it was.

    The draft, `.NAME.draft`, is what a kill may leave; the next call for this path takes it over.

    Args:
        path: of the file, which one process writes at a time.
        text: as UTF-8.
        errors: what becomes of what UTF-8 cannot hold, as in `str.encode`.

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
        OSError: it cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).unlink(missing_ok=True)
    return folder.resolve()


def write_report(
    found: T, folder: Path, forms: Mapping[str, Callable[[T], str]], errors: str = "strict"
) -> None:
    """Write what was found in all its forms, one after the other.

    Args:
        found: what each form is made of.
        folder: for the files.
        forms: by the name of a file, its content; the one that says `complete` is the last.
        errors: see `write_whole`.

    Raises:
        OSError: a file cannot be written.
    """
    # What was judged may have removed it meanwhile.
    folder.mkdir(parents=True, exist_ok=True)
    for name, form in forms.items():
        write_whole(folder / name, form(found), errors)
