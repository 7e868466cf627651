"""Memory that is free but that the C library keeps."""

from __future__ import annotations

import ctypes
from contextlib import suppress


def give_back_what_is_free() -> None:
    """Return freed memory to the system.

    The C library of most Linux systems keeps pieces below 32 MiB, between which others cannot be
    placed, and what the process holds would grow with the number of blocks.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
