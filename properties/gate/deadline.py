"""Acting when a block takes too long, at the cost of two assignments where it does not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

INTERVAL = 0.1
"""Seconds between two looks."""

_lock = threading.Lock()
_late: dict[object, tuple[float, Callable[[], object]]] = {}
_thread: threading.Thread | None = None


@contextmanager
def within(seconds: float, act: Callable[[], object]) -> Iterator[None]:
    """Call `act` once, in another thread, where the block takes longer."""
    global _thread
    with _lock:
        if _thread is None:
            # One for all blocks, since starting one takes longer than most of them.
            _thread = threading.Thread(target=_watch, name="gate-deadline", daemon=True)
            _thread.start()
    key = object()
    _late[key] = time.monotonic() + seconds, act
    try:
        yield
    finally:
        with _lock:
            _late.pop(key, None)


def _watch() -> None:
    while True:
        time.sleep(INTERVAL)
        # Held while acting, so that a block that has ended has not been acted on.
        with _lock:
            now = time.monotonic()
            for key in [key for key, (end, _) in [*_late.items()] if now > end]:
                _, act = _late.pop(key)
                act()
