"""Vectors of DSnoT and R²-DSnoT: their loop in exact arithmetic, written from the paper."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

from pruneproof.properties.vectors.form import Vector, vector
from pruneproof.properties.vectors.layers import full, whole

MARGIN = Fraction(1, 1000)
"""Numbers that are compared differ by more than this part of the larger, or are equal."""

Number = Fraction | float
Key = Callable[[int], Number]
Given = tuple[Tensor, Tensor, Tensor]
"""Weight, keep mask and inputs."""


@dataclass(frozen=True)
class Rule:
    """What decides; the parameters of the gate's interface, with DSnoT's defaults."""

    max_cycles: int = 50
    update_threshold: float = 0.1
    relative_grow: bool = False
    relative_prune: bool = False
    alpha: float = 1.0
    p: float = 2.0
    gamma_grow: float = 0.0
    gamma_prune: float = 0.0


RULES = {"dsnot": Rule(), "r2_dsnot": Rule(relative_grow=True, alpha=0.5, gamma_prune=1e-4)}


@dataclass(frozen=True)
class Output:
    """One output: its weights, and what is known of the inputs.

    Attributes:
        weight: of each input, before pruning.
        mean: of each input.
        var: of each input, of the population.
        square: squared ℓ2 norm of each input.
        importance: D of each input.
    """

    weight: list[Fraction]
    mean: list[Fraction]
    var: list[Fraction]
    square: list[Fraction]
    importance: list[Fraction]


def vectors(method: str) -> list[Vector]:
    """All vectors of a refinement."""
    return [*_valid(method), *_invalid(method)]


def _valid(method: str) -> Iterator[Vector]:
    weight, inputs = full(4, 8, 2), full(6, 8, 3)
    keep = _alternating(4, 8)
    for cycles in (0, 1, 50):
        comment = "as many swaps as help" if cycles > 1 else f"at most {cycles} swaps"
        yield _refined(
            method, f"max-cycles-{cycles}", comment, (weight, keep, inputs), max_cycles=cycles
        )
    layer = weight, keep, inputs
    yield _refined(method, "threshold-large", "no error is above it", layer, update_threshold=1e6)
    yield _refined(
        method, "threshold-zero", "until candidates run out", layer, update_threshold=0.0
    )
    layer = weight, torch.ones(4, 8, dtype=torch.bool), inputs
    yield _refined(method, "all-kept", "nothing to grow", layer)
    layer = weight, ~torch.ones(4, 8, dtype=torch.bool), inputs
    yield _refined(method, "all-pruned", "nothing to prune", layer)
    layer = whole(3, 2, 1), _alternating(3, 2), full(4, 2, 6)
    yield _refined(method, "two-inputs", "one of each kind", layer)
    layer = whole(2, 1, 1), _alternating(2, 1), full(4, 1, 6)
    yield _refined(method, "one-input", "there is no pair", layer)
    inputs = inputs.clone()
    inputs[:, 1] = 2.0
    layer = weight, keep, inputs
    yield _refined(
        method, "constant-input", "an input never varies", layer, flags=("ConstantInput",)
    )
    layer = full(4, 8, 2, torch.float64), keep, full(6, 8, 3, torch.float64)
    yield _refined(method, "double", "in doubles", layer, flags=("DoublePrecision",))
    d = torch.tensor([0.5, 0.25, 0.5, 0.75, 0.5])
    helpful = torch.tensor([[-0.25, 5.0, 0.75, 3.0, -0.5]]), torch.tensor([[1, 1, 0, 0, 1]]) > 0
    layer = *helpful, torch.stack([1 + d, 1 - d])
    yield _refined(method, "one-swap", "brings the error below 2", layer, update_threshold=2.0)
    if method == "r2_dsnot":
        yield from _by_parameters()


def _by_parameters() -> Iterator[Vector]:
    # Inputs of various sizes, without which their power hardly matters.
    inputs = full(6, 12, 7) * torch.tensor([1.0, 8, 0.25, 2, 0.5, 4] * 2)
    layer = full(8, 12, 5), _alternating(8, 12), inputs
    choices: tuple[dict[str, Any], ...] = (
        {},
        {"relative_grow": False},
        {"relative_prune": True},
        {"alpha": 0.0},
        {"alpha": 1.0},
        {"gamma_grow": 0.5, "gamma_prune": 0.5, "p": 1.0},
    )
    for parameters in choices:
        name = "-".join(f"{key}-{each}" for key, each in parameters.items()) or "defaults"
        comment = "γ terms are the same for all inputs and change nothing"
        comment = comment if "p" in parameters else "one choice of the parameters"
        # Three swaps, since after many the mask hardly depends on their order.
        yield _refined("r2_dsnot", name, comment, layer, max_cycles=3, **parameters)


def _invalid(method: str) -> Iterator[Vector]:
    weight, keep, inputs = full(3, 4, 2), _alternating(3, 4), full(6, 4, 3)
    bad, worse = weight.clone(), inputs.clone()
    bad[1, 1] = worse[0, 0] = math.nan
    cases = {
        "nan-weight": ("a weight is nan", "NotFinite", (bad, keep, inputs)),
        "nan-activation": ("an activation is nan", "NotFinite", (weight, keep, worse)),
        "other-keep": ("a mask of another shape", "ShapeMismatch", (weight, keep[:, :3], inputs)),
        "fewer-features": ("3 features, 4 weights", "ShapeMismatch", (weight, keep, inputs[:, :3])),
    }
    for name, (comment, flag, layer) in cases.items():
        yield vector(f"{method}/{name}", comment, (flag,), "invalid", **_given(layer, {}))


def _refined(
    method: str,
    name: str,
    comment: str,
    layer: Given,
    flags: tuple[str, ...] = (),
    **parameters: Any,
) -> Vector:
    rule = replace(RULES[method], **parameters)
    kept = [swapped(output, keep, rule) for output, keep in _outputs(layer)]
    found = {flag for _, raised in kept for flag in raised}
    return vector(
        f"{method}/{name}",
        comment,
        (*flags, *sorted(found)),
        **_given(layer, parameters),
        expected=_expected([row for row, _ in kept]),
    )


def _given(layer: Given, parameters: dict[str, Any]) -> dict[str, Any]:
    weight, keep, inputs = layer
    return {"weight": weight, "keep": keep, "inputs": inputs, "parameters": parameters}


def _expected(kept: list[list[bool]]) -> dict[str, Any]:
    columns = len(kept[0])
    return {
        "groups": [[row * columns + i for i in range(columns)] for row in range(len(kept))],
        "pruned": [row.count(False) for row in kept],
        "entries": [["keep" if each else "prune" for each in row] for row in kept],
    }


def swapped(output: Output, keep: list[bool], rule: Rule) -> tuple[list[bool], set[str]]:
    """The refined mask of one output, and the flags of what happened on the way."""
    kept, flags = list(keep), set[str]()
    grow, prune = ([i for i, each in enumerate(keep) if each is wanted] for wanted in (False, True))
    contribution = [w * m for w, m in zip(output.weight, output.mean, strict=True)]
    error = sum((contribution[i] for i in grow), Fraction(0))
    for _ in range(rule.max_cycles):
        _assert_apart(abs(error), Fraction(rule.update_threshold))
        if abs(error) <= rule.update_threshold:
            break
        sign = 1 if error > 0 else -1
        candidates = [i for i in prune if sign * contribution[i] < 0]
        if not grow or not candidates:
            flags.add("NoCandidates")
            break
        grown = _first(grow, lambda i, sign=sign: -_gain(output, i, sign, rule))
        pruned = _first(candidates, lambda i: _cost(output, i, rule))
        after = error - contribution[grown] + contribution[pruned]
        if after * sign <= 0 or abs(after) >= abs(error):
            flags.add("SignChange")
        kept[grown], kept[pruned], error = True, False, after
        grow.remove(grown)
        prune.remove(pruned)
    return kept, flags


def _gain(output: Output, i: int, sign: int, rule: Rule) -> Number:
    relative = output.importance[i] if rule.relative_grow else Fraction(1)
    gain = sign * relative * output.weight[i] * output.mean[i]
    if output.var[i] == 0:
        return math.copysign(math.inf, gain) if gain else 0
    return gain / output.var[i]


def _cost(output: Output, i: int, rule: Rule) -> Fraction:
    """The fourth power of |W|·D·‖X‖^α, which is rational for α a multiple of ½."""
    relative = output.importance[i] if rule.relative_prune else Fraction(1)
    return (relative * output.weight[i]) ** 4 * output.square[i] ** int(2 * rule.alpha)


def _first(candidates: list[int], key: Key) -> int:
    """The candidate with the least key; of equal ones, which only exact ties are, the first."""
    order = sorted(candidates, key=key)
    for other in order[1:2]:
        _assert_apart(key(order[0]), key(other))
    return order[0]


def _assert_apart(one: Number, other: Number) -> None:
    distance = abs(one - other) if one != other else math.inf
    if distance < math.inf and distance <= MARGIN * max(abs(one), abs(other)):
        raise ValueError(f"numbers that decide must be apart, got {one} and {other}")


def _outputs(layer: Given) -> Iterator[tuple[Output, list[bool]]]:
    weight, keep, inputs = layer
    columns = list(zip(*_fractions(inputs), strict=True))
    mean = [sum(column) / Fraction(len(column)) for column in columns]
    square = [sum((x * x for x in column), Fraction(0)) for column in columns]
    var = [s / len(inputs) - m * m for s, m in zip(square, mean, strict=True)]
    left = _fractions(torch.where(keep, weight.abs(), 0.0))
    of_inputs = [_inverse(sum(column, Fraction(0))) for column in zip(*left, strict=True)]
    for row, mask, remaining in zip(_fractions(weight), keep.tolist(), left, strict=True):
        of_output = _inverse(sum(remaining, Fraction(0)))
        importance = [of_input + of_output for of_input in of_inputs]
        yield Output(row, mean, var, square, importance), mask


def _inverse(norm: Fraction) -> Fraction:
    return 1 / norm if norm else norm


def _fractions(tensor: Tensor) -> list[list[Fraction]]:
    return [[Fraction(number) for number in row] for row in tensor.double().tolist()]


def _alternating(rows: int, columns: int) -> Tensor:
    places = torch.arange(rows)[:, None] + torch.arange(columns)
    return places % 2 == 0
