"""A file to which results are appended, one line of JSON each, by any number of processes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from filelock import FileLock

Entry = dict[str, Any]
"""An experiment's `digest` and record with what was measured."""


class Ledger:
    """Results by the digest of their experiment.

    A line counts once its end is written, so a process may be killed at any time.

    Args:
        path: of the file; it need not exist yet, its folder must.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def results(self) -> dict[str, Entry]:
        """All entries by digest, the latest where an experiment was measured twice.

        Raises:
            ValueError: a line, other than an unfinished last one, is no entry.
        """
        if not self.path.exists():
            return {}
        *lines, _unfinished = self.path.read_text(encoding="utf-8").split("\n")
        entries = (self._entry(number, line) for number, line in enumerate(lines, 1))
        return {entry["digest"]: entry for entry in entries}

    def append(self, entry: Entry) -> None:
        """Add a result; when this returns, it is on the disk.

        Raises:
            ValueError: the entry holds a number that JSON has not.
            OSError: the file cannot be written.
        """
        line = json.dumps(entry, allow_nan=False) + "\n"
        with FileLock(self.path.with_name(f"{self.path.name}.lock")), self.path.open("a+b") as file:
            file.seek(0)
            # What a killed process left of a line would swallow this one.
            file.truncate(file.read().rfind(b"\n") + 1)
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())

    def _entry(self, number: int, line: str) -> Entry:
        try:
            entry = json.loads(line)
            entry["digest"]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{self.path}, line {number}: no entry of a ledger") from error
        return entry
