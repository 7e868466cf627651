"""Layers and keep masks to refine, and what the reference makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise, product
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from pruneproof import reference
from pruneproof.properties.gate.adapter.subject import Subject
from pruneproof.properties.gate.conventions.values import REFINE_VALUES
from pruneproof.properties.gate.examples.layers import DTYPES, Example, matrices, sized

APART = 2.0**-12
"""Candidates that are closer, relative to the largest, may be taken for each other."""

ROUNDING = 2.0**-16
"""What a few operations in float32 may cost, generously."""

Moments = tuple[Tensor, Tensor, Tensor]
"""Mean, population variance and norm of each input, in float64."""


@st.composite
def any_layers(draw: st.DrawFn, method: str, *, constant: bool = False) -> Example:
    """Ties, zeros, outputs with everything or nothing left; features that never vary."""
    sizes = (3, 4, 5) if constant else (1, 2, 3, 4, 5)
    rows, columns = sized(draw(st.sampled_from([1, 2, 3]))), sized(draw(st.sampled_from(sizes)))
    dtype = draw(st.sampled_from(DTYPES))
    weight = draw(matrices(rows, columns, dtype))
    inputs = draw(matrices(draw(st.integers(1, 3)), columns, dtype))
    if constant:
        still = draw(st.integers(0, columns - 1))
        inputs[:, still] = draw(st.sampled_from([0.0, 0.7]))
    cycles = draw(st.sampled_from([None, 50, 1, 2]))
    parameters = {} if cycles is None else {"max_cycles": cycles, "update_threshold": 0.0}
    keep = draw(_masks(rows, columns, *(() if constant else (0.0, 1.0))))
    return Example(method, weight, inputs, None, parameters, {"keep": keep})


@st.composite
def _masks(draw: st.DrawFn, rows: int, columns: int, *shares: float) -> Tensor:
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**20)))
    share = draw(st.sampled_from([0.5, 0.7, 0.3, *shares]))
    return torch.rand(rows, columns, generator=generator) < share


@st.composite
def plain_layers(
    draw: st.DrawFn, method: str, parameters: st.SearchStrategy[dict[str, Any]] | None = None
) -> Example:
    """Integers that are not 0: all means and errors are exact, and no input is constant."""
    rows = sized(draw(st.sampled_from([1, 2, 3, 3])))
    columns = sized(draw(st.sampled_from([2, 4, 6, 8, 8])))
    tokens, dtype = draw(st.sampled_from([4, 8])), draw(st.sampled_from(DTYPES))
    # Drawn from a seed, since ties are what is not wanted here.
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**20)))
    weight = torch.randint(1, 100, (rows, columns), generator=generator)
    weight = weight * (2 * torch.randint(0, 2, weight.shape, generator=generator) - 1)
    inputs = torch.randint(-9, 10, (tokens, columns), generator=generator)
    inputs[0] += (inputs.sum(0) == 0).long()
    inputs[0] += 4 * (inputs == inputs[0]).all(0)
    chosen = draw(parameters) if parameters is not None else {}
    keep = draw(_masks(rows, columns))
    return Example(method, weight.to(dtype), inputs.to(dtype), None, chosen, {"keep": keep})


@st.composite
def sparse_layers(
    draw: st.DrawFn, method: str, parameters: st.SearchStrategy[dict[str, Any]]
) -> Example:
    """Plain layers with weights that are 0, of what is pruned and of what is kept."""
    example = draw(plain_layers(method, parameters))
    zero = draw(_masks(*example.weight.shape, 0.8))
    return replace(example, weight=example.weight.masked_fill(zero, 0))


def separated_layers(
    method: str, parameters: st.SearchStrategy[dict[str, Any]] | None = None
) -> st.SearchStrategy[Example]:
    """Plain layers in which no two candidates are so close that rounding could decide."""
    return plain_layers(method, parameters).filter(is_separated)


def statistics_of(inputs: Tensor) -> Moments:
    """What the refinements know of the inputs."""
    X = inputs.double()
    return X.mean(0), X.var(0, correction=0), X.norm(dim=0)


def contributions(example: Example) -> Tensor:
    """W_kj·E[X_j], exact for plain layers."""
    assert example.inputs is not None
    return example.weight.double() * statistics_of(example.inputs)[0]


def expected_error(example: Example, keep: Tensor) -> Tensor:
    """E[ε_k]: of each output, the sum of what is pruned."""
    return (contributions(example) * ~keep).sum(1)


def is_separated(example: Example) -> bool:
    """Whether every two candidates of an output are far apart by every criterion."""
    keep, named = example.more["keep"], example.parameters
    size = (example.weight * keep).abs().sum(1, dtype=torch.float64)
    gains, costs = _criteria(example)
    families = [(gain, ~keep, named.get("gamma_grow", 0.0)) for gain in gains]
    families += [(cost, keep, named.get("gamma_prune", 0.0)) for cost in costs]
    for values, candidates, gamma in families:
        for row, chosen, norm in zip(values, candidates, size.tolist(), strict=True):
            numbers = sorted(row[chosen].tolist())
            largest = max(map(abs, numbers), default=0.0)
            # A regulariser is a constant that is added before two candidates are compared.
            gap = max(APART * largest, ROUNDING * gamma * norm)
            if any(high - low <= gap for low, high in pairwise(numbers)):
                return False
    return True


def _criteria(example: Example) -> tuple[list[Tensor], list[Tensor]]:
    assert example.inputs is not None
    W, (mean, var, norm) = example.weight.double(), statistics_of(example.inputs)
    gains = [W * mean / var]
    if example.method == "dsnot":
        return gains, [W.abs() * norm]
    remaining = (W * example.more["keep"]).abs()
    D = _inverse(remaining.sum(1, keepdim=True)) + _inverse(remaining.sum(0, keepdim=True))
    printed = (mean / var).expand_as(W)
    costs = [W.abs() * norm ** example.parameters.get("alpha", 0.5)]
    return [*gains, gains[0] * D, printed, printed * D], [*costs, costs[0] * D]


def _inverse(norms: Tensor) -> Tensor:
    return torch.where(norms > 0, 1 / norms, 0)


def options_of(subject: Subject, method: str) -> Iterator[dict[str, Any]]:
    """The reference's variants that are consistent with what the adapter declares."""
    declared = getattr(subject.adapter, "conventions", None) or {}
    keys = list(REFINE_VALUES) if method == "r2_dsnot" else ["refine_sign_check", "refine_guard"]
    for values in product(*([declared[k]] if k in declared else REFINE_VALUES[k] for k in keys)):
        chosen = dict(zip(keys, values, strict=True))
        options: dict[str, Any] = {
            "same_sign": chosen["refine_sign_check"] == "on",
            "guard": chosen["refine_guard"] == "on",
        }
        yield options | ({"form": chosen["r2_form"]} if "r2_form" in chosen else {})


def by_reference(
    example: Example, options: dict[str, Any], moments: Moments | None = None
) -> Tensor:
    """The mask of one variant of the reference, out_features × in_features."""
    assert example.inputs is not None
    refine = getattr(reference, example.method)
    known = moments or statistics_of(example.inputs)
    W, keep = example.weight.double().T, example.more["keep"].T
    return refine(W, keep, *known, **options, **example.parameters).T


def is_clear(example: Example, options: dict[str, Any]) -> bool:
    """Whether the reference's mask stays the same when its statistics are moved a little."""
    assert example.inputs is not None
    mean, var, norm = statistics_of(example.inputs)
    size = example.inputs.double().abs().amax(0)
    mask = by_reference(example, options)
    for seed in range(3):
        generator = torch.Generator().manual_seed(seed)
        signs = 1e-5 * (2.0 * torch.randint(0, 2, (3, len(mean)), generator=generator) - 1)
        moved = (mean + signs[0] * size, var * (1 + signs[1]), norm * (1 + signs[2]))
        if not torch.equal(by_reference(example, options, moved), mask):
            return False
    return True
