"""How the scores of related layers are related: reordered, signed, scaled, transposed, built."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from hypothesis import strategies as st

from pruneproof.properties.gate.adapter.subject import Subject
from pruneproof.properties.gate.comparing.scores import agree, ask
from pruneproof.properties.gate.examples.layers import Example, examples
from pruneproof.properties.gate.methods import closed_forms
from pruneproof.properties.gate.property import gate_property
from pruneproof.reference.methods import REORDERED, SCORES, SHIFTS, SIGNS

SMALL: dict[str, Any] = {"out_features": st.integers(1, 4), "in_features": st.integers(1, 5)}
ALIVE = "every input and output has a weight"


@st.composite
def _reordered(draw: st.DrawFn, method: str) -> Example:
    sizes: dict[str, Any] = {"out_features": st.integers(2, 4), "in_features": st.integers(2, 5)}
    example = draw(examples(method, **sizes))
    rows, columns = (list(range(n)) for n in example.weight.shape)
    order = {"rows": draw(st.permutations(rows)), "columns": draw(st.permutations(columns))}
    return replace(example, more=order)


@gate_property(
    "score.permutation",
    kind="score",
    methods=closed_forms(
        lambda score: REORDERED in score.keeps,
        spared=("magnitude", "owanda", "symwanda_squared", "symmetric_squared"),
    ),
    examples=_reordered,
    source="Lemma 3.1: norms do not depend on the order of what they are taken over",
    assumptions=ALIVE,
)
def permutation(subject: Subject, example: Example) -> None:
    """Reordering the inputs and the outputs of a layer reorders its scores in the same way."""
    rows, columns = example.more["rows"], example.more["columns"]
    moved = replace(
        example,
        weight=example.weight[rows][:, columns].contiguous(),
        inputs=None if example.inputs is None else example.inputs[:, columns].contiguous(),
        outputs=None if example.outputs is None else example.outputs[rows].contiguous(),
    )
    first, second = ask(subject, example), ask(subject, moved)
    agree(subject, first.arranged(rows, columns), second, "reordered inputs and outputs")


@st.composite
def _signed(draw: st.DrawFn, method: str) -> Example:
    example = draw(examples(method, **SMALL))
    signs = {}
    for name in ("weight", "inputs", "outputs"):
        tensor = getattr(example, name)
        if tensor is not None:
            bits = draw(st.integers(0, 2 ** tensor.numel() - 1))
            drawn = [1.0 - 2.0 * (bits >> place & 1) for place in range(tensor.numel())]
            signs[name] = tensor * torch.tensor(drawn, dtype=tensor.dtype).reshape(tensor.shape)
    return replace(example, more=signs)


@gate_property(
    "score.sign",
    kind="score",
    methods=closed_forms(
        lambda score: SIGNS in score.keeps,
        spared=("symwanda_squared", "symmetric_squared", "ria", "general_diagonal"),
    ),
    examples=_signed,
    source="Lemma 3.1: absolute values and norms",
    assumptions=ALIVE,
)
def sign(subject: Subject, example: Example) -> None:
    """The signs of weights and activations do not matter."""
    signed = replace(example, **example.more)
    agree(subject, ask(subject, example), ask(subject, signed), "other signs")


@st.composite
def _scaled(draw: st.DrawFn, method: str) -> Example:
    # Even, so that the root of the factor is a power of two as well.
    exponent = 2 * draw(st.integers(-10, 10))
    return replace(draw(examples(method, **SMALL)), more={"exponent": exponent})


@gate_property(
    "score.scaled_weight",
    kind="score",
    methods=closed_forms(spared=("magnitude", "owanda", "symwanda", "symwanda_squared")),
    examples=_scaled,
    source="the closed forms: Table 1, Eqs. (2) and (3)",
    assumptions=ALIVE,
)
def scaled_weight(subject: Subject, example: Example) -> None:
    """Weights times c give scores times c, c² or 1, as the method says, for small and large c."""
    exponent = example.more["exponent"]
    scaled = replace(example, weight=example.weight * 2.0**exponent)
    degree = SCORES[example.method].degree_in_weight(**example.parameters)
    first, second = ask(subject, example), ask(subject, scaled)
    agree(subject, first, second, f"weights times {2.0**exponent!r}", 2.0 ** (exponent * degree))


@gate_property(
    "score.scaled_activations",
    kind="score",
    methods=closed_forms(lambda score: bool(score.needs())),
    examples=_scaled,
    source="the closed forms: Lemma 3.1, Eq. (2), Appendix B",
    assumptions=ALIVE,
)
def scaled_activations(subject: Subject, example: Example) -> None:
    """Activations times c give scores times c to the power alpha, for small and large c."""
    exponent = example.more["exponent"]
    scaled = replace(
        example,
        inputs=None if example.inputs is None else example.inputs * 2.0**exponent,
        outputs=None if example.outputs is None else example.outputs * 2.0**exponent,
    )
    degree = SCORES[example.method].degree_in_activations(**example.parameters)
    first, second = ask(subject, example), ask(subject, scaled)
    agree(
        subject, first, second, f"activations times {2.0**exponent!r}", 2.0 ** (exponent * degree)
    )


@st.composite
def _shifted(draw: st.DrawFn, method: str) -> Example:
    example = draw(examples(method, **SMALL))
    assert example.inputs is not None
    # Whole numbers, so that the sums are exact; a shift of thousands leaves a few bits of them.
    inputs = example.inputs.round()
    columns = inputs.shape[1]
    shifts = st.sampled_from([-(2.0**12), -(2.0**4), 1.0, 2.0**8, 2.0**13])
    drawn = draw(st.lists(shifts, min_size=columns, max_size=columns))
    return replace(example, inputs=inputs, more={"shifts": drawn})


@gate_property(
    "score.shifted_inputs",
    kind="score",
    methods=closed_forms(lambda score: SHIFTS in score.keeps),
    examples=_shifted,
    source="the symbolic claim stade_does_not_see_a_shift_of_the_inputs",
    assumptions=f"{ALIVE}; inputs are small whole numbers",
)
def shifted_inputs(subject: Subject, example: Example) -> None:
    """A constant added to an input in all tokens does not matter, however large it is."""
    assert example.inputs is not None
    shifts = torch.tensor(example.more["shifts"], dtype=example.inputs.dtype)
    shifted = replace(example, inputs=example.inputs + shifts)
    agree(subject, ask(subject, example), ask(subject, shifted), "inputs with constants added")


_OTHER_TERM = {"both": "both", "input": "output", "output": "input"}


def _without_activations(method: str) -> st.SearchStrategy[Example]:
    def plain(example: Example) -> Example:
        if method != "lp":
            return example
        kept = {name: each for name, each in example.parameters.items() if name != "alpha"}
        return replace(example, inputs=None, parameters=kept)

    return examples(method, **SMALL).map(plain)


def _transposed(example: Example) -> Example:
    parameters = dict(example.parameters)
    if "terms" in parameters:
        parameters["terms"] = _OTHER_TERM[parameters["terms"]]
    partner = SCORES[example.method].transposed
    assert partner is not None
    return Example(
        partner,
        example.weight.T.contiguous(),
        None if example.outputs is None else example.outputs.T.contiguous(),
        None if example.inputs is None else example.inputs.T.contiguous(),
        parameters,
    )


@gate_property(
    "score.transposition",
    kind="score",
    methods=closed_forms(lambda score: score.transposed is not None),
    examples=_without_activations,
    source="Lemma 3.1 is symmetric in (X, W) and (Yᵀ, Wᵀ); Corollaries 3.2 to 3.4, Theorem 3.5",
    assumptions=f"{ALIVE}; output Wanda is compared with the adapter's own Wanda",
)
def transposition(subject: Subject, example: Example) -> None:
    """Transposing a layer, inputs and outputs exchanged, transposes its scores."""
    other = _transposed(example)
    first, second = ask(subject, example), ask(subject, other)
    agree(subject, first.T, second, "the transposed layer")
