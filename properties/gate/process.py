"""A program that is asked one line after the other, in bounded time, and ended with all it started.

It imports neither torch nor the judge: a program that is started first gets ready meanwhile.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from functools import partial
from tempfile import NamedTemporaryFile
from typing import IO
from uuid import uuid4

import psutil

from pruneproof.properties.gate.deadline import within

LONGEST_LINE = 2**28
LONGEST_OUTPUT = 4000
"""Characters of what a program prints that are kept, its last ones."""

MARK = "PRUNEPROOF_PROGRAM"
"""Variable of the environment by which the processes of a program are found, whoever's child or
session they have become."""

ROUNDS = 10
"""Looks for processes that are started while the others are ended."""


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
    places = [os.path.abspath(place) for place in sys.path]
    process = Process(
        [sys.executable, "-P", "-m", "pruneproof.properties.gate.worker", target],
        {"PYTHONPATH": os.pathsep.join(places)},
    )
    # Else whoever asks it is told.
    with suppress(OSError):
        process.start()
    return process


class Process:
    """A program with pipes to its stdin and stdout; what it prints to stderr is kept.

    Args:
        words: the program and its arguments.
        environment: variables that it has beside those of this process.

    Attributes:
        words: the program and its arguments.
        output: what it printed to stderr since it was last asked, the last lines of it.
    """

    def __init__(self, words: list[str], environment: dict[str, str] | None = None) -> None:
        self.words, self.output = words, ""
        self._mark = uuid4().hex
        self._environment = {**os.environ, **(environment or {}), MARK: self._mark}
        self._process: subprocess.Popen[bytes] | None = None
        self._printed: IO[bytes] | None = None
        self._is_late = False

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
                    env=self._environment,
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
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        self._is_late = False
        self._forget_output()
        try:
            # Killing it ends both waits: for it to read, and for it to answer.
            with within(seconds, partial(self._stop_waiting, process)):
                # A program may have answered and gone before it has read everything.
                with suppress(OSError):
                    process.stdin.write(line)
                    process.stdin.flush()
                reply = process.stdout.readline(LONGEST_LINE)
        finally:
            self._read_output()
        if reply.endswith(b"\n") and not self._is_late:
            return reply
        if len(reply) == LONGEST_LINE:
            self.close()
            raise ReplyError(f"a line must be shorter than {LONGEST_LINE} bytes")
        raise self._death(process, call, seconds)

    def close(self) -> None:
        """End it, with every process that it has started."""
        process, self._process = self._process, None
        if process is None:
            return
        _kill_group(process)
        for stream in (process.stdin, process.stdout):
            with suppress(OSError):
                stream.close()  # type: ignore[union-attr]
        process.wait()
        self._kill_marked()
        self._read_output()
        if self._printed is not None:
            self._printed.close()
            self._printed = None

    def _stop_waiting(self, process: subprocess.Popen[bytes]) -> None:
        self._is_late = True
        _kill_group(process)

    def _death(self, process: subprocess.Popen[bytes], call: str, seconds: float) -> ProcessError:
        with suppress(subprocess.TimeoutExpired):
            # It may have closed its stdout only.
            process.wait(1.0)
        code = process.returncode
        self.close()
        if self._is_late:
            return HangError(f"no answer within {seconds:g} s to {call}; the process was killed")
        if code is None:
            return CrashError(f"{call} closed stdout instead of answering")
        if code < 0:
            return CrashError(f"{call} ended the process by {_signal_name(-code)}")
        return CrashError(f"{call} ended the process with exit code {code}")

    def _kill_marked(self) -> None:
        """End what has left its session, such as a server that a library has started."""
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
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
