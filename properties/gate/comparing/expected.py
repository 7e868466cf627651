"""What the scores are, exactly, and how far an honest implementation may lie from them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from pruneproof.properties.certified.arithmetic import Arithmetic
from pruneproof.properties.certified.bounds import Bounded
from pruneproof.properties.certified.certify import expected_score
from pruneproof.properties.gate.examples.layers import Example

MORE_ROUNDINGS = 4
"""Another arrangement of a formula, such as |W|·(1/r + 1/q) for |W|/r + |W|/q, rounds oftener."""


@dataclass(frozen=True)
class Expected:
    """Exact scores as the nearest doubles, and bounds; out_features × in_features.

    Attributes:
        value: the scores.
        bound: an honest result lies no farther from them.
    """

    value: np.ndarray
    bound: np.ndarray


def arithmetic_of(result: torch.dtype, accumulate: torch.dtype = torch.float32) -> Arithmetic:
    """An arithmetic of which only this is asked: norms need not be scaled, sums have any order.

    Args:
        result: in which the scores are stored; only half precision is less than what they were
            computed in.
        accumulate: in which they are computed. Float32 is all that is asked of an adapter.
    """
    return Arithmetic(accumulate, result if _is_half(result) else accumulate, scaled_norms=False)


def expected_scores(
    example: Example,
    result: torch.dtype,
    *,
    accumulate: torch.dtype = torch.float32,
    **known: Any,
) -> Expected:
    """The scores of an example.

    Args:
        example: the layer; for a method without samples.
        result: dtype of the scores that will be compared.
        accumulate: in which they are to be computed.
        known: what the closed form is told beside the parameters (StochRIA's samples).
    """
    parameters = {**example.parameters, **known}
    for name in ("seed", "ratio") if example.method == "stochria" else ():
        parameters.pop(name, None)
    scores = expected_score(
        example.method,
        example.weight,
        example.inputs,
        example.outputs,
        arithmetic_of(result, accumulate),
        **parameters,
    )
    for _ in range(MORE_ROUNDINGS):
        scores = scores.rounded()
    return as_doubles(scores.T)


def as_doubles(scores: Bounded) -> Expected:
    """Exact numbers and bounds as doubles; a bound grows by what that loses."""
    value = np.vectorize(float, otypes=[float])(scores.value)
    bound = np.vectorize(lambda each: _rounded_up(float(each)), otypes=[float])(scores.bound)
    return Expected(value, bound + np.abs(value) * 2.0**-52)


def _rounded_up(number: float) -> float:
    return math.nextafter(number, math.inf)


def _is_half(dtype: torch.dtype) -> bool:
    return dtype in (torch.float16, torch.bfloat16)
