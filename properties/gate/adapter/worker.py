"""The child's side of `isolated`: serves one adapter over stdin and stdout, line by line.

`process.worker` starts it, or `python -m pruneproof.properties.gate.adapter.worker TARGET`. It
speaks the protocol that any program may speak, and the quicker form of it that `packing` writes
where that is asked for.
"""

from __future__ import annotations

import builtins
import faulthandler
import os
import random
import signal
import sys
import threading
import time
import traceback
from contextlib import suppress
from typing import IO, Any

import numpy as np
import torch
from torch import Tensor

from pruneproof.properties.gate.adapter.packing import SAME, Watched, packed, unpacked
from pruneproof.properties.gate.adapter.subject import Subject, Unsupported, check_accepts, trimmed
from pruneproof.properties.gate.adapter.target import TargetError, load_adapter
from pruneproof.properties.gate.adapter.wire import WireError, decoded, from_line, to_line

ARGUMENTS = {
    "score": ("method", "weight", "inputs", "outputs"),
    "keep_mask": ("method", "weight", "inputs", "outputs"),
    "activation_statistics": ("batches",),
    "refine": ("method", "weight", "keep", "inputs"),
}
"""By call, the fields that are its positional arguments."""

MOST_SHARED = 32
"""Arguments and answers, the last ones, that are looked at for what is written into them."""

RIGHT_ANSWERS = ("pruneproof.reference", "pruneproof.properties.gate.comparing.expected")
"""Modules that this side has no need of, and from which an adapter could copy."""

LAST_FRAMES = 10
"""Of an adapter's exception, that are reported."""


class Worker:
    """Answers one request after the other.

    Args:
        target: of the adapter, which is imported when the first request comes: what goes wrong
            then is the answer to it.
    """

    def __init__(self, target: str) -> None:
        self._target = target
        self._subject: Subject | None = None
        self._shared: dict[str, Watched] = {}
        self._arguments: dict[str, Tensor] = {}

    def reply(self, request: dict[str, Any]) -> dict[str, Any]:
        """What is to be sent back, but for the number of the request."""
        is_packed = "packed" in request
        if "seed" in request:
            self._begin(int(request["seed"]))
        reply: dict[str, Any]
        try:
            self._subject = self._subject or Subject(load_adapter(self._target))
            answer = self._answer(self._subject, request)
            reply = {"answer": packed(answer) if is_packed else answer}
            self._share(f"answer {request['id']}", answer)
        except (Unsupported, NotImplementedError) as error:
            reply = {"unsupported": str(error) or request["call"]}
        # Also what ends an interpreter, since this one is asked again.
        except BaseException as error:
            reply = {"error": _described(error)}
        if is_packed:
            reply["imported"] = [each for each in RIGHT_ANSWERS if each in sys.modules]
            reply["written"] = self._written()
        return reply

    def _begin(self, seed: int) -> None:
        """A new example: what the adapter draws can be drawn again."""
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002 - whatever the adapter draws from
        torch.default_generator.manual_seed(seed)
        self._shared.clear()
        self._arguments.clear()

    def _answer(self, subject: Subject, request: dict[str, Any]) -> Any:
        adapter, function = subject.adapter, request["call"]
        if function == "describe":
            conventions = dict(getattr(adapter, "conventions", None) or {})
            about = {"name": subject.name, "version": subject.version}
            return {**about, "conventions": conventions}
        method = getattr(adapter, function, None)
        if method is None:
            raise Unsupported(f"no {function}")
        arguments = {
            key: self._argument(f"{key} {request['id']}", request.get(key))
            for key in ARGUMENTS[function]
        }
        given = unpacked(decoded(request.get("parameters", {})))
        named = {k: tuple(each) if isinstance(each, list) else each for k, each in given.items()}
        positional = trimmed(tuple(arguments.values()))
        check_accepts(method, function, named, positional)
        return method(*positional, **named)

    def _argument(self, name: str, sent: Any) -> Any:
        """What was sent under this name; a tensor that was sent before is the same object."""
        if isinstance(sent, list):
            return [self._argument(f"{name} {place}", each) for place, each in enumerate(sent)]
        if isinstance(sent, dict) and SAME in sent:
            return self._arguments[sent[SAME]]
        value = unpacked(decoded(sent))
        if isinstance(value, Tensor):
            self._arguments[name] = value
            self._share(name, value)
        return value

    def _share(self, name: str, value: Any) -> None:
        if watched := Watched(value):
            self._shared[name] = watched
        if len(self._shared) > MOST_SHARED:
            del self._shared[next(iter(self._shared))]

    def _written(self) -> dict[str, Any]:
        """Arguments and answers of this example that are no longer what they were."""
        return {key: packed(each.value) for key, each in self._shared.items() if each.has_changed()}


def main(target: str) -> None:
    """Answer requests until there are no more."""
    faulthandler.enable()
    threading.Thread(target=_end_with, args=[os.getppid()], daemon=True).start()
    requests, answers = _own_channels()
    worker = Worker(target)
    for line in requests:
        request = from_line(line)
        answers.write(_line(request, worker.reply(request)))
        answers.flush()


def _end_with(gate: int) -> None:
    """A gate that was killed closes no pipe that this process reads while it hangs."""
    while os.getppid() == gate:
        time.sleep(1.0)
    os.killpg(0, signal.SIGKILL)


def _line(request: dict[str, Any], reply: dict[str, Any]) -> bytes:
    for stream in (sys.stdout, sys.stderr):
        # An adapter may have closed or replaced them.
        with suppress(Exception):
            stream.flush()
    try:
        return to_line({"id": request["id"], **reply})
    except ValueError as error:
        return to_line({"id": request["id"], "error": _described(error)})


def _described(error: BaseException) -> dict[str, str]:
    known = (TargetError, WireError, *vars(builtins).values())
    base = next(each for each in type(error).__mro__ if each in known)
    last = traceback.extract_tb(error.__traceback__)[-LAST_FRAMES:]
    frames = [each for each in last if each.filename != __file__]
    return {
        "type": type(error).__name__,
        "base": base.__name__,
        "message": str(error),
        "frames": "".join(traceback.format_list(frames)).rstrip(),
    }


def _own_channels() -> tuple[IO[bytes], IO[bytes]]:
    """The pipes to the gate, out of the adapter's reach: what it prints goes to stderr."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    # Of its own, since an adapter may detach or close one of the two.
    sys.stdout = os.fdopen(1, "w", buffering=1, errors="backslashreplace", closefd=False)
    return requests, answers


if __name__ == "__main__":
    main(sys.argv[1])
