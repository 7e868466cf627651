"""The layers of the vectors: made by arithmetic, so that they are the same for ever."""

from __future__ import annotations

import torch
from torch import Tensor

from pruneproof.properties.gate.examples.layers import Example, given

TOKENS, WIDTH = 5, 3
"""Rows of the inputs and columns of the outputs."""


def whole(rows: int, columns: int, start: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    """Integers from -9 to 9 without 0."""
    found = [1 + (start + 5 * i + i * i // 3) % 9 for i in range(rows * columns)]
    signed = [-n if (start + 3 * i) % 5 < 2 else n for i, n in enumerate(found)]
    return torch.tensor(signed, dtype=dtype).reshape(rows, columns)


def full(rows: int, columns: int, start: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    """Numbers with full significands, between 1/37 and 14 in magnitude."""
    found = [(start * 7919 + i * 104_729) % 1009 for i in range(rows * columns)]
    exact = [(n - 504 or 1) / 37 for n in found]
    return torch.tensor(exact, dtype=torch.float64).to(dtype).reshape(rows, columns)


def distinct(rows: int, columns: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """The integers from 1 on, shuffled, of both signs."""
    n = rows * columns
    # A step without a common divisor with n meets every number once.
    step = next(each for each in (7, 11, 13, 17) if n % each)
    found = [(i * step % n + 1) * (-1 if i % 3 == 1 else 1) for i in range(n)]
    return torch.tensor(found, dtype=dtype).reshape(rows, columns)


def with_activations(method: str, weight: Tensor, start: int = 0, **parameters: object) -> Example:
    """A layer of these weights, with what the method needs; of full significands, as they are."""
    rows, columns = weight.shape
    takes_inputs, takes_outputs = given(method, parameters)
    inputs = full(TOKENS, columns, start + 1, weight.dtype) if takes_inputs else None
    outputs = full(rows, WIDTH, start + 2, weight.dtype) if takes_outputs else None
    return Example(method, weight, inputs, outputs, dict(parameters))
