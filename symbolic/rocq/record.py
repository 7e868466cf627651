"""The record of a build: which theorems Rocq accepted, of which sources."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from pruneproof.reporting.files import write_whole
from pruneproof.symbolic.rocq.sources import THEORIES, sources_hash


@dataclass(frozen=True)
class Record:
    """What a build that went through has established.

    Attributes:
        sources: the hash of the .v files that were built.
        coq: Rocq's version.
        mathcomp: the version of mathcomp's packages, or "unknown".
        theorems: each theorem, and whether it is closed under the global context.
        seconds: how long each file took, and the whole build.
    """

    sources: str
    coq: str
    mathcomp: str
    theorems: dict[str, bool]
    seconds: dict[str, float]


def default_record() -> Path:
    """`rocq.json` in the folder that $PRUNEPROOF_CACHE names, else in the user's cache folder."""
    if chosen := os.environ.get("PRUNEPROOF_CACHE"):
        return Path(chosen) / "rocq.json"
    user = os.environ.get("XDG_CACHE_HOME")
    return (Path(user) if user else Path.home() / ".cache") / "pruneproof" / "rocq.json"


def write_record(record: Record, path: Path) -> None:
    """Write the record as JSON, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(asdict(record), indent=1) + "\n")


def read_record(path: Path) -> Record | None:
    """The record at `path`; None when there is none that can be read."""
    try:
        return Record(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def record_is_current(path: Path | None = None, folder: Path = THEORIES) -> bool:
    """Whether there is a record (by default the user's), and of exactly these sources."""
    record = read_record(path or default_record())
    return record is not None and record.sources == sources_hash(folder)


def proved_theorems(path: Path | None = None, folder: Path = THEORIES) -> set[str]:
    """The theorems that a present and current record vouches for; none otherwise."""
    record = read_record(path or default_record())
    if record is None or record.sources != sources_hash(folder):
        return set()
    return {name for name, closed in record.theorems.items() if closed is True}
