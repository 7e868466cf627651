"""What an adapter does not do at all, told from what it refuses where its answer would be wrong.

An adapter may refuse a call. That hides nothing where it refuses all calls of a kind that can be
named: another dtype, a value of a parameter, an n:m, widths that a number does not divide. Whether
it does is found by asking: calls of that kind on layers of its own choosing, of several sizes, each
of which must be refused. What is refused for anything else, such as a size, a value of a weight, or
for having been asked before, leaves a property not shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

import torch
from torch import Tensor

from pruneproof.properties.gate.adapter.subject import (
    AdapterError,
    Call,
    Subject,
    Unsupported,
    asked_of,
)
from pruneproof.properties.gate.comparing.scores import refused
from pruneproof.properties.gate.examples.layers import given
from pruneproof.reference.methods import INPUTS, SCORES

FREE = ("sparsity", "seed")
"""Parameters with so many values that refusing one of them is no kind of call."""
OTHERS = ((1, 4), (3, 4), (1, 2), (4, 8))
"""n:m beside 2:4, which every adapter of n:m masks answers in the first look."""
DIVISORS = (16, 8, 4, 2)
LAYERS = ((3, 16), (5, 16), (4, 32))
"""Out_features × in_features, wide enough for libraries that work on whole tiles."""
WIDTH_OF_OUTPUTS = 3


@dataclass(frozen=True)
class Layer:
    """How the tensors of a call are made.

    Attributes:
        shape: out_features × in_features.
        dtype: of all tensors.
        folded: inputs are sequences × length × in_features.
        tokens: how many.
        dead: an input and an output have no weight.
        silent: a feature is 0 in all tokens.
        given: inputs are, whether the method needs them or not.
    """

    shape: tuple[int, int]
    dtype: torch.dtype = torch.float32
    folded: bool = False
    tokens: int = 6
    dead: bool = False
    silent: bool = False
    given: bool = False


@dataclass(frozen=True)
class Limit:
    """A kind of call that an adapter refuses.

    Attributes:
        sentence: names it; empty for a function and method that the adapter does not have.
        multiple: what divides the in_features that it does not refuse.
    """

    sentence: str
    multiple: int = 1


@dataclass
class Limits:
    """What is known of an adapter's limits; asks it, apart from what is judged.

    Attributes:
        subject: the adapter, as it is judged.
        found: by kind of call, whether all of that kind is refused.
    """

    subject: Subject
    found: dict[tuple[Any, ...], bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._scratch = Subject(self.subject.adapter, timeout=self.subject.timeout)

    def explain(self, call: Call) -> Limit | None:
        """The limit for which a call was refused, or None where there is none to name."""
        asked = asked_of(call)
        if asked not in self.subject.offered and self._holds(asked, lambda: _plain(call)):
            return Limit("")
        # Masks by sparsity and n:m masks have limits of their own.
        key = (*asked, call.named.get("n_m") is None)
        kinds = _kinds(call)
        return next((each for each, calls in kinds if self._holds((*key, each), calls)), None)

    def _holds(
        self, key: tuple[Any, ...], calls: Callable[[], Iterator[tuple[Call, bool]]]
    ) -> bool:
        if key not in self.found:
            self.found[key] = self._all_refused(calls)
        return self.found[key]

    def _all_refused(self, calls: Callable[[], Iterator[tuple[Call, bool]]]) -> bool:
        return all(self._is_refused(each) == expected for each, expected in calls())

    def _is_refused(self, call: Call) -> bool:
        self._scratch.begin()
        try:
            getattr(self._scratch, call.function)(*call.arguments, **call.named)
        except Unsupported:
            return True
        except AdapterError as error:
            return refused(error)
        return False


Kinds = Iterator[tuple[Limit, Callable[[], Iterator[tuple[Call, bool]]]]]


def _kinds(call: Call) -> Kinds:
    """The kinds that a call is of, each with calls of it and whether they must be refused."""
    numbers = floating(call)
    n_m = call.named.get("n_m")
    for dtype in sorted({each.dtype for each in numbers} - {torch.float32}, key=str):
        yield Limit(str(dtype).removeprefix("torch.")), lambda dtype=dtype: _all(call, dtype=dtype)
    for name, value in call.named.items():
        if name not in (*FREE, "n_m"):
            more = {name: value}
            yield Limit(f"{name} = {_shown(value)}"), lambda more=more: _all(call, more=more)
    if call.named.get("sparsity") == 0:
        yield Limit("sparsity = 0"), lambda: _all(call, more={"sparsity": 0.0})
    if n_m is not None and n_m != (2, 4):
        yield (
            Limit("n:m other than 2:4"),
            lambda: chain.from_iterable(_all(call, n_m=each) for each in OTHERS),
        )
        yield Limit(f"{n_m[0]}:{n_m[1]}"), lambda: _all(call, n_m=n_m)
    if any(each.ndim == 3 for each in numbers):
        yield Limit("inputs of three dimensions"), lambda: _all(call, folded=True)
    activations = numbers[1:2] if is_named(call) else numbers
    if any(0 in each.shape for each in activations) and call.function != "refine":
        yield Limit("inputs without a token"), lambda: _empty(call)
    if activations and sum(each.numel() // max(1, each.shape[-1]) for each in activations) == 1:
        yield Limit("a single token"), lambda: _all(call, tokens=1)
    if any(bool((each == 0).flatten(0, -2).all(0).any()) for each in activations if each.ndim > 1):
        yield Limit("a feature that is 0 in all tokens"), lambda: _all(call, silent=True)
    if is_named(call):
        weight, inputs = call.arguments[1], call.arguments[2]
        score = SCORES.get(call.arguments[0])
        if score is not None and not score.takes(INPUTS) and inputs is not None:
            yield Limit("inputs that are not needed"), lambda: _all(call, given=True)
        if bool((weight == 0).all(0).any() or (weight == 0).all(1).any()):
            yield Limit("inputs or outputs without a weight"), lambda: _all(call, dead=True)
        if n_m is not None and weight.shape[1] % n_m[1]:
            rest = weight.shape[1] % n_m[1]
            yield Limit("in_features that m does not divide"), lambda: _rests(call, n_m)
            sentence = f"{n_m[0]}:{n_m[1]} with a rest of {rest}"
            yield Limit(sentence), lambda: _rests(call, n_m, rest)
    width = numbers[0].shape[-1] if numbers and numbers[0].ndim else 0
    for divisor in DIVISORS:
        if width % divisor:
            limit = Limit(f"in_features that {divisor} does not divide", divisor)
            yield limit, lambda divisor=divisor: _widths(call, divisor)


def _plain(call: Call) -> Iterator[tuple[Call, bool]]:
    """Calls of which nothing is out of the ordinary, all of which must be refused."""
    for number, shape in enumerate(LAYERS):
        yield _like(call, Layer(shape), number, {}), True


def _answered(call: Call) -> Iterator[tuple[Call, bool]]:
    """A plain call, which must not be refused: else it is not the kind that is refused."""
    yield _like(call, Layer(LAYERS[0]), len(LAYERS), {}), False


def _all(
    call: Call,
    *,
    more: dict[str, Any] | None = None,
    n_m: tuple[int, int] | None = None,
    **changes: Any,
) -> Iterator[tuple[Call, bool]]:
    """The same on layers of several sizes, all of which must be refused."""
    yield from _answered(call)
    for number, (rows, columns) in enumerate(LAYERS):
        if n_m is not None:
            columns = n_m[1] * -(-columns // n_m[1])
        layer = Layer((rows, columns), **changes)
        yield _like(call, layer, number, {**(more or {}), **({"n_m": n_m} if n_m else {})}), True


def _rests(
    call: Call, n_m: tuple[int, int], only: int | None = None
) -> Iterator[tuple[Call, bool]]:
    """Inputs that fill no group, of one number or of the least and the most."""
    yield from _answered(call)
    for number, rest in enumerate((1, n_m[1] - 1) if only is None else (only,)):
        for groups in (1, 4, 8):
            layer = Layer((4, n_m[1] * groups + rest))
            yield _like(call, layer, number + groups, {"n_m": n_m}), True


def _widths(call: Call, divisor: int) -> Iterator[tuple[Call, bool]]:
    """Sizes that the divisor does not divide are refused, and those that it does are not."""
    # One and a half times it tells it from its half.
    sizes = divisor - 1, divisor + 1, 3 * divisor // 2, 3 * divisor - 1, 3 * divisor, 32, 64
    for number, size in enumerate(sizes):
        yield _like(call, Layer((4, size)), number, {}), size % divisor != 0


def _empty(call: Call) -> Iterator[tuple[Call, bool]]:
    yield from _answered(call)
    for number in range(len(LAYERS)):
        ordinary = _like(call, Layer((3, 16)), number, {})
        if is_named(call):
            method, weight, inputs, *rest = ordinary.arguments
            arguments = method, weight, inputs[:0], *rest
        else:
            (batches,) = ordinary.arguments
            arguments = ([*batches, batches[0][:0]],)
        yield replace(ordinary, arguments=arguments), True


def _like(call: Call, layer: Layer, number: int, more: dict[str, Any]) -> Call:
    """A plain call of the same function and method, with tensors of another layer."""
    random = torch.Generator().manual_seed(number)

    def tensor(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=random, dtype=torch.float64).to(layer.dtype)

    rows, columns = layer.shape
    inputs = tensor(layer.tokens, columns)
    if layer.silent:
        inputs[:, 0] = 0
    if layer.folded:
        inputs = inputs.reshape(2, -1, columns)
    if not is_named(call):
        batches = [inputs, inputs.flip(0)] if layer.tokens > 1 else [inputs]
        return Call(call.function, (batches,), more)
    method = call.arguments[0]
    weight = tensor(rows, columns)
    if layer.dead:
        weight[0], weight[:, 0] = 0, 0
    named: dict[str, Any] = {}
    if call.function == "keep_mask":
        named = {"n_m": (2, 4)} if call.named.get("n_m") is not None else {"sparsity": 0.5}
    if call.function == "refine":
        keep = weight.abs() > weight.abs().median(1, keepdim=True).values
        return Call("refine", (method, weight, keep, inputs), more)
    takes_inputs, takes_outputs = given(method, more)
    outputs = tensor(rows, WIDTH_OF_OUTPUTS) if takes_outputs else None
    arguments = method, weight, inputs if takes_inputs or layer.given else None, outputs
    return Call(call.function, arguments, named | more)


def is_named(call: Call) -> bool:
    """Whether it is asked of a method by its name."""
    return call.function != "activation_statistics"


def floating(call: Call) -> list[Tensor]:
    """A call's tensors of numbers."""
    tensors = [each for each in _flat(call.arguments) if isinstance(each, Tensor)]
    return [each for each in tensors if each.dtype.is_floating_point]


def _flat(arguments: tuple[Any, ...]) -> Iterator[Any]:
    for each in arguments:
        yield from each if isinstance(each, list) else (each,)


def _shown(value: Any) -> str:
    return (
        value
        if isinstance(value, str)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )
