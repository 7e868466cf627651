"""Special cases: with an ingredient switched off, a score is a simpler one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st

from pruneproof.properties.gate.adapter.subject import Subject
from pruneproof.properties.gate.comparing.assertions import as_expected
from pruneproof.properties.gate.comparing.expected import Expected, expected_scores
from pruneproof.properties.gate.examples.layers import Example, examples, matrices
from pruneproof.properties.gate.property import gate_property

SMALL: dict[str, Any] = {"out_features": st.integers(1, 4), "in_features": st.integers(1, 5)}
ALIVE = "every input and output has a weight"


def as_simpler(subject: Subject, example: Example, simpler: Example, **known: Any) -> None:
    """Assert that a score is what a simpler one is for the same layer.

    Args:
        subject: the adapter.
        example: what it is asked.
        simpler: what has the same scores.
        known: see `expected_scores`.
    """
    scores = subject.score(*example.arguments, **example.parameters)
    full = expected_scores(example, scores.dtype, **known)
    simple = expected_scores(simpler, scores.dtype)
    # The simpler formula rounds less often, so the bound is the full one's.
    bound = full.bound + np.abs(full.value - simple.value)
    as_expected(subject, scores, Expected(simple.value, bound))


_PLAIN = {"wanda": "magnitude", "ria": "ri", "lp": "lp"}


@st.composite
def _without_power(draw: st.DrawFn, method: str) -> Example:
    example = draw(examples(method, **SMALL))
    inputs = example.inputs
    if inputs is None:
        dtype = example.weight.dtype
        inputs = draw(matrices(draw(st.integers(1, 4)), example.weight.shape[1], dtype))
    # Whether 0⁰ is 1 is no matter here.
    alive = torch.where((inputs == 0).all(0), torch.ones_like(inputs), inputs)
    return replace(example, inputs=alive, parameters={**example.parameters, "alpha": 0.0})


@gate_property(
    "score.alpha_zero",
    kind="score",
    methods=tuple(_PLAIN),
    examples=_without_power,
    source="Eq. (2) and Table 3 with alpha = 0",
    assumptions=f"{ALIVE}, and every input an activation",
)
def alpha_zero(subject: Subject, example: Example) -> None:
    """With alpha = 0 activations do not count: Wanda is magnitude, RIA is relative importance."""
    kept = {name: each for name, each in example.parameters.items() if name != "alpha"}
    plain = Example(_PLAIN[example.method], example.weight, parameters=kept)
    as_simpler(subject, example, plain)


@st.composite
def _special(draw: st.DrawFn, method: str) -> tuple[Example, Example]:
    sizes: dict[str, Any] = dict(SMALL)
    if method == "stochria":
        size = draw(st.integers(1, 4))
        sizes = {"out_features": st.just(size), "in_features": st.just(size)}
    example = draw(examples(method, parameters=False, **sizes))
    if method == "lp":
        return replace(example, parameters={"p": 1.0}), Example("ri", example.weight)
    if method == "stochria":
        seed = draw(st.integers(0, 9))
        everything = {"ratio": 1.0, "seed": seed}
        return replace(example, parameters=everything), Example("ri", example.weight)
    if method == "general_diagonal":
        ones = torch.ones(1, example.weight.shape[1]), torch.ones(example.weight.shape[0], 1)
        unit = [each.to(example.weight.dtype) for each in ones]
        return replace(example, inputs=unit[0], outputs=unit[1]), Example("ri", example.weight)
    assert example.inputs is not None
    if method == "stade":
        opposite = torch.cat([example.inputs, -example.inputs])
        return replace(example, inputs=opposite), Example("wanda", example.weight, opposite)
    assert example.outputs is not None
    if draw(st.booleans()):
        silent = replace(example, outputs=torch.zeros_like(example.outputs))
        return silent, Example("wanda", example.weight, example.inputs)
    silent = replace(example, inputs=torch.zeros_like(example.inputs))
    return silent, Example("owanda", example.weight, None, example.outputs)


@gate_property(
    "score.special_case",
    kind="score",
    methods=("symwanda", "symwanda_squared", "general_diagonal", "lp", "stochria", "stade"),
    examples=_special,
    source="Corollaries 3.2 and 3.3, Lemma 3.7 with unit norms, Eq. (3) with p = 1, Eq. (4)",
    assumptions=f"{ALIVE}; StochRIA in a square layer with ratio = 1",
)
def special_case(subject: Subject, cases: tuple[Example, Example]) -> None:
    """With Y = 0 symmetric Wanda is Wanda, with X = 0 output Wanda; p = 1 or ratio = 1 give RI.

    STADE is Wanda where the inputs' means are 0.
    """
    example, simpler = cases
    if example.method != "stochria":
        as_simpler(subject, example, simpler)
        return
    size = example.weight.shape[0]
    every = torch.arange(size).expand(size, size)
    as_simpler(subject, example, simpler, samples=(every, every.T))
