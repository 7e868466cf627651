"""What every score is: its closed form, for every layer."""

from __future__ import annotations

from pruneproof.properties.gate.assertions import as_expected
from pruneproof.properties.gate.examples import Example, examples
from pruneproof.properties.gate.expected import expected_scores
from pruneproof.properties.gate.methods import CLOSED_FORMS
from pruneproof.properties.gate.property import gate_property
from pruneproof.properties.gate.subject import Subject


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
