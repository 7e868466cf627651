"""The child's side of `isolated`: serves one adapter over stdin and stdout, line by line.

Run as `python -m pruneproof.properties.gate.worker TARGET`.
"""

from __future__ import annotations

import builtins
import faulthandler
import os
import sys
from typing import IO, Any

from pruneproof.properties.gate.subject import Subject, Unsupported, check_accepts, trimmed
from pruneproof.properties.gate.target import TargetError, load_adapter
from pruneproof.properties.gate.wire import WireError, decoded, from_line, to_line

ARGUMENTS = {
    "score": ("method", "weight", "inputs", "outputs"),
    "keep_mask": ("method", "weight", "inputs", "outputs"),
    "activation_statistics": ("batches",),
    "refine": ("method", "weight", "keep", "inputs"),
}
"""By call, the fields that are its positional arguments."""


def main(target: str) -> None:
    """Answer requests until there are no more."""
    faulthandler.enable()
    requests, answers = _own_channels()
    adapter: Any = None
    for line in requests:
        request = from_line(line)
        try:
            # Not before: what goes wrong while it is imported is the answer to the handshake.
            adapter = adapter or Subject(load_adapter(target))
            reply = {"answer": _answer(adapter, request)}
        except (Unsupported, NotImplementedError) as error:
            reply = {"unsupported": str(error) or request["call"]}
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            reply = {"error": _described(error)}
        answers.write(_line(request, reply))
        answers.flush()


def _answer(subject: Subject, request: dict[str, Any]) -> Any:
    adapter, function = subject.adapter, request["call"]
    if function == "describe":
        conventions = dict(getattr(adapter, "conventions", {}))
        return {"name": subject.name, "version": subject.version, "conventions": conventions}
    method = getattr(adapter, function, None)
    if method is None:
        raise Unsupported(f"no {function}")
    given = decoded(request.get("parameters", {}))
    named = {key: tuple(each) if isinstance(each, list) else each for key, each in given.items()}
    arguments = trimmed(tuple(decoded(request.get(field)) for field in ARGUMENTS[function]))
    check_accepts(method, function, named, arguments)
    return method(*arguments, **named)


def _line(request: dict[str, Any], reply: dict[str, Any]) -> bytes:
    try:
        return to_line({"id": request["id"], **reply})
    except ValueError as error:
        return to_line({"id": request["id"], "error": _described(error)})


def _described(error: BaseException) -> dict[str, str]:
    known = (TargetError, WireError, *vars(builtins).values())
    base = next(each for each in type(error).__mro__ if each in known)
    return {"type": type(error).__name__, "base": base.__name__, "message": str(error)}


def _own_channels() -> tuple[IO[bytes], IO[bytes]]:
    """The pipes to the gate, out of the adapter's reach: what it prints goes to stderr."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return requests, answers


if __name__ == "__main__":
    main(sys.argv[1])
