"""An adapter as the gate sees it: each answer is checked for its form and remembered."""

from __future__ import annotations

import copy
import inspect
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from pruneproof.properties.gate.adapter.transport import SEED, RemoteAdapter
from pruneproof.properties.gate.adapter.watchdog import staying, watched

STATISTICS = ("norm", "mean", "var", "tokens")


class Unsupported(Exception):  # noqa: N818 - an answer, not an error
    """The adapter does not do what was asked for."""


class Refused(Unsupported):
    """The adapter refuses a call, which is the last of the subject's."""


class AdapterError(Exception):
    """The adapter's answer has no form that could be judged, or it raised an exception."""


@dataclass
class Call:
    """One call of the adapter, its answer, and what it printed meanwhile."""

    function: str
    arguments: tuple[Any, ...]
    named: dict[str, Any]
    answer: Any = None
    output: str = ""


@dataclass
class Subject:
    """The implementation under judgement.

    Attributes:
        adapter: anybody's object; see the gate's documentation.
        conventions: what it declares, with measured values in place of what it leaves out.
        calls: since the current example began.
        timeout: seconds after which a call that has no answer ends the process; None waits.
        offered: functions, with their methods, that have not refused every call.
        sound: kinds and methods whose first call had an answer; None before the first look.
        broken: kinds and methods whose first call ended or blocked the adapter's process, with what
            is to be said and the calls.
    """

    adapter: Any
    conventions: dict[str, str] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    timeout: float | None = None
    offered: set[tuple[str, Any]] = field(default_factory=set)
    sound: set[tuple[str, str]] | None = None
    broken: dict[tuple[str, str], tuple[str, list[Call]]] = field(default_factory=dict)
    _statistics: set[str] | None = None
    _copies: dict[int, tuple[Tensor, Tensor]] = field(default_factory=dict)

    def begin(self) -> None:
        """Forget the calls of the example before, and have random numbers drawn again."""
        self.calls.clear()
        self._copies.clear()
        if isinstance(self.adapter, RemoteAdapter):
            self.adapter.begin()
        else:
            torch.default_generator.manual_seed(SEED)

    @property
    def name(self) -> str:
        """What the adapter calls itself."""
        return str(getattr(self.adapter, "name", type(self.adapter).__name__))

    @property
    def version(self) -> str:
        """Of the implementation, as the adapter says."""
        return str(getattr(self.adapter, "version", "unknown"))

    @property
    def imported(self) -> tuple[str, ...]:
        """Modules with the right answers that its process has; none is seen in this process."""
        remote = isinstance(self.adapter, RemoteAdapter)
        return tuple(sorted(self.adapter.imported)) if remote else ()

    def score(
        self,
        method: str,
        weight: Tensor,
        inputs: Tensor | None = None,
        outputs: Tensor | None = None,
        **parameters: Any,
    ) -> Tensor:
        """Scores, out_features × in_features."""
        scores = self._call("score", (method, weight, inputs, outputs), parameters)
        _check_matrix(f"score({method!r})", scores, weight)
        if not scores.dtype.is_floating_point:
            raise AdapterError(
                f"score({method!r}) must return a floating-point tensor, got {scores.dtype}"
            )
        return scores

    def keep_mask(
        self,
        method: str,
        weight: Tensor,
        inputs: Tensor | None = None,
        outputs: Tensor | None = None,
        **parameters: Any,
    ) -> Tensor:
        """Keep mask, out_features × in_features; `sparsity` or `n_m` is among the parameters."""
        keep = self._call("keep_mask", (method, weight, inputs, outputs), parameters)
        _check_matrix(f"keep_mask({method!r})", keep, weight)
        _check_boolean(f"keep_mask({method!r})", keep)
        return keep

    def refine(
        self, method: str, weight: Tensor, keep: Tensor, inputs: Tensor, **parameters: Any
    ) -> Tensor:
        """Refined keep mask, out_features × in_features."""
        refined = self._call("refine", (method, weight, keep, inputs), parameters)
        _check_matrix(f"refine({method!r})", refined, weight)
        _check_boolean(f"refine({method!r})", refined)
        return refined

    def activation_statistics(self, batches: list[Tensor]) -> dict[str, Any]:
        """Norm, mean and population variance of each in_feature, and the number of tokens.

        What the adapter leaves out is unsupported when it is looked up.
        """
        answer = self._call("activation_statistics", (batches,), {})
        if not isinstance(answer, dict) or not set(STATISTICS) & set(answer):
            raise AdapterError(
                f"activation_statistics must return a dict with some of {', '.join(STATISTICS)}"
            )
        given = {*STATISTICS} & {*answer}
        if missing := sorted((self._statistics or given) - given):
            raise Refused(f"activation_statistics no longer gives {missing[0]}")
        self._statistics = given
        features = batches[0].shape[-1] if batches else None
        for key in sorted({*STATISTICS[:3]} & set(answer)):
            value = answer[key]
            if not isinstance(value, Tensor) or not value.dtype.is_floating_point:
                raise AdapterError(f"activation_statistics' {key} must be a floating-point tensor")
            if features is not None and tuple(value.shape) != (features,):
                raise AdapterError(
                    f"activation_statistics' {key} must have shape ({features},), "
                    f"got {tuple(value.shape)}"
                )
        return answer

    def name_of(self, answer: object) -> str:
        """What a snippet calls an answer of the current example: r1, r2, …"""
        for number, call in enumerate(self.calls, start=1):
            if call.answer is answer:
                return f"r{number}"
        raise KeyError("answer is none of this example's")

    def _call(self, function: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        # Copies, since an adapter may change what it is given.
        kept = tuple(map(self._copy, arguments)), {k: self._copy(v) for k, v in named.items()}
        call = Call(function, *kept)
        self.calls.append(call)
        method = getattr(self.adapter, function, None)
        if method is None:
            raise Refused(f"no {function}")
        check_accepts(method, function, named, trimmed(arguments))
        try:
            with watched(function, call.arguments, named, self.timeout), staying():
                answer = method(*trimmed(arguments), **named)
        except NotImplementedError as error:
            raise Refused(str(error) or function) from error
        # An adapter that leaves the interpreter would take the verdict with it.
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self.offered.add(asked_of(call))
            text = f"{function} raised {type(error).__name__}: {error}"
            raise AdapterError(text) from error
        finally:
            if isinstance(self.adapter, RemoteAdapter):
                call.output = self.adapter.output
        self.offered.add(asked_of(call))
        # What torch negates when it is read is negated now.
        call.answer = answer.detach().resolve_neg() if isinstance(answer, Tensor) else answer
        return call.answer

    def _copy(self, argument: Any) -> Any:
        if isinstance(argument, list):
            return [self._copy(each) for each in argument]
        if not isinstance(argument, Tensor):
            return argument
        # With its strides and what lies between them; the same copy for the same tensor.
        if id(argument) not in self._copies:
            self._copies[id(argument)] = (argument, copy.deepcopy(argument))
        return self._copies[id(argument)][1]


def asked_of(call: Call) -> tuple[str, Any]:
    """A call's function, and the method that it is asked of, if any."""
    first = call.arguments[0] if call.arguments else None
    return call.function, first if isinstance(first, str) else ""


def trimmed(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Positional arguments without what is None at the end."""
    while arguments and arguments[-1] is None:
        arguments = arguments[:-1]
    return arguments


def check_accepts(
    method: Any, function: str, named: dict[str, Any], arguments: tuple[Any, ...]
) -> None:
    """Refuse, as unsupported, arguments that an adapter's signature has no place for."""
    try:
        signature = inspect.signature(method)
    except (TypeError, ValueError):
        return
    parameters = signature.parameters
    missing = [name for name in named if name not in parameters]
    if missing and not any(each.kind is each.VAR_KEYWORD for each in parameters.values()):
        raise Refused(f"{function} takes no {', '.join(missing)}")
    try:
        signature.bind(*arguments, **named)
    except TypeError as error:
        # Such as outputs for what knows inputs alone, or no inputs for what needs them.
        raise Refused(f"{function} takes other arguments: {error}") from error


def _check_matrix(what: str, answer: object, weight: Tensor) -> None:
    if not isinstance(answer, Tensor):
        raise AdapterError(f"{what} must return a torch.Tensor, got {type(answer).__name__}")
    if answer.shape != weight.shape:
        raise AdapterError(
            f"{what} must return weight's shape, out_features × in_features = "
            f"{tuple(weight.shape)}, got {tuple(answer.shape)}"
        )


def _check_boolean(what: str, answer: Tensor) -> None:
    if answer.dtype != torch.bool:
        raise AdapterError(f"{what} must return a bool tensor, got {answer.dtype}")
