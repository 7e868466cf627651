"""The paper's main theme: each score is the symmetric score of some X and Y."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from torch import Tensor

from pruneproof import reference
from pruneproof.properties.gate.adapter.subject import Subject
from pruneproof.properties.gate.comparing.scores import agree, ask
from pruneproof.properties.gate.examples.layers import Example, examples
from pruneproof.properties.gate.methods import closed_forms
from pruneproof.properties.gate.property import gate_property
from pruneproof.reference import constructions

Pair = tuple[Tensor, Tensor]
Construct = Callable[[Example, Tensor], Pair]
"""From an example and its weights, in_features × out_features, to X and Y."""


def _power(example: Example) -> float:
    return example.parameters.get("p", 1.0)


CONSTRUCTIONS: dict[str, tuple[Construct, ...]] = {
    "magnitude": (lambda example, W: constructions.magnitude(W),),
    "wanda": (lambda example, W: constructions.wanda(_given(example.inputs), W),),
    "stade": (lambda example, W: constructions.stade(_given(example.inputs), W),),
    "owanda": (lambda example, W: constructions.owanda(W, _given(example.outputs)),),
    "symmetric": (lambda example, W: constructions.symmetric(W),),
    "symmetric_squared": (lambda example, W: constructions.symmetric(W),),
    "ri": (
        lambda example, W: constructions.ri_constant(W),
        lambda example, W: constructions.ri_diagonal(W),
    ),
    "ria": (
        lambda example, W: constructions.ria_pointwise(
            W, reference.activation_norms(_given(example.inputs)), *example.more["only"]
        ),
    ),
    "general_diagonal": (
        lambda example, W: constructions.general_diagonal(
            W, _given(example.inputs), _given(example.outputs)
        ),
    ),
    "lp": (
        lambda example, W: constructions.lp_aligned(W, _power(example)),
        lambda example, W: constructions.lp_unit_vectors(W, _power(example)),
    ),
}
"""By method, the X and Y that the paper gives for it; RIA's are for one weight."""


def _given(tensor: Tensor | None) -> Tensor:
    assert tensor is not None
    return tensor


@st.composite
def _constructed(draw: st.DrawFn, method: str) -> Example:
    sizes: dict[str, Any] = {"out_features": st.integers(1, 4), "in_features": st.integers(1, 5)}
    example = draw(examples(method, parameters=False, **sizes))
    if method == "lp":
        p = draw(st.sampled_from([0.5, 1.0, 2.0, 3.0, float("inf")]))
        example = replace(example, parameters={"p": p})
    rows, columns = example.weight.shape
    j, k = draw(st.integers(0, columns - 1)), draw(st.integers(0, rows - 1))
    which = draw(st.integers(0, len(CONSTRUCTIONS[method]) - 1))
    return replace(example, more={"which": which, "only": (j, k)})


@gate_property(
    "score.construction",
    kind="score",
    methods=closed_forms(lambda score: score.name in CONSTRUCTIONS),
    examples=_constructed,
    source="Corollaries 3.2 to 3.4, Theorem 3.5, Lemmas 3.6 to 3.9, Table 1, Appendix B",
    assumptions="every input and output has a weight; the adapter offers `symwanda` "
    "(`symwanda_squared` for `symmetric_squared`); Lemma 3.6 for one weight at a time",
)
def construction(subject: Subject, example: Example) -> None:
    """The symmetric score of the inputs and outputs that the paper constructs is this score."""
    construct = CONSTRUCTIONS[example.method][example.more["which"]]
    X, Y = construct(example, example.weight.T)
    dtype = example.weight.dtype
    general = "symwanda_squared" if example.method == "symmetric_squared" else "symwanda"
    pair = X.to(dtype).contiguous(), Y.to(dtype).contiguous()
    built = Example(general, example.weight, *pair)
    first, second = ask(subject, built), ask(subject, example)
    if example.method == "ria":
        j, k = example.more["only"]
        first, second = first.arranged([k], [j]), second.arranged([k], [j])
    agree(subject, first, second, f"{general} of the construction")
