"""A refinement of a model that was pruned before: what is swapped for weights that are 0."""

from __future__ import annotations

from hypothesis import strategies as st

from pruneproof.properties.gate.adapter.subject import Subject
from pruneproof.properties.gate.checks.refinement_examples import sparse_layers
from pruneproof.properties.gate.examples.layers import Example
from pruneproof.properties.gate.methods import REFINEMENTS
from pruneproof.properties.gate.property import Violation, gate_property

UNTIL_NONE_IS_LEFT = st.just({"max_cycles": 50, "update_threshold": 0.0})


@gate_property(
    "refine.zeros",
    kind="refine",
    methods=REFINEMENTS,
    examples=lambda method: sparse_layers(method, UNTIL_NONE_IS_LEFT),
    source="Section 3.6: growing a weight of 0 lowers no reconstruction error",
    level="SHOULD",
    assumptions="some weights are 0, as in a model that was pruned before",
)
def zeros(subject: Subject, example: Example) -> None:
    """No weight that is 0 grows: it gives nothing back for the one that is pruned in exchange."""
    # No MUST: §3.6 does not say which weights are candidates, and pruning a weight with Δ < 0 for
    # nothing may still bring E[ε], which is all that the criteria see, nearer to 0.
    assert example.inputs is not None
    weight, keep = example.weight, example.more["keep"]
    refined = subject.refine(example.method, weight, keep, example.inputs, **example.parameters)
    wrong = (refined & ~keep & (weight == 0)).nonzero().tolist()
    if wrong:
        (k, j), name = wrong[0], subject.name_of(refined)
        raise Violation(
            f"output {k} grows input {j}, whose weight is 0",
            f"not {name}[{k}, {j}].item()",
            expected=False,
            got=True,
        )
