"""Layers, masks and calibrations larger than a person would read, for what goes wrong from some
size on: blocks of 64 or 128, the ninth row, the tokens after the first batch.

They are made from one drawn number, since drawing every entry would take longer than judging.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from hypothesis import strategies as st
from torch import Tensor

from pruneproof.properties.gate.adapter.subject import Subject
from pruneproof.properties.gate.checks.masks import FEW, groups_in, mask_of, scores_behind
from pruneproof.properties.gate.checks.statistics import counted, near
from pruneproof.properties.gate.comparing import masks
from pruneproof.properties.gate.comparing.assertions import as_expected
from pruneproof.properties.gate.comparing.expected import expected_scores
from pruneproof.properties.gate.examples.calibrations import Calibration
from pruneproof.properties.gate.examples.layers import Example, given, sized
from pruneproof.properties.gate.examples.masks import layer
from pruneproof.properties.gate.methods import closed_forms
from pruneproof.properties.gate.property import gate_property

SHAPES = ((12, 9, 5), (2, 150, 3), (40, 3, 3), (2, 3, 150))
"""out_features, in_features and tokens."""

CALIBRATIONS = ((150, 2), (70, 9), (3, 140))
"""Tokens and in_features."""

_SEEDS = st.integers(0, 99)


def _integers(seed: int, *shape: int) -> Tensor:
    """Of both signs, from 1 to 99 in magnitude."""
    random = torch.Generator().manual_seed(seed)
    signs = 1.0 - 2.0 * torch.randint(0, 2, shape, generator=random)
    return torch.randint(1, 100, shape, generator=random) * signs


@st.composite
def _layers(draw: st.DrawFn, method: str) -> Example:
    (rows, columns, tokens), seed = draw(st.sampled_from(SHAPES)), draw(_SEEDS)
    takes_inputs, takes_outputs = given(method, {})
    rows, columns = sized(rows), sized(columns)
    return Example(
        method,
        _integers(seed, rows, columns),
        _integers(seed + 1, tokens, columns) if takes_inputs else None,
        _integers(seed + 2, rows, tokens) if takes_outputs else None,
    )


@gate_property(
    "score.larger",
    kind="score",
    methods=closed_forms(spared=("symwanda_squared", "symmetric_squared", "general_diagonal")),
    examples=_layers,
    source="the closed forms, for sizes of up to 150",
    assumptions="no weight is 0",
)
def larger_scores(subject: Subject, example: Example) -> None:
    """With many inputs, outputs or tokens, too, each score is the closed form of its method."""
    scores = subject.score(*example.arguments)
    as_expected(subject, scores, expected_scores(example, scores.dtype))


def _masked(method: str) -> st.SearchStrategy[Example]:
    shapes = st.sampled_from([(2, 256), (1, 300), (12, 10), (33, 4)])
    examples = st.builds(lambda shape, seed: layer(method, shape, "distinct", seed), shapes, _SEEDS)
    sparsities = st.sampled_from([0.7, 0.5, 0.29])
    return st.builds(
        lambda example, s: replace(example, more={"sparsity": s}), examples, sparsities
    )


@gate_property(
    "mask.larger",
    kind="keep_mask",
    methods=FEW,
    examples=_masked,
    source="Section 4.1; the gate's interface",
)
def larger_masks(subject: Subject, example: Example) -> None:
    """Groups of hundreds lose as many weights as they should, the lowest, in every output."""
    keep = mask_of(subject, example)
    masks.assert_counts(subject, keep, example.more["sparsity"])
    masks.assert_optimal(subject, keep, scores_behind(example), groups_in(subject, example))


@st.composite
def _calibrations(draw: st.DrawFn, method: str) -> Calibration:
    count, features = draw(st.sampled_from(CALIBRATIONS))
    tokens = _integers(draw(_SEEDS), count, sized(features))
    return Calibration(tokens, list(tokens.split(draw(st.sampled_from([len(tokens), 16, 1])))), [])


@gate_property(
    "statistics.larger",
    kind="statistics",
    methods=("all",),
    examples=_calibrations,
    source="Section 3.6, E[·] and Var(·) over N × L tokens",
)
def larger_statistics(subject: Subject, example: Calibration) -> None:
    """Of many tokens and features, too, the statistics are those of all."""
    answer = near(subject, example, ("norm", "mean", "var"))
    counted(subject, answer, len(example.tokens))
