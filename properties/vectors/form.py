"""What a vector looks like, and how a file of them is written; `schema.json` says the same."""

from __future__ import annotations

import json
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from pruneproof.properties.gate.adapter.wire import encoded

Result = Literal["valid", "acceptable", "invalid"]
Vector = dict[str, Any]

FLAGS = {
    "ConstantInput": "An input has variance 0: the gain of growing its weights is infinite.",
    "CountFloor": "floor(n * sparsity), taken in double precision, differs from other roundings.",
    "DeadLine": "An input or output has no weight, so that a formula divides 0 by 0.",
    "DoublePrecision": "All numbers are float64.",
    "EqualScores": "Scores are equal, or equal where it matters; any choice among them is right.",
    "HalfPrecision": "Numbers are float16 or bfloat16, and the scores beyond what those hold.",
    "InvalidParameter": "A parameter is outside of its range.",
    "LowestIndex": "Of equal scores the lowest index is pruned first.",
    "MissingArgument": "Something that the method needs is not there.",
    "NotFinite": "A number is nan or infinite.",
    "NoTokens": "There is not one calibration token.",
    "NoCandidates": "Weights to grow or to prune run out.",
    "Overflow": "A square overflows float32, though the score does not where norms are scaled.",
    "PartialGroup": "m does not divide in_features.",
    "ShapeMismatch": "Sizes do not fit together.",
    "SignChange": "A swap changes the sign of the error, or raises it; it is made all the same.",
    "Underflow": "A square underflows float32; the bound allows for what that loses.",
    "ZeroWeight": "Some weights are zero, but no input and no output is without a weight.",
}
"""What a vector is about, for tools that leave some out or count them."""


def vector(
    id: str, comment: str, flags: tuple[str, ...] = (), result: Result = "valid", **fields: Any
) -> Vector:
    """One test; what is None is left out."""
    unknown = set(flags) - set(FLAGS)
    if unknown:
        raise ValueError(f"flags must be among {', '.join(FLAGS)}, got {', '.join(unknown)}")
    head = {"id": id, "comment": comment, "flags": sorted(flags), "result": result}
    return head | {key: encoded(each) for key, each in fields.items() if each is not None}


def file_text(call: str, method: str | None, source: str, tests: list[Vector]) -> str:
    """A file: its head, and one line a vector.

    Raises:
        ValueError: an id stands there twice.
    """
    ids = [test["id"] for test in tests]
    if len(set(ids)) < len(ids):
        raise ValueError(f"ids must be unique, got {max(ids, key=ids.count)} twice")
    used = sorted({flag for test in tests for flag in test["flags"]})
    head: dict[str, Any] = {"schema": "schema.json", "version": 1, "call": call}
    head |= {} if method is None else {"method": method}
    head |= {"source": source, "flags": {flag: FLAGS[flag] for flag in used}}
    lines = [f" {json.dumps(key)}: {json.dumps(value)}," for key, value in head.items()]
    body = ",\n".join(f"  {json.dumps(test, allow_nan=False)}" for test in tests)
    return "\n".join(["{", *lines, ' "tests": [', body, " ]", "}", ""])


def as_bound(bound: np.ndarray | list[float]) -> Tensor:
    """Bounds rounded up to ten bits: nobody needs more, and they stay the same everywhere.

    Raises:
        ValueError: a bound is not finite, so that every answer would be right.
    """
    array = np.asarray(bound, dtype=float)
    if not np.isfinite(array).all():
        raise ValueError("bound must be finite, got inf or nan")
    significand, exponent = np.frexp(array)
    return torch.from_numpy(np.ldexp(np.ceil(significand * 1024), exponent - 10))
