"""Vectors of the keep masks: which weights must stay or go, decided by exact comparison."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from functools import cmp_to_key
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pruneproof.properties.exact.formulas import environment, evaluated
from pruneproof.properties.exact.rationals import Matrix
from pruneproof.properties.gate.comparing.expected import expected_scores
from pruneproof.properties.gate.examples.layers import Example
from pruneproof.properties.vectors.form import Vector, vector
from pruneproof.properties.vectors.layers import distinct, full, whole, with_activations
from pruneproof.symbolic import scores
from pruneproof.symbolic.exact import Radical
from pruneproof.symbolic.notation import j, k

Scores = list[list[Radical]]
Place = tuple[int, int]
Groups = list[list[Place]]


def sparsity_vectors() -> list[Vector]:
    """Vectors of unstructured sparsity."""
    return [*_counts(), *_choices(), *_ties(), *_invalid_sparsities()]


def n_m_vectors() -> list[Vector]:
    """Vectors of n:m sparsity."""
    return [*_patterns(), *_partial_groups(), *_invalid_patterns()]


def _counts() -> Iterator[Vector]:
    weight = distinct(3, 4)
    for sparsity in (0.0, 1e-9, 0.25, 0.5, 0.75, 1 - 2.0**-53):
        name = f"sparsity-{sparsity!r}"
        yield _mask(name, "of 4 inputs", _layer("magnitude", weight), sparsity)
        if sparsity in (0.0, 0.5):
            comment = "the whole layer is one group"
            yield _mask(f"{name}-layer", comment, _layer("magnitude", weight), sparsity, "layer")
    for columns, sparsity in ((100, 0.29), (10, 0.7), (7, 0.5), (3, 1 / 3), (5, 0.35)):
        count = int(columns * sparsity)
        comment = f"{count} of {columns} at {sparsity!r}"
        flag = () if round(columns * sparsity) == math.ceil(columns * sparsity) == count else FLOOR
        layer = _layer("magnitude", distinct(1, columns))
        yield _mask(f"{columns}-inputs", comment, layer, sparsity, flags=flag)
    yield _mask(
        "one-by-one", "nothing to prune", _layer("magnitude", whole(1, 1)), 0.5, flags=FLOOR
    )


FLOOR = ("CountFloor",)


def _choices() -> Iterator[Vector]:
    weight = full(4, 6, 2)
    for method in ("magnitude", "wanda", "owanda", "symwanda", "ri", "ria", "symmetric"):
        for group in ("output", "layer"):
            layer = with_activations(method, weight, 4)
            yield _mask(f"{method}-{group}", f"by the scores of {method}", layer, 0.5, group)
    for alpha in (0.0, 0.5, 2.0):
        layer = with_activations("wanda", weight, 4, alpha=alpha)
        yield _mask(f"wanda-alpha-{alpha}", "the power of the activation norm", layer, 0.5)
    for name, dtype in (("float16", torch.float16), ("bfloat16", torch.bfloat16)):
        layer = with_activations("wanda", distinct(3, 6).to(dtype) * 1024)
        flags = ("HalfPrecision",)
        yield _mask(name, "scores beyond 65504", layer, 0.5, flags=flags)
    layer = with_activations("wanda", full(3, 6, 3, torch.float64))
    yield _mask("double", "full significands of doubles", layer, 0.5, flags=("DoublePrecision",))


def _ties() -> Iterator[Vector]:
    two = torch.tensor([[1.0, 2, -2, 3], [-2, 2, 2, 1], [3, 3, 1, 1]])
    zeros = torch.tensor([[0.0, 2, 0, 0, 1, 0], [3, 0, 0, 1, 2, 4]])
    cases = {
        "equal-weights": (whole(3, 4).sign(), "any two of each output go"),
        "equal-at-the-boundary": (two, "one of the two 2s of the first output goes"),
        "zero-weights": (zeros, "no more go than the sparsity says"),
    }
    for name, (weight, comment) in cases.items():
        layer, flags = _layer("magnitude", weight), ("EqualScores",)
        yield _mask(name, comment, layer, 0.5, flags=flags)
        yield _mask(f"{name}-layer", comment, layer, 0.5, "layer", flags=flags)
        yield _mask(
            f"{name}-lowest-index", comment, layer, 0.5, flags=(*flags, "LowestIndex"), lowest=True
        )


def _invalid_sparsities() -> Iterator[Vector]:
    layer = _layer("magnitude", distinct(3, 4))
    for sparsity in (1.0, 1.5, -0.25, math.nan):
        comment = "sparsity lies in [0, 1)"
        yield _refused(
            "keep_mask",
            f"sparsity-{sparsity}",
            comment,
            "InvalidParameter",
            layer,
            sparsity=sparsity,
        )
    weight = distinct(3, 4)
    weight[1, 1] = math.nan
    comment, layer = "there is no order with nan", _layer("magnitude", weight)
    yield _refused("keep_mask", "nan-weight", comment, "NotFinite", layer, sparsity=0.5)
    layer = Example("wanda", distinct(3, 4), full(5, 3))
    comment = "3 features of the inputs, 4 of the weight"
    yield _refused("keep_mask", "fewer-features", comment, "ShapeMismatch", layer, sparsity=0.5)


def _patterns() -> Iterator[Vector]:
    for n, m in ((2, 4), (1, 4), (3, 4), (1, 2), (4, 8), (2, 8)):
        layer = _layer("magnitude", distinct(3, 8))
        yield _n_of_m(f"{n}-of-{m}", f"{n} of every {m} inputs survive", layer, (n, m))
    for method in ("wanda", "ria", "symwanda"):
        layer = with_activations(method, full(3, 8, 6))
        yield _n_of_m(f"{method}-2-of-4", f"by the scores of {method}", layer, (2, 4))
    layer = _layer("magnitude", whole(2, 8).sign())
    yield _n_of_m("equal-weights", "any two of four", layer, (2, 4), ("EqualScores",))
    zeros = torch.tensor([[0.0, 0, 0, 5, 0, 0, 0, 0], [1, 0, 2, 3, 0, 4, 0, 0]])
    flags, layer = ("EqualScores",), _layer("magnitude", zeros)
    yield _n_of_m("zero-weights", "two of four survive, zero or not", layer, (2, 4), flags)


def _partial_groups() -> Iterator[Vector]:
    layer, flag = _layer("magnitude", distinct(2, 6)), "PartialGroup"
    comment = "6 inputs are no fours; groups must not straddle outputs"
    yield _refused("keep_n_of_m", "tail-error", comment, flag, layer, n_m=(2, 4), tail="error")
    comment = "the last two inputs of each output are left dense"
    yield _n_of_m("tail-dense", comment, layer, (2, 4), (flag,), tail="dense")


def _invalid_patterns() -> Iterator[Vector]:
    layer = _layer("magnitude", distinct(2, 8))
    for n, m in ((5, 4), (-1, 4), (2, 0)):
        comment = "n of m has 1 ≤ n < m"
        yield _refused("keep_n_of_m", f"{n}-of-{m}", comment, "InvalidParameter", layer, n_m=(n, m))
    weight = distinct(2, 8)
    weight[0, 0] = math.nan
    comment, layer = "there is no order with nan", _layer("magnitude", weight)
    yield _refused("keep_n_of_m", "nan-weight", comment, "NotFinite", layer, n_m=(2, 4))


def _layer(method: str, weight: Tensor) -> Example:
    return Example(method, weight)


def _mask(
    name: str,
    comment: str,
    example: Example,
    sparsity: float,
    group: str = "output",
    flags: tuple[str, ...] = (),
    *,
    lowest: bool = False,
) -> Vector:
    rows, columns = example.weight.shape
    lines = [[(row, column) for column in range(columns)] for row in range(rows)]
    groups = lines if group == "output" else [[place for line in lines for place in line]]
    pruned = [int(len(each) * sparsity) for each in groups]
    conventions = {"group": group}
    conventions |= {"count": "floor"} if "CountFloor" in flags else {}
    conventions |= {"ties": "lowest_index"} if lowest else {}
    return vector(
        f"keep_mask/{name}",
        comment,
        flags,
        **_given(example, conventions, sparsity=sparsity),
        expected=_expected(example, groups, pruned, lowest),
    )


def _n_of_m(
    name: str,
    comment: str,
    example: Example,
    n_m: tuple[int, int],
    flags: tuple[str, ...] = (),
    tail: str | None = None,
) -> Vector:
    (rows, columns), (n, m) = example.weight.shape, n_m
    groups = [
        [(row, column) for column in range(first, min(first + m, columns))]
        for row in range(rows)
        for first in range(0, columns, m)
    ]
    pruned = [m - n if len(group) == m else 0 for group in groups]
    return vector(
        f"keep_n_of_m/{name}",
        comment,
        flags,
        **_given(example, {} if tail is None else {"tail": tail}, n_m=n_m),
        expected=_expected(example, groups, pruned),
    )


def _refused(
    call: str,
    name: str,
    comment: str,
    flag: str,
    example: Example,
    tail: str | None = None,
    **asked: Any,
) -> Vector:
    given = _given(example, {} if tail is None else {"tail": tail}, **asked)
    return vector(f"{call}/{name}", comment, (flag,), "invalid", **given)


def _given(example: Example, conventions: dict[str, str], **asked: Any) -> dict[str, Any]:
    return {
        "method": example.method,
        "conventions": conventions,
        "weight": example.weight,
        "inputs": example.inputs,
        "outputs": example.outputs,
        "parameters": {**example.parameters, **asked},
    }


def _expected(
    example: Example, groups: Groups, pruned: list[int], lowest: bool = False
) -> dict[str, Any]:
    """How many are pruned in each group, and of each weight whether it must stay or go."""
    # Whoever makes a mask may compute in float32.
    exact, bound = exact_scores(example), expected_scores(example, torch.float32).bound
    rows, columns = example.weight.shape
    entries = [[""] * columns for _ in range(rows)]
    for group, count in zip(groups, pruned, strict=True):
        # Stable, so that equal scores stay in the order of their indices.
        order = sorted(group, key=cmp_to_key(lambda one, other: _sign(exact, one, other)))
        low, high = order[max(0, count - 1)], order[min(count, len(order) - 1)]
        tied = 0 < count < len(order) and _sign(exact, low, high) == 0 and not lowest
        if 0 < count < len(order) and _sign(exact, low, high):
            _assert_apart(exact, bound, low, high)
        for at, place in enumerate(order):
            here = tied and _sign(exact, place, low) == 0
            entries[place[0]][place[1]] = "either" if here else "prune" if at < count else "keep"
    return {
        "groups": [[row * columns + column for row, column in group] for group in groups],
        "pruned": pruned,
        "entries": entries,
    }


def exact_scores(example: Example) -> Scores:
    """The scores by the claims' own formulas, out_features × in_features."""
    powers = {"alpha": Fraction(example.parameters.get("alpha", _alpha(example.method)))}
    formula = getattr(scores, example.method)
    named = powers if example.method in ("wanda", "ria") else {}
    others = {"X": example.inputs, "Y": None if example.outputs is None else example.outputs}
    env = environment(
        _fractions(example.weight.T),
        **{name: _fractions(each) for name, each in others.items() if each is not None},
    )
    values = evaluated(formula(j, k, **named), env)
    rows, columns = example.weight.shape
    return [[values[column + 1, row + 1] for column in range(columns)] for row in range(rows)]


def _alpha(method: str) -> float:
    return 0.5 if method == "ria" else 1.0


def _fractions(tensor: Tensor) -> Matrix:
    return [[Fraction(number) for number in line] for line in tensor.double().tolist()]


def _sign(exact: Scores, one: Place, other: Place) -> int:
    return (exact[one[0]][one[1]] - exact[other[0]][other[1]]).sign()


def _assert_apart(exact: Scores, bound: np.ndarray, *places: Place) -> None:
    """Whoever computes honestly must see which is larger."""
    low, high = (float(exact[row][column]) for row, column in places)
    if low + 2 * bound[places[0]] >= high - 2 * bound[places[1]]:
        raise ValueError(f"scores at {places} must be farther apart, got {low} and {high}")
