"""A failure as a program of its own: literal values, the adapter's calls, and what must hold."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pruneproof.properties.gate.adapter.subject import Call
from pruneproof.properties.gate.adapter.target import split_target
from pruneproof.properties.gate.property import Violation
from pruneproof.properties.gate.snippets.program import PREFIX, prelude
from pruneproof.reporting.printable import printable


def snippet(target: str, calls: list[Call], violation: Violation) -> str:
    """A program that repeats the calls and fails as the gate did; it needs no pruneproof.

    Args:
        target: the adapter's.
        calls: of the example, in their order.
        violation: what is wrong with their answers.
    """
    lines = [
        f"# {_line(violation.message)}",
        *_imports(target),
        "",
        "nan, inf = math.nan, math.inf",
    ]
    names: dict[int, str] = {}
    body: list[str] = []
    for number, call in enumerate(calls, start=1):
        arguments = [_argument(each, names, body) for each in _given(call.arguments)]
        arguments += [f"{key}={_argument(each, names, body)}" for key, each in call.named.items()]
        body.append(f"r{number} = adapter.{call.function}({', '.join(arguments)})")
    expected = [] if violation.expected is None else [f"# expected: {_line(violation.expected)}"]
    return "\n".join(
        [*lines, *body, *expected, f"assert {violation.check}, {violation.message!r}", ""]
    )


def literal(value: Any) -> str:
    """A Python expression for a value, exact for floats, and with a tensor's own strides."""
    if isinstance(value, Tensor):
        return _tensor(value)
    if isinstance(value, float):
        return "nan" if math.isnan(value) else repr(value)
    if isinstance(value, (list, tuple)):
        inside = ", ".join(map(literal, value))
        return f"[{inside}]" if isinstance(value, list) else f"({inside},)"
    return repr(value)


def _line(text: object) -> str:
    """Stays a comment, whatever an exception says."""
    return printable(" ".join(str(text).split()))


def _tensor(tensor: Tensor) -> str:
    if tensor.is_contiguous():
        return _whole(tensor.tolist(), tensor.dtype, tensor.shape)
    size = sum((n - 1) * step for n, step in zip(tensor.shape, tensor.stride(), strict=True)) + 1
    memory = tensor.as_strided((size,), (1,), tensor.storage_offset())
    strides = f"{tuple(tensor.shape)}, {tensor.stride()}"
    return f"{_whole(memory.tolist(), tensor.dtype, memory.shape)}.as_strided({strides})"


def _whole(numbers: list[Any], dtype: torch.dtype, shape: torch.Size) -> str:
    if math.prod(shape) == 0:
        return f"torch.empty({tuple(shape)}, dtype={dtype})"
    return f"torch.tensor({literal(numbers)}, dtype={dtype})"


def _imports(target: str) -> list[str]:
    if target.startswith(PREFIX):
        return prelude(target.removeprefix(PREFIX))
    place, name = split_target(target)
    if not place.endswith(".py"):
        found = [f"from {place} import {name}"]
    else:
        # An adapter may import what lies beside it.
        beside = f"sys.path.insert(0, {str(Path(place).parent)!r})"
        loaded = f"{name} = runpy.run_path({place!r})[{name!r}]"
        here = [] if Path(place).is_absolute() else ["# Run it where the gate was run."]
        found = ["import runpy", "import sys", "", *here, beside, loaded]
    made = f"adapter = {name}() if isinstance({name}, type) else {name}"
    return ["import math", "", "import torch", *found, made]


def _given(arguments: tuple[Any, ...]) -> list[Any]:
    given = list(arguments)
    while given and given[-1] is None:
        given.pop()
    return given


def _argument(value: Any, names: dict[int, str], body: list[str]) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_argument(each, names, body) for each in value)}]"
    if not isinstance(value, Tensor):
        return literal(value)
    if id(value) not in names:
        names[id(value)] = f"t{len(names) + 1}"
        body.append(f"{names[id(value)]} = {_tensor(value)}")
    return names[id(value)]
