"""Vectors of the activation statistics: exact moments of the tokens of all batches."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from pruneproof.properties.gate.comparing.moments import moments
from pruneproof.properties.vectors.form import Vector, as_bound, vector
from pruneproof.properties.vectors.layers import full, whole

KEYS = ("norm", "mean", "var")


def vectors() -> list[Vector]:
    """All vectors of the statistics."""
    return [*_valid(), *_invalid()]


def _valid() -> Iterator[Vector]:
    x = full(6, 4)
    yield _statistics("one-batch", "six tokens", [x])
    yield _statistics("three-batches", "the same six tokens", [x[:1], x[1:4], x[4:]])
    yield _statistics("unequal-batches", "their means differ", [whole(7, 3), whole(1, 3) + 90])
    yield _statistics("empty-batch", "a batch without tokens counts for nothing", [x[:0], x])
    yield _statistics("batch-by-token", "two sequences of three tokens", [x.reshape(2, 3, 4)])
    yield _statistics("one-token", "variances are 0", [x[:1]])
    yield _statistics("one-feature", "a single input", [whole(5, 1)])
    constant = torch.tensor([[2.0, 1.0], [2.0, 4.0], [2.0, 7.0]])
    yield _statistics("constant-feature", "its variance is 0", [constant], "ConstantInput")
    shifted = 1024 + whole(8, 3) / 16
    yield _statistics("large-mean", "the mean square minus the squared mean is nothing", [shifted])
    double = full(6, 4, dtype=torch.float64)
    yield _statistics("double", "full significands of doubles", [double], "DoublePrecision")
    for name, dtype in (("float16", torch.float16), ("bfloat16", torch.bfloat16)):
        large = whole(6, 3, dtype=dtype) * 4096
        yield _statistics(name, "squares beyond 65504", [large], "HalfPrecision")


def _invalid() -> Iterator[Vector]:
    x = full(3, 4)
    bad = x.clone()
    bad[1, 2] = math.nan
    comment = "4 features, then 3"
    yield _refused("other-features", comment, [x, x[:, :3]], "ShapeMismatch")
    yield _refused(
        "nan", "an activation is nan", [x, bad], "NotFinite", not_finite=bad.isnan().any(0)
    )
    yield _refused("no-batches", "there is nothing to count", [], "NoTokens")


def _statistics(name: str, comment: str, batches: list[Tensor], *flags: str) -> Vector:
    tokens = torch.cat([batch.reshape(-1, batch.shape[-1]) for batch in batches])
    found = moments(tokens, torch.float32, double=False)
    expected: dict[str, Any] = {
        key: torch.tensor(found[key].value, dtype=torch.float64) for key in KEYS
    }
    of_doubles = None
    if tokens.dtype == torch.float64:
        finer = moments(tokens, torch.float64, double=True)
        of_doubles = {key: as_bound(finer[key].bound) for key in KEYS}
    return vector(
        f"activation_statistics/{name}",
        comment,
        flags,
        batches=batches,
        expected=expected | {"tokens": len(tokens)},
        bound={key: as_bound(found[key].bound) for key in KEYS},
        bound_float64=of_doubles,
    )


def _refused(
    name: str, comment: str, batches: list[Tensor], flag: str, not_finite: Tensor | None = None
) -> Vector:
    return vector(
        f"activation_statistics/{name}",
        comment,
        (flag,),
        "invalid",
        batches=batches,
        not_finite=not_finite,
    )
