"""A folder outside the repository for what is fetched or converted once."""

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from filelock import FileLock


def cache_root() -> Path:
    """The folder that $PRUNEPROOF_CACHE names, else `pruneproof` in the user's cache folder."""
    if chosen := os.environ.get("PRUNEPROOF_CACHE"):
        return Path(chosen)
    user = os.environ.get("XDG_CACHE_HOME")
    return (Path(user) if user else Path.home() / ".cache") / "pruneproof"


def build_once(name: str, build: Callable[[Path], None]) -> Path:
    """The cached folder `name`, filled by `build` when it is not there yet.

    A folder in the cache is whole: it is built beside its place and renamed into it, and of
    several processes that want it one builds while the others wait.

    Args:
        name: of the folder; what changes its content must change its name.
        build: fills the empty folder that it is given.

    Returns:
        The folder.

    Raises:
        Exception: whatever `build` raises; the cache is then as it was.
    """
    folder = cache_root() / name
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with (
            FileLock(folder.with_name(f"{name}.lock")),
            TemporaryDirectory(dir=folder.parent, prefix=f"{name}-") as scratch,
        ):
            # Another process may have built it while this one waited for the lock.
            if not folder.exists():
                unfinished = Path(scratch) / name
                unfinished.mkdir()
                build(unfinished)
                unfinished.rename(folder)
    return folder
