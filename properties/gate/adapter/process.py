"""A program that is asked one line after the other, in bounded time, and ended with all it started.

It imports neither torch nor the judge: a program that is started first gets ready meanwhile.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from contextlib import suppress
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector
from tempfile import NamedTemporaryFile
from typing import IO
from uuid import uuid4

import psutil

LONGEST_LINE = 2**28
LONGEST_OUTPUT = 4000
"""Characters of what a program prints that are kept, its last ones."""

CHUNK = 2**20
INTERVAL, FAREWELL = 0.5, 3.0
"""Seconds between two looks at whether a program lives, and until one that is done is killed."""

MARK = "PRUNEPROOF_PROGRAM"
"""Variable of the environment by which the processes of a program are found, whoever's child or
session they have become."""

ROUNDS = 10
"""Looks for processes that are started while the others are ended."""


_WORKER = """
import json, sys
target, sys.path[:] = sys.argv[1], json.loads(sys.argv[2])
sys.argv[1:] = [target]
from pruneproof.properties.gate.adapter.worker import main
main(target)
"""


class ProcessError(Exception):
    """There is no answer, and that is not because the adapter refuses its arguments."""


class CrashError(ProcessError):
    """The process ended instead of answering."""


class HangError(ProcessError):
    """The process did not answer in time and was killed."""


class ReplyError(ProcessError):
    """What came is no answer."""


def worker(target: str) -> Process:
    """Start a Python of its own, which looks for an adapter as this one would.

    Args:
        target: of the adapter, which is not imported before it is asked for.
    """
    # Not by PYTHONPATH, which programs that the adapter starts would take for theirs.
    # What is no path, such as the hook of an editable installation, stays as it is.
    places = json.dumps(
        [os.path.abspath(each) if os.path.exists(each or ".") else each for each in sys.path]
    )
    process = Process([sys.executable, "-P", "-c", _WORKER, target, places], target)
    # Else whoever asks it is told.
    with suppress(OSError):
        process.start()
    return process


class Process:
    """A program with pipes to its stdin and stdout; what it prints to stderr is kept.

    Args:
        words: the program and its arguments.
        name: of it, for messages; its words where it is left out.

    Attributes:
        words: the program and its arguments.
        name: of it, for messages.
        output: what it printed to stderr since it was last asked, the last lines of it.
    """

    def __init__(self, words: list[str], name: str = "") -> None:
        self.words, self.name, self.output = words, name or shlex.join(words), ""
        self._mark = uuid4().hex
        self._process: subprocess.Popen[bytes] | None = None
        self._printed: IO[bytes] | None = None
        self._said = bytearray()

    @property
    def runs(self) -> bool:
        """Whether it was started and not ended, by this side or by a death that was noticed."""
        return self._process is not None

    def start(self) -> None:
        """Start it, unless it runs.

        Raises:
            OSError: it cannot be started.
        """
        if self._process is None:
            self._printed = NamedTemporaryFile(delete=False)  # noqa: SIM115 - closed with it
            # Opened anew, since what it prints goes to the end, wherever this side reads.
            with open(self._printed.name, "ab") as end:
                os.unlink(self._printed.name)
                self._process = subprocess.Popen(
                    self.words,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=end,
                    env={**os.environ, MARK: self._mark},
                    # A session of its own, so that Ctrl-C reaches the gate only.
                    start_new_session=True,
                )

    def ask(self, line: bytes, call: str, seconds: float) -> bytes:
        """Send a line, and return the line that answers it.

        Args:
            line: with its newline.
            call: what it asks, for a message.
            seconds: until the process is killed.

        Raises:
            ProcessError: there was none; the process has been ended.
        """
        self.start()
        process, end = self._process, time.monotonic() + seconds
        assert process is not None
        self._forget_output()
        try:
            reply = self._exchanged(process, line, end)
        finally:
            self._read_output()
        if reply is not None:
            return reply
        if len(self._said) >= LONGEST_LINE:
            self.close()
            raise ReplyError(f"a line must be shorter than {LONGEST_LINE} bytes")
        raise self._death(process, call, seconds, is_late=time.monotonic() >= end)

    def _exchanged(self, process: subprocess.Popen[bytes], line: bytes, end: float) -> bytes | None:
        """The line that answers, or None where there is none until the end, or none any more.

        It waits for neither side alone: a program may not read, may have answered and gone before
        it has read everything, or have left its pipes to a process that lives on.
        """
        assert process.stdin is not None
        assert process.stdout is not None
        left = memoryview(line)
        os.set_blocking(process.stdin.fileno(), False)
        with DefaultSelector() as waiting:
            waiting.register(process.stdin, EVENT_WRITE)
            waiting.register(process.stdout, EVENT_READ)
            while (length := self._said.find(b"\n") + 1) == 0:
                has_ended = process.poll() is not None
                wait = 0.0 if has_ended else min(INTERVAL, end - time.monotonic())
                if wait < 0 or len(self._said) >= LONGEST_LINE:
                    return None
                ready = {key.fileobj for key, _ in waiting.select(wait)}
                if process.stdin in ready:
                    try:
                        left = left[os.write(process.stdin.fileno(), left[:CHUNK]) :]
                    except OSError:
                        left = left[:0]
                    if not left:
                        waiting.unregister(process.stdin)
                if process.stdout in ready:
                    part = os.read(process.stdout.fileno(), CHUNK)
                    self._said += part
                    if not part:
                        return None
                elif has_ended:
                    return None
        if length > LONGEST_LINE:
            return None
        reply = bytes(self._said[:length])
        del self._said[:length]
        return reply

    def close(self, *, at_once: bool = False) -> None:
        """End it, with every process that it has started.

        Args:
            at_once: without waiting for it to end by itself.
        """
        process, self._process = self._process, None
        if process is None:
            return
        self._said.clear()
        for stream in (process.stdin, process.stdout):
            with suppress(OSError):
                stream.close()  # type: ignore[union-attr]
        if not at_once:
            # It ends when its stdin does, and may have something to tidy up.
            with suppress(subprocess.TimeoutExpired):
                process.wait(FAREWELL)
        _kill_group(process)
        process.wait()
        self._kill_marked()
        self._read_output()
        if self._printed is not None:
            self._printed.close()
            self._printed = None

    def _death(
        self, process: subprocess.Popen[bytes], call: str, seconds: float, *, is_late: bool
    ) -> ProcessError:
        if not is_late:
            with suppress(subprocess.TimeoutExpired):
                # It may have closed its stdout only.
                process.wait(1.0)
        code = process.returncode
        self.close(at_once=True)
        if is_late:
            return HangError(f"no answer within {seconds:g} s to {call}; the process was killed")
        if code is None:
            return CrashError(f"{call} closed stdout instead of answering")
        if code < 0:
            return CrashError(f"{call} ended the process by {_signal_name(-code)}")
        return CrashError(f"{call} ended the process with exit code {code}")

    def _kill_marked(self) -> None:
        """End what has left its session, such as a server that a library has started."""
        # Where there is no list of processes to be had, none is found.
        with suppress(Exception):
            for _ in range(ROUNDS):
                found = False
                for each in psutil.process_iter():
                    # Other people's processes have an environment that cannot be read.
                    with suppress(psutil.Error, OSError):
                        if each.environ().get(MARK) == self._mark:
                            each.kill()
                            found = True
                if not found:
                    return

    def _forget_output(self) -> None:
        if self.output and self._printed is not None:
            self._printed.truncate(0)
        self.output = ""

    def _read_output(self) -> None:
        if self._printed is None:
            return
        size = self._printed.seek(0, os.SEEK_END)
        self._printed.seek(max(0, size - 4 * LONGEST_OUTPUT))
        text = self._printed.read().decode(errors="replace")
        self.output = text[-LONGEST_OUTPUT:]


def _signal_name(number: int) -> str:
    with suppress(ValueError):
        return signal.Signals(number).name
    return f"signal {number}"


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
