"""Where implementations break: dead lines, other shapes and dtypes, views, what is not finite."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from torch import Tensor

from pruneproof.properties.gate.adapter.subject import AdapterError, Subject, Unsupported
from pruneproof.properties.gate.comparing.assertions import as_expected, hold, unchanged
from pruneproof.properties.gate.comparing.expected import expected_scores
from pruneproof.properties.gate.comparing.scores import is_exact, refused
from pruneproof.properties.gate.examples.layers import Example, examples, matrices
from pruneproof.properties.gate.methods import CLOSED_FORMS, EVERY_SCORE, closed_forms
from pruneproof.properties.gate.property import Violation, gate_property
from pruneproof.reference.methods import INPUTS, Score

INFINITY = float("inf")
ALIVE = "every input and output has a weight"
HALF_ROUNDINGS = 40
"""Of a score that half precision computes throughout: at most 6 squares and 11 sums for each of two
norms, their roots, and the operations that join them."""

SMALL: dict[str, Any] = {"out_features": st.integers(1, 4), "in_features": st.integers(1, 5)}


def _of_inputs_alone(score: Score) -> bool:
    return {each.of for each in score.needs().values()} == {INPUTS}


@st.composite
def _dead(draw: st.DrawFn, method: str) -> Example:
    sizes: dict[str, Any] = {"out_features": st.integers(2, 4), "in_features": st.integers(2, 5)}
    example = draw(examples(method, zeros=False, **sizes))
    rows, columns = example.weight.shape
    kill = draw(st.sampled_from(["output", "input", "both"]))
    if kill != "input":
        example.weight[draw(st.integers(0, rows - 1))] = 0
    if kill != "output":
        example.weight[:, draw(st.integers(0, columns - 1))] = 0
    return example


@gate_property(
    "score.dead",
    kind="score",
    methods=closed_forms(lambda score: score.divides),
    examples=_dead,
    source="the convention `dead`; the closed forms with 0/0 read as 0",
)
def dead(subject: Subject, example: Example) -> None:
    """An input or output without weights scores 0, or as declared, and does not spoil others."""
    declared = subject.conventions.get("dead", "zero")
    try:
        scores = subject.score(*example.arguments, **example.parameters)
    except AdapterError as error:
        if declared == "error" and refused(error):
            return
        raise
    expected = expected_scores(example, scores.dtype)
    if declared == "zero":
        as_expected(subject, scores, expected)
        return
    # Not every formula divides by the norm of a dead line: 0 is right beside nan.
    name, dead_weight = subject.name_of(scores), example.weight == 0
    wrong = dead_weight & ~(scores.isnan() | (scores == 0)).cpu()
    for j, k in wrong.nonzero().tolist():
        entry = f"{name}[{j}, {k}]"
        raise Violation(
            f"score [{j}, {k}] of a dead line is {scores[j, k].item()!r}",
            f"{entry} == 0 or torch.isnan({entry})",
            expected=declared,
            got=scores[j, k].item(),
        )
    shown = torch.where(dead_weight, torch.zeros_like(scores), scores)
    subject.calls[-1].answer = shown
    as_expected(subject, shown, expected)


@st.composite
def _batched(draw: st.DrawFn, method: str) -> Example:
    example = draw(examples(method, **SMALL))
    shape = draw(st.tuples(st.integers(2, 3), st.integers(1, 3)))
    tokens, columns = shape[0] * shape[1], example.weight.shape[1]
    inputs = draw(matrices(tokens, columns, example.weight.dtype))
    return replace(example, inputs=inputs, more={"shape": (*shape, columns)})


@gate_property(
    "score.batch_shape",
    kind="score",
    level="SHOULD",
    methods=closed_forms(_of_inputs_alone),
    examples=_batched,
    source="the gate's interface: inputs are tokens × in_features",
    assumptions=f"{ALIVE}; an exception is right as well",
)
def batch_shape(subject: Subject, example: Example) -> None:
    """Inputs of shape batch × tokens × features score like the same tokens in one list."""
    assert example.inputs is not None
    inputs = example.inputs.reshape(example.more["shape"])
    try:
        scores = subject.score(example.method, example.weight, inputs, **example.parameters)
    except AdapterError as error:
        if refused(error):
            raise Unsupported(f"refuses inputs of three dimensions: {error}") from error
        raise
    as_expected(subject, scores, expected_scores(example, scores.dtype))


@st.composite
def _halves(draw: st.DrawFn, method: str) -> Example:
    dtype = draw(st.sampled_from([torch.float16, torch.bfloat16]))
    example = draw(
        examples(method, parameters=False, zeros=False, dtypes=(torch.float32,), **SMALL)
    )
    # In float16 the squares of 280 and more overflow, and those of 3 · 2⁻¹⁴ and less vanish.
    base, scale = draw(st.sampled_from([(7, 40.0), (1, 2.0**-14)]))

    def extreme(tensor: Tensor) -> Tensor:
        return (tensor.sign() * (base + tensor.abs().floor() % 3) * scale).to(dtype)

    if method == "lp":
        p = draw(st.sampled_from([1.0, 2.0, 3.0]))
        return replace(example, weight=extreme(example.weight), inputs=None, parameters={"p": p})
    weight = (example.weight.sign() * (1 + example.weight.abs().floor() % 9)).to(dtype)
    inputs = None if example.inputs is None else extreme(example.inputs)
    outputs = None if example.outputs is None else extreme(example.outputs)
    return replace(example, weight=weight, inputs=inputs, outputs=outputs)


@gate_property(
    "score.half_precision",
    kind="score",
    methods=CLOSED_FORMS,
    examples=_halves,
    source="the gate's interface: scores of the numbers that are given",
    assumptions="the adapter takes half precision; the score itself is in the range of its dtype",
)
def half_precision(subject: Subject, example: Example) -> None:
    """In half precision scores are those of float32, up to rounding; no norm overflows."""
    single: list[Any] = [
        each.float() if isinstance(each, Tensor) else each for each in example.arguments
    ]
    first = subject.score(*single, **example.parameters)
    try:
        second = subject.score(*example.arguments, **example.parameters)
    except AdapterError as error:
        if refused(error):
            raise Unsupported(f"refuses {example.weight.dtype}: {error}") from error
        raise
    info = torch.finfo(second.dtype)
    name = subject.name_of(second)
    right, got = first.double(), second.double()
    overflown = (right.abs() <= info.max / 2) & ~got.isfinite()
    vanished = (right.abs() >= 2 * info.smallest_normal) & (got == 0)
    for j, k in (overflown | vanished).nonzero().tolist():
        entry = f"{name}[{j}, {k}]"
        raise Violation(
            f"score [{j}, {k}] is {got[j, k].item()!r} in {example.weight.dtype}",
            f"torch.isfinite({entry}) and {entry} != 0",
            expected=right[j, k].item(),
            got=got[j, k].item(),
        )
    if subject.conventions.get("score_scale") == "order":
        return
    within = right.abs() <= info.max / 2
    bound = HALF_ROUNDINGS * torch.finfo(example.weight.dtype).eps / 2 * right.abs()
    bound += 2 * info.smallest_normal
    for j, k in (within & ((right - got).abs() > bound)).nonzero().tolist():
        raise Violation(
            f"score [{j}, {k}] is {got[j, k].item()!r} in {example.weight.dtype}, "
            f"and {right[j, k].item()!r} in float32",
            f"abs({name}[{j}, {k}].item() - {right[j, k].item()!r}) <= {bound[j, k].item()!r}",
            expected=right[j, k].item(),
            got=got[j, k].item(),
            ratio=((right - got).abs() / bound)[j, k].item(),
        )


@gate_property(
    "score.arguments",
    kind="score",
    methods=EVERY_SCORE,
    examples=lambda method: examples(method, **SMALL),
    source="the gate's interface",
    assumptions=ALIVE,
)
def arguments(subject: Subject, example: Example) -> None:
    """Scoring does not change the weights and activations that it is given."""
    given = {
        name: tensor
        for name in ("weight", "inputs", "outputs")
        if (tensor := getattr(example, name)) is not None
    }
    before = [tensor.clone() for tensor in given.values()]
    subject.score(*example.arguments, **example.parameters)
    unchanged(before, list(given.values()), [f"{name} was changed" for name in given])


def _transposed_view(tensor: Tensor) -> Tensor:
    return tensor.T.contiguous().T


def _every_second(tensor: Tensor) -> Tensor:
    return torch.stack([tensor, torch.full_like(tensor, 77)], -1).flatten(1)[:, ::2]


def _window(tensor: Tensor) -> Tensor:
    rows, columns = tensor.shape
    larger = torch.full((rows + 2, columns + 2), 55, dtype=tensor.dtype)
    larger[1:-1, 1:-1] = tensor
    return larger[1:-1, 1:-1]


@st.composite
def _viewed(draw: st.DrawFn, method: str) -> Example:
    example = draw(examples(method, **SMALL))
    view = draw(st.sampled_from([_transposed_view, _every_second, _window]))
    views = {
        name: view(tensor)
        for name in ("weight", "inputs", "outputs")
        if (tensor := getattr(example, name)) is not None
    }
    return replace(example, **views)


@gate_property(
    "score.views",
    kind="score",
    methods=closed_forms(
        spared=("symwanda_squared", "symmetric_squared", "ria", "general_diagonal")
    ),
    examples=_viewed,
    source="the gate's interface: a tensor is its entries, wherever they lie in memory",
    assumptions=ALIVE,
)
def views(subject: Subject, example: Example) -> None:
    """Transposed, strided and sliced tensors score like contiguous ones."""
    scores = subject.score(*example.arguments, **example.parameters)
    as_expected(subject, scores, expected_scores(example, scores.dtype))


def _no_tokens(method: str) -> st.SearchStrategy[Example]:
    def emptied(example: Example) -> Example:
        assert example.inputs is not None
        return replace(example, inputs=example.inputs[:0])

    return examples(method, parameters=False, **SMALL).map(emptied)


@gate_property(
    "score.no_tokens",
    kind="score",
    level="SHOULD",
    methods=closed_forms(_of_inputs_alone),
    examples=_no_tokens,
    source="Corollary 3.2: the norm of no entries is 0",
    assumptions=f"{ALIVE}; nan and an exception are right as well",
)
def no_tokens(subject: Subject, example: Example) -> None:
    """Without calibration tokens there are no scores that look like scores."""
    try:
        scores = subject.score(*example.arguments, **example.parameters)
    except AdapterError as error:
        if refused(error):
            return
        raise
    name = subject.name_of(scores)
    # Where only the order counts, equal scores say nothing.
    flat = not is_exact(subject) and bool((scores == scores[0, 0]).all())
    hold(
        flat or bool((scores.isnan() | (scores == 0)).all()),
        "no tokens, and yet scores",
        f"(torch.isnan({name}) | ({name} == 0)).all()",
        expected=0.0,
        got=scores.tolist(),
    )


@st.composite
def _not_finite(draw: st.DrawFn, method: str) -> Example:
    example = draw(examples(method, parameters=False, zeros=False, **SMALL))
    bad = draw(st.sampled_from([float("nan"), INFINITY, -INFINITY]))
    where = draw(st.sampled_from(["weight"] if example.inputs is None else ["weight", "inputs"]))
    tensor = getattr(example, where)
    row, column = (draw(st.integers(0, size - 1)) for size in tensor.shape)
    tensor[row, column] = bad
    rows = [row] if where == "weight" else list(range(example.weight.shape[0]))
    return replace(example, more={"rows": rows, "column": column})


@gate_property(
    "score.not_finite",
    kind="score",
    level="SHOULD",
    methods=("magnitude", "wanda", "symmetric", "ri", "ria"),
    examples=_not_finite,
    source="the gate's interface; IEEE 754: nan and inf carry through",
    assumptions="an exception is right as well",
)
def not_finite(subject: Subject, example: Example) -> None:
    """A weight or an activation that is nan or infinite does not get a score that looks right."""
    try:
        scores = subject.score(*example.arguments, **example.parameters)
    except AdapterError as error:
        if refused(error):
            return
        raise
    name, column = subject.name_of(scores), example.more["column"]
    for row in example.more["rows"]:
        got = scores[row, column].item()
        hold(
            not np.isfinite(got),
            f"score [{row}, {column}] is {got!r}, though what it comes from is not finite",
            f"not torch.isfinite({name}[{row}, {column}])",
            expected="nan, inf or an exception",
            got=got,
        )
