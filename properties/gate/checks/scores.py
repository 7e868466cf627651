"""What every score is: its closed form, for every layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st

from pruneproof.properties.gate.adapter.subject import Subject
from pruneproof.properties.gate.comparing.assertions import as_expected, hold
from pruneproof.properties.gate.comparing.expected import expected_scores
from pruneproof.properties.gate.comparing.scores import Answer, agree, ask
from pruneproof.properties.gate.examples.layers import Example, examples
from pruneproof.properties.gate.methods import CLOSED_FORMS, closed_forms
from pruneproof.properties.gate.property import gate_property
from pruneproof.properties.gate.snippets.snippet import literal


@gate_property(
    "score.value",
    kind="score",
    methods=CLOSED_FORMS,
    examples=examples,
    source="Lemma 3.1 and its corollaries, Eqs. (2) and (3), Appendices B and C.3",
    assumptions="every input and output has a weight",
)
def value(subject: Subject, example: Example) -> None:
    """Each score is the closed form of its method, up to the certified bound."""
    scores = subject.score(*example.arguments, **example.parameters)
    as_expected(subject, scores, expected_scores(example, scores.dtype))


def _with_zeros(method: str) -> st.SearchStrategy[Example]:
    def pruned(example: Example) -> Example:
        example.weight[0, 0] = example.weight[-1, -1] = 0
        return example

    sizes: dict[str, Any] = {"out_features": st.integers(2, 4), "in_features": st.integers(2, 5)}
    return examples(method, zeros=False, **sizes).map(pruned)


@gate_property(
    "score.zero_weights",
    kind="score",
    methods=closed_forms(
        spared=("owanda", "symwanda_squared", "symmetric_squared", "general_diagonal")
    ),
    examples=_with_zeros,
    source="Lemma 3.1: every score is |W_jk| times something",
    assumptions="every input and output has a weight",
)
def zero_weights(subject: Subject, example: Example) -> None:
    """A weight of zero scores zero, which is the lowest score there is."""
    scores = subject.score(*example.arguments, **example.parameters)
    name = subject.name_of(scores)
    only_order = subject.conventions.get("score_scale") == "order"
    for row, column in (example.weight == 0).nonzero().tolist():
        got = scores[row, column].item()
        if only_order:
            check, holds = f"{name}[{row}].min()", bool(got <= scores[row].min())
        else:
            check, holds = "0", got == 0
        hold(
            holds,
            f"the weight [{row}, {column}] is 0, and its score {got!r}",
            f"{name}[{row}, {column}] <= {check} <= {name}[{row}, {column}]",
            expected=0.0,
            got=got,
        )


@st.composite
def _two_layers(draw: st.DrawFn, method: str) -> tuple[Example, Example]:
    first = draw(examples(method))
    same_shape: dict[str, Any] = {
        "out_features": st.just(first.weight.shape[0]),
        "in_features": st.just(first.weight.shape[1]),
    }
    return first, draw(examples(method, **same_shape))


@gate_property(
    "score.repeatable",
    kind="score",
    methods=("wanda", "symwanda", "ri", "ria"),
    examples=_two_layers,
    source="the gate's interface",
    assumptions="every input and output has a weight",
)
def repeatable(subject: Subject, layers: tuple[Example, Example]) -> None:
    """Scores depend on the arguments of their own call alone, not on the calls before."""
    example, other = layers
    first = ask(subject, example)
    before = first.scores.clone()
    subject.score(*other.arguments, **other.parameters)
    hold(
        torch.equal(before, first.scores) or not bool(before.isfinite().all()),
        "the first answer was changed by a later call",
        f"torch.equal({subject.name_of(first.scores)}, torch.tensor({literal(before.tolist())}, "
        f"dtype={before.dtype}))",
        expected=before.tolist(),
        got=first.scores.tolist(),
    )
    again = subject.score(*example.arguments, **example.parameters)
    second = Answer(again, first.exact, np.arange(again.numel()).reshape(tuple(again.shape)))
    agree(subject, first, second, "the same layer again")
