"""theorems.toml: every theorem, where its statement stands in the paper, and what it says."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

MANIFEST = Path(__file__).parent / "theorems.toml"
CLAIMS = Path(__file__).parent / "claims.toml"


@dataclass(frozen=True)
class Theorem:
    """One theorem.

    Attributes:
        name: in Rocq; unique.
        file: in `theories/`, without its suffix.
        locus: the place in the paper, as claims spell it, or "beyond the paper".
        says: the statement in one sentence.
    """

    name: str
    file: str
    locus: str
    says: str


def theorems(path: Path = MANIFEST) -> list[Theorem]:
    """The theorems in the manifest's order, which is the paper's.

    Raises:
        ValueError: a name occurs twice.
        TypeError: an entry has a key too many or too few.
    """
    entries = [Theorem(**entry) for entry in tomllib.loads(path.read_text("utf-8"))["theorem"]]
    names = [entry.name for entry in entries]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"theorem names must be unique; repeated: {', '.join(repeated)}")
    return entries


def theorems_of_claims(path: Path = CLAIMS) -> dict[str, tuple[str, ...]]:
    """For each claim of the ledger that is stated in Rocq too, its theorems."""
    found = tomllib.loads(path.read_text("utf-8"))
    return {claim: tuple(names) for claim, names in found.items()}


def table(entries: list[Theorem]) -> str:
    """The theorems as a Markdown table, as it stands in docs/formal.md."""
    rows = [
        f"| {entry.locus} | {in_a_cell(entry.says)} | `{entry.name}` | `{entry.file}.v` |"
        for entry in entries
    ]
    return "\n".join(["| where | what is proved | theorem | file |", "|---|---|---|---|", *rows])


def in_a_cell(text: str) -> str:
    """The text with its bars, which would end a cell of a Markdown table, escaped."""
    return text.replace("|", "\\|")
