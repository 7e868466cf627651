"""The part of an error that belongs into the one line that a user reads."""

from __future__ import annotations

import errno
import os
import re

from pruneproof.reporting.printable import one_line

MEMORY = re.compile(r"can't allocate memory|out of memory")
"""What torch says on a CPU and on a GPU, in a RuntimeError."""
REMEDIES = {
    errno.ENOSPC: "make room",
    errno.EDQUOT: "make room, or have the quota raised",
    errno.EFBIG: "have the limit of a file's size raised",
    errno.EROFS: "name a folder that can be written",
    errno.EACCES: "have the permission given, or name another",
    errno.EPERM: "have the permission given, or name another",
    errno.EIO: "check the disk, or name a folder on another one",
}
"""What to do about an error of the operating system."""


def named(error: BaseException) -> str:
    """An error's type and its message in one line.

    Example:
        >>> named(KeyError("model_type"))
        "KeyError: 'model_type'"
    """
    return f"{type(error).__name__}: {one_line(error)}"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, on a CPU or a GPU.

    Example:
        >>> is_out_of_memory(MemoryError()), is_out_of_memory(RuntimeError("shapes differ"))
        (True, False)
    """
    torch_says = isinstance(error, RuntimeError) and MEMORY.search(str(error)) is not None
    return isinstance(error, MemoryError) or torch_says


def system_error(error: BaseException) -> int | None:
    """The operating system's number of an error; None for an error of another kind.

    safetensors and tokenizers raise errors of their own, which only quote the system's.

    Example:
        >>> system_error(OSError(28, "No space left")), system_error(Exception("x (os error 28)"))
        (28, 28)
    """
    if isinstance(error, OSError):
        return error.errno
    if isinstance(error, ValueError):
        # It quotes another's.
        return None
    said = re.search(r"\(os error (\d+)\)", str(error))
    return int(said[1]) if said else None


def with_remedy(code: int, what: str = "") -> str:
    """An error of the operating system in words, with what to do.

    Args:
        code: see `system_error`.
        what: the file, where it is known.

    Example:
        >>> with_remedy(errno.ENOSPC, "pruned")
        'pruned: No space left on device; make room'
    """
    where = f"{what}: " if what else ""
    return f"{where}{os.strerror(code)}; {REMEDIES.get(code, 'name another file or folder')}"


def told(error: BaseException) -> str | None:
    """The line that a user reads of an unsuitable input, setting or machine; None for a defect.

    Example:
        >>> told(ValueError("seqlen must be\\nat least 2")), told(KeyError("x"))
        ('seqlen must be at least 2', None)
    """
    if is_out_of_memory(error):
        return (
            f"memory ran out ({named(error)}); free some, or take a smaller --seqlen, fewer "
            "--samples or --windows, or prune with --stream"
        )
    if (code := system_error(error)) is not None:
        words, file = (getattr(error, each, None) for each in ("strerror", "filename"))
        # What has words of its own says what to do already.
        return with_remedy(code, file or "") if words in (None, os.strerror(code)) else str(words)
    if isinstance(error, ValueError | OSError | ImportError):
        return one_line(error, most=2000)
    return None
