"""An adapter in a process of its own: it may crash or hang, and the report goes on.

`docs/protocol.md` says what is spoken.
"""

from __future__ import annotations

import builtins
import shlex
from collections.abc import Iterable
from types import TracebackType
from typing import Any

from torch import Tensor

from pruneproof.properties.gate.adapter.packing import SAME, packed, unpacked
from pruneproof.properties.gate.adapter.process import Process, ProcessError, ReplyError, worker
from pruneproof.properties.gate.adapter.target import TargetError
from pruneproof.properties.gate.adapter.watchdog import described
from pruneproof.properties.gate.adapter.wire import WireError, decoded, from_line, shown, to_line

START_SECONDS = 120.0
"""How long a process may take until it answers at all, with everything that it imports."""

LAST_LINES = 20
"""Of what an adapter printed, that are shown with a failure."""

SEED = 0
"""With which an adapter draws random numbers in each example, so that it can be repeated."""


def isolated(target: str, timeout: float, process: Process | None = None) -> IsolatedAdapter:
    """Have an adapter imported and asked in a Python of its own.

    Args:
        target: of the adapter, see `load_adapter`.
        timeout: seconds for one call; the process is killed when they are over.
        process: that was started for this target, see `worker`.

    Raises:
        TargetError: there is no adapter, or its process ends or hangs before it is asked anything.
    """
    return IsolatedAdapter(process or worker(target), timeout)


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
    return RemoteAdapter(Process(words), timeout)


class RemoteAdapter:
    """An adapter on the other side of a pipe. After a crash the next call starts it again.

    Args:
        process: the program.
        timeout: seconds for one call.

    Attributes:
        name: what the other side calls itself.
        version: of the implementation, as the other side says.
        conventions: that it declares.
        imported: modules of pruneproof's that hold the right answers and are there as well.
    """

    def __init__(self, process: Process, timeout: float) -> None:
        self._process, self._timeout, self._number = process, timeout, 0
        self.imported: set[str] = set()
        try:
            answer = self._ask("describe")
            self.name, self.version, self.conventions = _description(answer, process.name)
        except TargetError as error:
            process.close()
            raise TargetError(f"{error}{printed(self.output)}") from error
        except Exception as error:
            process.close()
            kind = "" if isinstance(error, ProcessError) else f"{type(error).__name__}: "
            text = f"{process.name}: {kind}{error}{printed(self.output)}"
            raise TargetError(text) from error
        except BaseException:
            process.close(at_once=True)
            raise

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

    @property
    def output(self) -> str:
        """What it printed during the last call."""
        return self._process.output

    def begin(self) -> None:
        """A new example begins."""

    def close(self) -> None:
        """End the process; a further call would start it again."""
        self._process.close()

    def __enter__(self) -> RemoteAdapter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.close(at_once=kind is not None)

    def _ask(self, call: str, **fields: Any) -> Any:
        if call != "describe" and not self._process.runs:
            # A new one remembers nothing of this example.
            self.begin()
            self._ask("describe")
        given = {key: each for key, each in fields.items() if each is not None}
        return self._answer(call, given)

    def _answer(self, call: str, given: dict[str, Any]) -> Any:
        return self._opened(call, self._reply({"call": call, **given}, described(call, (), given)))

    def _reply(self, request: dict[str, Any], shown_call: str) -> dict[str, Any]:
        seconds = self._timeout
        if request["call"] == "describe":
            # With everything that it imports.
            seconds = max(START_SECONDS, self._timeout)
        self._number += 1
        line = self._process.ask(to_line({"id": self._number, **request}), shown_call, seconds)
        try:
            reply = from_line(line)
            if reply.get("id") != self._number:
                raise WireError(f"a reply must have id {self._number}, got {shown(reply)}")
            return reply
        except WireError as error:
            raise self._out_of_step(error) from error

    def _opened(self, call: str, reply: dict[str, Any]) -> Any:
        try:
            return _opened(call, reply)
        except WireError as error:
            raise self._out_of_step(error) from error

    def _out_of_step(self, error: WireError) -> ReplyError:
        # Whatever it says next may be the answer to something else.
        self.close()
        return ReplyError(str(error))


class IsolatedAdapter(RemoteAdapter):
    """An adapter in our own worker, which sends tensors as they lie in memory.

    What it writes into its arguments and into its earlier answers is written into those of this
    side, as if it had been in this process.
    """

    def __init__(self, process: Process, timeout: float) -> None:
        # By what the worker calls them; None before an example begins.
        self._shared: dict[str, Any] | None = None
        self._sent: dict[int, tuple[Tensor, str, Any]] = {}
        super().__init__(process, timeout)

    def begin(self) -> None:
        """Have it draw the same random numbers again."""
        self._shared = None
        self._sent.clear()

    def _answer(self, call: str, given: dict[str, Any]) -> Any:
        begins = self._shared is None
        shared = self._shared = self._shared or {}
        number = self._number + 1
        sent = {key: self._named(f"{key} {number}", each) for key, each in given.items()}
        request = {"call": call, "packed": True, **({"seed": SEED} if begins else {}), **sent}
        reply = self._reply(request, described(call, (), given))
        self.imported |= set(map(str, reply.get("imported", ())))
        for key, now in unpacked(reply.get("written", {})).items():
            _write(shared[key], now)
            self._sent = {
                place: (tensor, name, packed(tensor))
                for place, (tensor, name, _) in self._sent.items()
            }
        answer = unpacked(self._opened(call, reply))
        shared[f"answer {number}"] = answer
        return answer

    def _named(self, name: str, value: Any) -> Any:
        """What is sent for an argument: the name of a tensor that is there already, unchanged."""
        if isinstance(value, list):
            return [self._named(f"{name} {place}", each) for place, each in enumerate(value)]
        if not isinstance(value, Tensor):
            return packed(value)
        now = packed(value)
        tensor, earlier, then = self._sent.get(id(value), (None, "", None))
        if tensor is value and now == then:
            return {SAME: earlier}
        self._sent[id(value)] = value, name, now
        assert self._shared is not None
        self._shared[name] = value
        return now


def _write(old: Any, new: Any) -> None:
    """Make what tensors hold, here or in a list or dict, what others hold."""
    if isinstance(old, Tensor):
        if old.shape == new.shape and old.stride() == new.stride():
            old.untyped_storage().copy_(new.untyped_storage())
        else:
            old.data = new
    elif isinstance(old, dict):
        for key, each in old.items():
            _write(each, new[key])
    elif isinstance(old, list):
        for each, now in zip(old, new, strict=True):
            _write(each, now)


def printed(output: str) -> str:
    """The last lines of what an adapter printed, below a message."""
    last = output.strip().splitlines()[-LAST_LINES:]
    return "".join(f"\n  | {line}" for line in last)


def _write_back(given: Any, tensors: Any) -> None:
    if isinstance(given, Tensor):
        given.data = tensors
    else:
        for each, tensor in zip(given, tensors, strict=True):
            each.data = tensor


def _opened(call: str, reply: dict[str, Any]) -> Any:
    if "answer" in reply:
        # A description is text throughout: the convention "nan" is a word there.
        return reply["answer"] if call == "describe" else decoded(reply["answer"])
    if "unsupported" in reply:
        raise NotImplementedError(str(reply["unsupported"]))
    if isinstance(reply.get("error"), dict):
        error = _exception(reply["error"])
        if frames := reply["error"].get("frames"):
            error.add_note(str(frames))
        raise error
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


def _description(answer: Any, default: str) -> tuple[str, str, dict[str, str]]:
    if not isinstance(answer, dict):
        raise TargetError(f"describe must answer an object, got {shown(answer)}")
    name = answer.get("name", default)
    version = answer.get("version", "unknown")
    conventions = answer.get("conventions", {})
    if not isinstance(name, str) or not isinstance(version, str):
        raise TargetError(f"name and version must be text, got {shown((name, version))}")
    if not isinstance(conventions, dict) or not all(
        isinstance(value, str) for value in conventions.values()
    ):
        raise TargetError(f"conventions must be an object of text, got {shown(conventions)}")
    return name, version, conventions
