"""Stopping an adapter that never answers: a call cannot be interrupted, so the process ends."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from torch import Tensor

EXIT_CODE = 2
INTERVAL = 0.1
"""Seconds between two looks."""

BEFORE_EXIT: list[Callable[[], object]] = []
"""Called before the message is written, such as to stop capturing what is written."""

_leave = os._exit
_lock = threading.Lock()
_watched: tuple[float, float, str, tuple[Any, ...], dict[str, Any]] | None = None
_thread: threading.Thread | None = None


@contextmanager
def watched(
    function: str, arguments: tuple[Any, ...], named: dict[str, Any], seconds: float | None
) -> Iterator[None]:
    """End the process with a message where the block takes longer; None waits for ever."""
    global _watched, _thread
    if seconds is None:
        yield
        return
    if _thread is None:
        # One thread for all calls, since starting one takes longer than a call.
        _thread = threading.Thread(target=_watch, name="gate-watchdog", daemon=True)
        _thread.start()
    with _lock:
        _watched = (time.monotonic() + seconds, seconds, function, arguments, named)
    try:
        yield
    finally:
        with _lock:
            _watched = None


@contextmanager
def staying() -> Iterator[None]:
    """Raise SystemExit where the block calls `os._exit`, with which an interpreter ends unjudged.

    A process that the block forks may still end that way.
    """
    judge = os.getpid()

    def stay(code: int) -> None:
        if os.getpid() != judge:
            _leave(code)
        raise SystemExit(code)

    with patch.object(os, "_exit", stay):
        yield


def described(function: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> str:
    """A call with the shapes and dtypes of its tensors.

    Example:
        >>> described("score", ("wanda", torch.ones(2, 3)), {"alpha": 1.0})
        "score('wanda', float32[2, 3], alpha=1.0)"
    """
    shown = [_shown(each) for each in arguments]
    shown += [f"{name}={_shown(each)}" for name, each in named.items()]
    return f"{function}({', '.join(shown)})"


def _shown(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"{str(value.dtype).removeprefix('torch.')}{list(value.shape)}"
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    return repr(value)


def _watch() -> None:
    while True:
        time.sleep(INTERVAL)
        with _lock:
            if _watched is not None and time.monotonic() > _watched[0]:
                _end(*_watched[1:])


def _end(seconds: float, function: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
    for each in BEFORE_EXIT:
        each()
    call = described(function, arguments, named)
    show_cursor = "\x1b[?25h" if sys.stderr.isatty() else ""
    sys.stderr.write(
        f"{show_cursor}\nerror: the adapter gave no answer within {seconds:g} s to\n  {call}\n"
        "Nothing was judged and no report written. Give it longer with --timeout SECONDS, or leave "
        "out\n--in-process: in a process of its own, the call that hangs is reported as a "
        "failure.\n"
    )
    sys.stderr.flush()
    sys.stdout.flush()
    _leave(EXIT_CODE)
