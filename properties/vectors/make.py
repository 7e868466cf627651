"""Computing all vectors and writing their files."""

from __future__ import annotations

import shutil
from pathlib import Path

from pruneproof.properties.vectors import masks, refinements, scores, statistics
from pruneproof.properties.vectors.form import file_text
from pruneproof.reference.methods import REFINEMENTS, SCORES

FOLDER = Path(__file__).parent
SCHEMA = FOLDER / "schema.json"


def texts() -> dict[str, str]:
    """The text of every file, by its name."""
    files = {
        name: file_text("score", name, score.source, scores.vectors(name))
        for name, score in SCORES.items()
    }
    files["keep_mask"] = file_text("keep_mask", None, "Section 4.1", masks.sparsity_vectors())
    files["keep_n_of_m"] = file_text("keep_mask", None, "Section 4.1", masks.n_m_vectors())
    files["activation_statistics"] = file_text(
        "activation_statistics", None, "Section 3.6", statistics.vectors()
    )
    for name in REFINEMENTS:
        tests = refinements.vectors(name)
        files[name] = file_text("refine", name, "Section 3.6, Appendix C.1", tests)
    return {f"{name}.json": text for name, text in files.items()}


def make(folder: Path) -> list[Path]:
    """Write all files and their schema into a folder, which is made where it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in texts().items():
        written.append(folder / name)
        written[-1].write_text(text, encoding="utf-8", newline="\n")
    if folder.resolve() != FOLDER:
        shutil.copy(SCHEMA, folder)
    return written
