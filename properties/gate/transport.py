"""An adapter in a process of its own: it may crash or hang, and the report goes on.

`docs/protocol.md` says what is spoken.
"""

from __future__ import annotations

import builtins
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from threading import Timer
from types import TracebackType
from typing import Any

from torch import Tensor

from pruneproof.properties.gate.target import TargetError
from pruneproof.properties.gate.watchdog import described
from pruneproof.properties.gate.wire import WireError, decoded, from_line, shown, to_line

START_SECONDS = 120.0
"""How long a process may take until it answers at all, with everything that it imports."""

LONGEST_LINE = 2**28


class ProcessError(Exception):
    """There is no answer, and that is not because the adapter refuses its arguments."""


class CrashError(ProcessError):
    """The process ended instead of answering."""


class HangError(ProcessError):
    """The process did not answer in time and was killed."""


class ReplyError(ProcessError):
    """What came is no answer."""


def isolated(target: str, timeout: float) -> RemoteAdapter:
    """Start a Python of its own for an adapter.

    Args:
        target: of the adapter, see `load_adapter`.
        timeout: seconds for one call; the process is killed when they are over.

    Raises:
        TargetError: there is no adapter, or its process ends or hangs before it is asked anything.
    """
    worker = [sys.executable, "-m", "pruneproof.properties.gate.worker", target]
    return RemoteAdapter(worker, timeout)


def by_command(command: str, timeout: float) -> RemoteAdapter:
    """Start a program that is an adapter, in any language.

    Args:
        command: the program and its arguments, quoted as for a shell; none is used.
        timeout: seconds for one call; the process is killed when they are over.

    Raises:
        TargetError: it cannot be started, or does not answer to `describe`.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise TargetError(f"{command!r} is no command: {error}") from None
    if not words:
        raise TargetError("the command is empty")
    return RemoteAdapter(words, timeout)


class RemoteAdapter:
    """An adapter on the other side of a pipe. After a crash the next call starts it again.

    Args:
        words: the program and its arguments.
        timeout: seconds for one call.

    Attributes:
        name: what the other side calls itself.
        version: of the implementation, as the other side says.
        conventions: that it declares.
    """

    def __init__(self, words: list[str], timeout: float) -> None:
        self._words, self._timeout = words, timeout
        self._process: subprocess.Popen[bytes] | None = None
        self._number, self._is_late = 0, False
        try:
            answer = self._start()
        except TargetError:
            raise
        except Exception as error:
            raise TargetError(f"{shlex.join(words)}: {error}") from error
        self.name, self.version, self.conventions = _description(answer, words)

    def score(
        self,
        method: str,
        weight: Tensor,
        inputs: Tensor | None = None,
        outputs: Tensor | None = None,
        **parameters: Any,
    ) -> Any:
        """Scores, out_features × in_features."""
        layer = {"weight": weight, "inputs": inputs, "outputs": outputs}
        return self._ask("score", method=method, **layer, parameters=parameters)

    def keep_mask(
        self,
        method: str,
        weight: Tensor,
        inputs: Tensor | None = None,
        outputs: Tensor | None = None,
        **parameters: Any,
    ) -> Any:
        """Keep mask, out_features × in_features."""
        layer = {"weight": weight, "inputs": inputs, "outputs": outputs}
        return self._ask("keep_mask", method=method, **layer, parameters=parameters)

    def activation_statistics(self, batches: Iterable[Tensor]) -> Any:
        """Norm, mean and population variance of each in_feature, and the number of tokens."""
        return self._ask("activation_statistics", batches=list(batches))

    def refine(
        self, method: str, weight: Tensor, keep: Tensor, inputs: Tensor, **parameters: Any
    ) -> Any:
        """Refined keep mask, out_features × in_features."""
        layer = {"weight": weight, "keep": keep, "inputs": inputs}
        return self._ask("refine", method=method, **layer, parameters=parameters)

    def close(self) -> None:
        """End the process; a further call would start it again."""
        if self._process is not None:
            self._kill(self._process)
            self._process = None

    def __enter__(self) -> RemoteAdapter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_process", None) is not None:
            self.close()

    def _ask(self, call: str, **fields: Any) -> Any:
        if self._process is None:
            self._start()
        return self._exchange(call, fields, self._timeout)

    def _start(self) -> Any:
        self._process = subprocess.Popen(
            self._words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # A session of its own, so that what it starts itself can be ended with it.
            start_new_session=True,
        )
        return self._exchange("describe", {}, max(START_SECONDS, self._timeout))

    def _exchange(self, call: str, fields: dict[str, Any], seconds: float) -> Any:
        self._number += 1
        given = {key: each for key, each in fields.items() if each is not None}
        request = {"id": self._number, "call": call, **given}
        line = self._send(to_line(request), described(call, (), given), seconds)
        try:
            reply = from_line(line)
            if reply.get("id") != self._number:
                raise WireError(f"a reply must have id {self._number}, got {shown(reply)}")
            return _opened(reply)
        except WireError as error:
            # Whatever it says next may be out of step.
            self.close()
            raise ReplyError(str(error)) from error

    def _send(self, line: bytes, call: str, seconds: float) -> bytes:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        self._is_late = False
        # Killing it ends both waits: for it to read, and for it to answer.
        watchdog = Timer(seconds, self._stop_waiting, [process])
        watchdog.daemon = True
        watchdog.start()
        try:
            # A program may have answered and gone before it has read everything.
            with suppress(OSError):
                process.stdin.write(line)
                process.stdin.flush()
            reply = process.stdout.readline(LONGEST_LINE)
        finally:
            watchdog.cancel()
            watchdog.join()
        if reply.endswith(b"\n") and not self._is_late:
            return reply
        if len(reply) == LONGEST_LINE:
            self.close()
            raise ReplyError(f"a line must be shorter than {LONGEST_LINE} bytes")
        raise self._death(process, call, seconds)

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

    def _kill(self, process: subprocess.Popen[bytes]) -> None:
        _kill_group(process)
        for stream in (process.stdin, process.stdout):
            with suppress(OSError):
                stream.close()  # type: ignore[union-attr]
        process.wait()


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


def _opened(reply: dict[str, Any]) -> Any:
    if "answer" in reply:
        return decoded(reply["answer"])
    if "unsupported" in reply:
        raise NotImplementedError(str(reply["unsupported"]))
    if isinstance(reply.get("error"), dict):
        raise _exception(reply["error"])
    raise WireError(f"a reply must hold answer, unsupported or error, got {shown(reply)}")


def _exception(error: dict[str, Any]) -> Exception:
    """An exception of the type's name, and of the base that it says it has."""
    name, message = str(error.get("type", "Exception")), str(error.get("message", ""))
    for special in (TargetError, WireError):
        if error.get("base") == special.__name__:
            return special(message)
    base = next((each for key in (name, error.get("base")) if (each := _built_in(key))), Exception)
    try:
        return (base if base.__name__ == name else type(name, (base,), {}))(message)
    except TypeError:
        # Some, such as UnicodeDecodeError, are made of more than a message.
        return type(name, (Exception,), {})(message)


def _built_in(name: Any) -> type[Exception] | None:
    found = getattr(builtins, name, None) if isinstance(name, str) else None
    return found if isinstance(found, type) and issubclass(found, Exception) else None


def _description(answer: Any, words: list[str]) -> tuple[str, str, dict[str, str]]:
    if not isinstance(answer, dict):
        raise TargetError(f"describe must answer an object, got {shown(answer)}")
    name = answer.get("name", shlex.join(words))
    version = answer.get("version", "unknown")
    conventions = answer.get("conventions", {})
    if not isinstance(name, str) or not isinstance(version, str):
        raise TargetError(f"name and version must be text, got {shown((name, version))}")
    if not isinstance(conventions, dict) or not all(
        isinstance(value, str) for value in conventions.values()
    ):
        raise TargetError(f"conventions must be an object of text, got {shown(conventions)}")
    return name, version, conventions
