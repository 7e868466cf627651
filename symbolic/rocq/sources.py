"""The .v files as text: their hash, the theorems that they declare, and what they must not say."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

THEORIES = Path(__file__).parent / "theories"

FORBIDDEN = (
    "Abort",
    "Admitted",
    "Axiom",
    "Axioms",
    "Conjecture",
    "Conjectures",
    "Declare ML Module",
    "Load",
    "Parameter",
    "Parameters",
    "Unset",
    "admit",
    "bypass_check",
    "give_up",
)
"""What would leave a statement unproved, assume it, or weaken what Rocq checks."""

COMMENT = re.compile(r"\(\*(?:(?!\(\*).)*?\*\)", re.DOTALL)
STATEMENT = re.compile(r"^(Theorem|Lemma)\s+(\w+)(.*?)\.\s*\nProof\.", re.DOTALL | re.MULTILINE)


def sources(folder: Path = THEORIES) -> list[Path]:
    """The .v files, by name."""
    return sorted(folder.glob("*.v"))


def sources_hash(folder: Path = THEORIES) -> str:
    """SHA-256 over the names and contents of all .v files."""
    digest = hashlib.sha256()
    for path in sources(folder):
        content = path.read_bytes()
        digest.update(f"{path.name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def without_comments(text: str) -> str:
    """The text with its comments, which may be nested, taken out."""
    shorter = COMMENT.sub(" ", text)
    return shorter if shorter == text else without_comments(shorter)


def forbidden_words(text: str) -> list[str]:
    """Which of `FORBIDDEN` occur outside comments, in alphabetical order."""
    code = without_comments(text)
    return [word for word in FORBIDDEN if re.search(rf"\b{word}\b", code)]


def declared(kind: str, folder: Path = THEORIES) -> dict[str, Path]:
    """The names declared as `kind` ("Theorem" or "Lemma"), each with its file.

    Raises:
        ValueError: a name is declared twice.
    """
    found: dict[str, Path] = {}
    for path in sources(folder):
        for keyword, name, _ in STATEMENT.findall(without_comments(path.read_text("utf-8"))):
            if keyword == kind:
                if name in found:
                    raise ValueError(f"{name} is declared in {found[name].name} and {path.name}")
                found[name] = path
    return found
