"""Layers to try an adapter on: small, readable, with ties and zeros, in a range where any honest
arithmetic stays finite."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from pruneproof.properties.gate.methods import VALUES
from pruneproof.reference.methods import INPUTS, OUTPUTS, SCORES

DTYPES = (torch.float32, torch.float64)

_multiple: ContextVar[int] = ContextVar("multiple", default=1)
"""What the sizes of all layers are multiplied by."""


@contextmanager
def multiplied(multiple: int) -> Iterator[None]:
    """While entered, layers are as many times as large: some libraries work on whole tiles."""
    token = _multiple.set(multiple)
    try:
        yield
    finally:
        _multiple.reset(token)


def sized(size: int) -> int:
    """A layer's size, as :func:`multiplied` has it; square and transposed layers stay that."""
    return size * _multiple.get()


@dataclass(frozen=True)
class Example:
    """One layer, in `nn.Linear`'s layout, and what to compute of it.

    Attributes:
        method: name of the score or refinement.
        weight: out_features × in_features.
        inputs: tokens × in_features, where the method needs them.
        outputs: out_features × d, where the method needs them.
        parameters: of the score.
        more: what one property alone needs, such as a sparsity.
    """

    method: str
    weight: Tensor
    inputs: Tensor | None = None
    outputs: Tensor | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def arguments(self) -> tuple[Any, ...]:
        """What `score` and `keep_mask` take before the parameters."""
        return self.method, self.weight, self.inputs, self.outputs


_INTEGERS = [float(number) for n in range(1, 10) for number in (n, -n)]
_FRACTIONS = [1 / 3, -0.1, math.pi, -math.sqrt(2), 2 / 7, -1 / 37, 53.3, -math.e * 16, 0.7, -1 / 59]


def entries(dtype: torch.dtype, *, zeros: bool = True) -> st.SearchStrategy[float]:
    """Small integers and fractions of both signs, zeros, and numbers with full significands.

    One choice each: what Hypothesis spends on a choice is most of what judging costs.
    """
    del dtype  # The numbers are rounded to it.
    return st.sampled_from(_numbers(zeros=zeros))


def _numbers(*, zeros: bool) -> list[float]:
    return [*_INTEGERS, *_FRACTIONS, *[0.0] * (4 if zeros else 0)]


@st.composite
def matrices(
    draw: st.DrawFn, rows: int, columns: int, dtype: torch.dtype, *, zeros: bool = True
) -> Tensor:
    """A contiguous matrix."""
    size = rows * columns
    if _multiple.get() > 1:
        # Hypothesis could not draw so many one by one, nor make them small.
        chosen = torch.tensor(_numbers(zeros=zeros), dtype=torch.float64)
        generator = torch.Generator().manual_seed(draw(st.integers(0, 2**20)))
        places = torch.randint(len(chosen), (size,), generator=generator)
        return chosen[places].reshape(rows, columns).to(dtype)
    numbers = draw(st.lists(entries(dtype, zeros=zeros), min_size=size, max_size=size))
    return torch.tensor(numbers, dtype=torch.float64).reshape(rows, columns).to(dtype)


@st.composite
def examples(
    draw: st.DrawFn,
    method: str,
    *,
    out_features: st.SearchStrategy[int] | None = None,
    in_features: st.SearchStrategy[int] | None = None,
    dtypes: tuple[torch.dtype, ...] = DTYPES,
    zeros: bool = True,
    parameters: bool = True,
) -> Example:
    """A layer with what its method needs.

    Args:
        draw: Hypothesis's.
        method: name of a score.
        out_features: 1 to 5 where left out.
        in_features: 1 to 6 where left out.
        dtypes: one of these for all tensors.
        zeros: whether weights may be zero, and so a whole input or output.
        parameters: whether others than the defaults are tried.
    """
    rows = draw(st.integers(1, 5) if out_features is None else out_features)
    columns = draw(st.integers(1, 6) if in_features is None else in_features)
    rows, columns = sized(rows), sized(columns)
    dtype = draw(st.sampled_from(dtypes))
    weight = draw(matrices(rows, columns, dtype, zeros=zeros))
    # Dead inputs and outputs, which conventions differ in, have a property of their own.
    alive = _revived(weight) if zeros else weight
    chosen: dict[str, Any] = {}
    if parameters and VALUES[method] and draw(st.booleans()):
        chosen = {name: draw(values) for name, values in VALUES[method].items()}
    takes_inputs, takes_outputs = given(method, chosen)
    inputs = draw(matrices(draw(st.integers(1, 6)), columns, dtype)) if takes_inputs else None
    outputs = draw(matrices(rows, draw(st.integers(1, 4)), dtype)) if takes_outputs else None
    return Example(method, alive, inputs, outputs, chosen)


def given(method: str, parameters: dict[str, Any]) -> tuple[bool, bool]:
    """Whether an adapter is given inputs, and whether outputs."""
    inputs, outputs = (SCORES[method].takes(of, **parameters) for of in (INPUTS, OUTPUTS))
    return inputs, outputs


def _revived(weight: Tensor) -> Tensor:
    """No input and no output without a weight."""
    alive = weight.clone()
    alive[:, 0][(weight == 0).all(1)] = 1
    alive[0][(alive == 0).all(0)] = 1
    return alive
