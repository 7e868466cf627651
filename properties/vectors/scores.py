"""Vectors of the scores: exact values from balls of python-flint, and certified bounds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import torch
from torch import Tensor

from pruneproof.properties.gate.comparing.expected import expected_scores
from pruneproof.properties.gate.examples.layers import Example
from pruneproof.properties.vectors.form import Result, Vector, as_bound, vector
from pruneproof.properties.vectors.layers import full, whole, with_activations
from pruneproof.reference.methods import SCORES
from pruneproof.reference.scores.lp import STRATEGIES
from pruneproof.reference.scores.relative import TERMS

Samples = tuple[Tensor, Tensor]

SMALL, LARGE = 2.0**-64, 2.0**100
"""Factors whose squares leave the normal range of float32; those of the first not altogether."""

POWERS = (0.0, 0.5, 1.0, 2.0)
ORDERS = (0.0, 0.5, 1.0, 2.0, 3.0, math.inf)
VALID: dict[str, Iterable[Any]] = {"alpha": POWERS, "terms": TERMS}
"""By parameter, what is tried beside the default, in each combination."""
OF_LP = [
    *({"p": p, "strategy": strategy} for p, strategy in product(ORDERS, STRATEGIES)),
    *({"p": 2.0, "strategy": strategy, "alpha": 0.5} for strategy in STRATEGIES),
]
"""Of lp not each combination."""

INVALID = {"terms": ("row",), "p": (-1.0, math.nan), "strategy": ("S5",)}
"""By parameter, what is refused."""


def vectors(method: str) -> list[Vector]:
    """All vectors of a score."""
    return [*_valid(method), *_by_parameters(method), *_edges(method), *_invalid(method)]


def _valid(method: str) -> Iterator[Vector]:
    def layer(weight: Tensor) -> Example:
        return with_activations(method, weight)

    zeros = whole(3, 4)
    zeros[0, 1] = zeros[2, 2] = zeros[2, 3] = 0.0
    yield _score("whole-numbers", "small whole weights", layer(whole(3, 4)))
    yield _score("full-significands", "nothing is exact in float32", layer(full(4, 5)))
    double = full(4, 5, dtype=torch.float64)
    yield _score("double", "full significands of doubles", layer(double), "DoublePrecision")
    yield _score("wide", "more inputs than outputs", layer(full(2, 9, 3)))
    yield _score("tall", "more outputs than inputs", layer(full(9, 2, 4)))
    yield _score("one-by-one", "a single weight", layer(whole(1, 1, 4)))
    yield _score("one-output", "a single output", layer(whole(1, 5)))
    yield _score("one-input", "a single input", layer(whole(5, 1)))
    yield _score("zero-weights", "their scores are zero", layer(zeros), "ZeroWeight")
    ones = whole(3, 4).sign()
    yield _score("equal-weights", "of both signs", layer(ones), "EqualScores")


def _by_parameters(method: str) -> Iterator[Vector]:
    for parameters in _tried(method):
        name = "-".join(f"{key}-{each}" for key, each in parameters.items())
        example = with_activations(method, full(3, 4, 5), **parameters)
        yield _score(name, "one choice of the parameters", example)


def _tried(method: str) -> list[dict[str, Any]]:
    names = [name for name in SCORES[method].parameters if name in VALID]
    if method == "lp" or not names:
        return OF_LP if method == "lp" else []
    return [
        dict(zip(names, chosen, strict=True))
        for chosen in product(*(VALID[name] for name in names))
    ]


def _edges(method: str) -> Iterator[Vector]:
    for line in ("input", "output"):
        weight = full(3, 4, 7)
        (weight[:, 1] if line == "input" else weight[1])[:] = 0.0
        example = with_activations(method, weight)
        # Only a formula that divides by the norm of the line may do otherwise than score 0.
        excused = weight == 0 if SCORES[method].divides else None
        yield _score(f"dead-{line}", "all its scores are 0", example, "DeadLine", excused=excused)
    everything = torch.ones(3, 4, dtype=torch.bool)
    small, large = (full(3, 4, 8) * factor for factor in (SMALL, LARGE))
    squares = SCORES[method].degree_in_weight() == 2
    yield _score(
        "tiny-weights",
        "2^-64 times ordinary ones",
        with_activations(method, small, 8),
        *(["Underflow"] if squares else []),
    )
    yield _score(
        "huge-weights",
        "2^100 times ordinary ones",
        with_activations(method, large, 8),
        *(["Overflow"] if squares else []),
        excused=everything if squares else None,
    )
    if SCORES[method].needs():
        yield from _edges_of_activations(method)


def _edges_of_activations(method: str) -> Iterator[Vector]:
    everything = torch.ones(3, 4, dtype=torch.bool)
    plain = with_activations(method, full(3, 4, 9))
    tiny, huge = (_scaled(plain, factor) for factor in (SMALL, LARGE))
    yield _score("tiny-activations", "2^-64 times ordinary ones", tiny, "Underflow")
    yield _score(
        "huge-activations", "2^100 times ordinary ones", huge, "Overflow", excused=everything
    )
    yield _score("zero-activations", "with α > 0 all scores are 0", _scaled(plain, 0.0))
    for name, dtype in (("float16", torch.float16), ("bfloat16", torch.bfloat16)):
        large = whole(3, 4, 2, dtype) * 1024
        example = _scaled(with_activations(method, large), 256.0)
        yield _score(name, "scores beyond 65504", example, "HalfPrecision")
    if plain.inputs is not None:
        empty = replace(plain, inputs=plain.inputs[:0])
        yield _score("no-tokens", "norms are 0", empty, "NoTokens", excused=everything)


def _scaled(example: Example, factor: float) -> Example:
    inputs, outputs = (
        None if each is None else each * factor for each in (example.inputs, example.outputs)
    )
    return replace(example, inputs=inputs, outputs=outputs)


def _invalid(method: str) -> Iterator[Vector]:
    plain = with_activations(method, full(3, 4, 6))
    for name, number in (("nan", math.nan), ("inf", math.inf)):
        weight = plain.weight.clone()
        weight[1, 2] = number
        bad = torch.zeros(3, 4, dtype=torch.bool)
        bad[1, 2] = True
        example = replace(plain, weight=weight)
        yield _refused(
            f"{name}-weight", f"a weight is {name}", "NotFinite", example, not_finite=bad
        )
    if plain.inputs is not None:
        inputs = plain.inputs.clone()
        inputs[0, 1] = math.nan
        bad = torch.zeros(3, 4, dtype=torch.bool)
        bad[:, 1] = True
        example = replace(plain, inputs=inputs)
        yield _refused(
            "nan-activation", "an activation is nan", "NotFinite", example, not_finite=bad
        )
        for name, columns in (("fewer", 3), ("one", 1)):
            example = replace(plain, inputs=plain.inputs[:, :columns])
            comment = f"{columns} features of the inputs, 4 of the weight"
            yield _refused(f"{name}-features", comment, "ShapeMismatch", example)
        missing = replace(plain, inputs=None)
        yield _refused("no-inputs", "the method needs inputs", "MissingArgument", missing)
    if plain.outputs is not None:
        for name, rows in (("fewer", 2), ("one", 1)):
            example = replace(plain, outputs=plain.outputs[:rows])
            comment = f"{rows} rows of the outputs, 3 of the weight"
            yield _refused(f"{name}-output-rows", comment, "ShapeMismatch", example)
        missing = replace(plain, outputs=None)
        yield _refused("no-outputs", "the method needs outputs", "MissingArgument", missing)
    for name in SCORES[method].parameters:
        for wrong in INVALID.get(name, ()):
            example = with_activations(method, full(3, 4, 6), **{name: wrong})
            yield _refused(f"{name}-{wrong}", "no such parameter", "InvalidParameter", example)


def _score(
    name: str, comment: str, example: Example, *flags: str, excused: Tensor | None = None
) -> Vector:
    known: dict[str, Any] = (
        {"samples": _closed_form_samples(example)} if example.method == "stochria" else {}
    )
    expected = expected_scores(example, torch.float32, **known)
    of_doubles = None
    if example.weight.dtype == torch.float64:
        double = expected_scores(example, torch.float64, accumulate=torch.float64, **known)
        of_doubles = as_bound(double.bound)
    result: Result = "valid" if excused is None else "acceptable"
    return vector(
        f"{example.method}/{name}",
        comment,
        flags,
        result,
        **_given(example),
        expected=torch.from_numpy(expected.value),
        bound=as_bound(expected.bound),
        bound_float64=of_doubles,
        excused=excused,
    )


def _refused(
    name: str, comment: str, flag: str, example: Example, not_finite: Tensor | None = None
) -> Vector:
    given = _given(example)
    return vector(
        f"{example.method}/{name}", comment, (flag,), "invalid", **given, not_finite=not_finite
    )


def _given(example: Example) -> dict[str, Any]:
    given = {
        "weight": example.weight,
        "inputs": example.inputs,
        "outputs": example.outputs,
        "parameters": example.parameters,
    }
    if example.method == "stochria":
        of_inputs, of_outputs = samples(example.weight)
        given["samples"] = {"of_inputs": of_inputs, "of_outputs": of_outputs}
    return given


def samples(weight: Tensor) -> Samples:
    """Which outputs are sampled for each input, and which inputs for each output.

    Half as many as the shorter side has, taken round in a circle from another place each time.
    """
    rows, columns = weight.shape
    tau = max(1, min(rows, columns) // 2)
    of_inputs = [[(j * 2 + i) % rows for i in range(tau)] for j in range(columns)]
    of_outputs = [[(k * 3 + 1 + i) % columns for i in range(tau)] for k in range(rows)]
    return torch.tensor(of_inputs), torch.tensor(of_outputs)


def _closed_form_samples(example: Example) -> Samples:
    of_inputs, of_outputs = samples(example.weight)
    return of_inputs, of_outputs.T
