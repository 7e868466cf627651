"""What an adapter does not do at all, told from what it refuses where its answer would be wrong.

An adapter may refuse a call. That hides nothing where it refuses all calls of a kind that can be
named: another dtype, a value of a parameter, an n:m, widths that a number does not divide. Whether
it does is found by asking: calls of that kind on layers of its own choosing, of several sizes, each
of which must be refused. What is refused for anything else, such as a size, a value of a weight, or
for having been asked before, leaves a property not shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

import torch
from torch import Tensor

from pruneproof.properties.gate.checks.comparing import refused
from pruneproof.properties.gate.subject import (
    AdapterError,
    Call,
    Subject,
    Unsupported,
    asked_of,
)

FREE = ("sparsity", "seed")
"""Parameters with so many values that refusing one of them is no kind of call."""
OTHERS = ((1, 4), (3, 4), (1, 2), (4, 8))
"""n:m beside 2:4, which every adapter of n:m masks answers in the first look."""
DIVISORS = (16, 8, 4, 2)
LAYERS = ((3, 16), (5, 16), (4, 32))
"""Out_features × in_features, wide enough for libraries that work on whole tiles."""
TOKENS, WIDTH_OF_OUTPUTS = 6, 3


@dataclass(frozen=True)
class Layer:
    """How the tensors of a call are made.

    Attributes:
        shape: out_features × in_features.
        dtype: of all tensors.
        folded: inputs are sequences × length × in_features.
        dead: an input and an output have no weight.
    """

    shape: tuple[int, int]
    dtype: torch.dtype = torch.float32
    folded: bool = False
    dead: bool = False


@dataclass(frozen=True)
class Limit:
    """A kind of call that an adapter refuses.

    Attributes:
        sentence: names it; empty for a function and method that the adapter does not have.
        multiple: what divides the out_features and in_features that it does not refuse.
    """

    sentence: str
    multiple: tuple[int, int] = (1, 1)


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
        if asked not in self.subject.answered and self._holds(asked, lambda: _plain(call)):
            return Limit("")
        kinds = _kinds(call)
        return next((each for each, calls in kinds if self._holds((*asked, each), calls)), None)

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
    for dtype in {each.dtype for each in numbers} - {torch.float32}:
        yield Limit(str(dtype).removeprefix("torch.")), lambda dtype=dtype: _all(call, dtype=dtype)
    for name, value in call.named.items():
        if name not in (*FREE, "n_m"):
            more = {name: value}
            yield Limit(f"{name} = {_shown(value)}"), lambda more=more: _all(call, more=more)
    if n_m is not None and n_m != (2, 4):
        yield Limit("n:m other than 2:4"), lambda: _each(_all(call, n_m=each) for each in OTHERS)
        yield Limit(f"{n_m[0]}:{n_m[1]}"), lambda: _all(call, n_m=n_m)
    if any(each.ndim == 3 for each in numbers):
        yield Limit("inputs of three dimensions"), lambda: _all(call, folded=True)
    activations = numbers[1:2] if is_named(call) else numbers
    if any(0 in each.shape for each in activations) and call.function != "refine":
        yield Limit("inputs without a token"), lambda: _empty(call)
    if not is_named(call):
        return
    weight = call.arguments[1]
    if bool((weight == 0).all(0).any() or (weight == 0).all(1).any()):
        yield Limit("inputs or outputs without a weight"), lambda: _all(call, dead=True)
    if n_m is not None and weight.shape[1] % n_m[1]:
        yield Limit("in_features that m does not divide"), lambda: _rests(call, n_m)
    for axis, what in ((1, "in_features"), (0, "out_features")):
        for divisor in DIVISORS:
            if weight.shape[axis] % divisor:
                multiple = (divisor, 1) if axis == 0 else (1, divisor)
                limit = Limit(f"{what} that {divisor} does not divide", multiple)
                yield limit, lambda axis=axis, divisor=divisor: _widths(call, axis, divisor)


def _plain(call: Call) -> Iterator[tuple[Call, bool]]:
    """Calls of which nothing is out of the ordinary, all of which must be refused."""
    for number, shape in enumerate(LAYERS):
        yield _like(call, Layer(shape), number, {}), True


def _each(several: Iterable[Iterator[tuple[Call, bool]]]) -> Iterator[tuple[Call, bool]]:
    return chain.from_iterable(several)


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


def _rests(call: Call, n_m: tuple[int, int]) -> Iterator[tuple[Call, bool]]:
    yield from _answered(call)
    for number, rest in enumerate((1, n_m[1] - 1)):
        for groups in (1, 4):
            layer = Layer((4, n_m[1] * groups + rest))
            yield _like(call, layer, number, {"n_m": n_m}), True


def _widths(call: Call, axis: int, divisor: int) -> Iterator[tuple[Call, bool]]:
    """Sizes that the divisor does not divide are refused, and those that it does are not."""
    # One and a half times it tells it from its half.
    sizes = divisor - 1, divisor + 1, 3 * divisor // 2, 3 * divisor - 1, 3 * divisor, 32, 64
    for number, size in enumerate(sizes):
        shape = (size, 32) if axis == 0 else (4, size)
        yield _like(call, Layer(shape), number, {}), size % divisor != 0


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
    inputs = tensor(TOKENS, columns)
    if layer.folded:
        inputs = inputs.reshape(2, -1, columns)
    if not is_named(call):
        return Call(call.function, ([inputs, tensor(*inputs.shape)],), more)
    method, _, *rest = call.arguments
    weight = tensor(rows, columns)
    if layer.dead:
        weight[0], weight[:, 0] = 0, 0
    named: dict[str, Any] = {}
    if call.function == "keep_mask":
        named = {"n_m": (2, 4)} if call.named.get("n_m") is not None else {"sparsity": 0.5}
    if call.function == "refine":
        keep = weight.abs() > weight.abs().median(1, keepdim=True).values
        return Call("refine", (method, weight, keep, inputs), more)
    given = [inputs, tensor(rows, WIDTH_OF_OUTPUTS)]
    arguments = [each if here is not None else None for each, here in zip(given, rest, strict=True)]
    return Call(call.function, (method, weight, *arguments), named | more)


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
