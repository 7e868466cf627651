"""Writing files so that a reader sees the old content or the new, never half of it."""

from pathlib import Path
from tempfile import TemporaryDirectory


def write_whole(path: Path, text: str) -> None:
    """Write `text` beside `path`, then rename it; a failure leaves `path` as it was.

    Raises:
        OSError: the folder is missing, not writable or full.
    """
    with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as scratch:
        draft = Path(scratch) / path.name
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
