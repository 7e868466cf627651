"""The general diagonal score weighs RI's terms by norms of A and B (Lemma 3.7)."""

from types import ModuleType

from hypothesis import given

from pruneproof.properties import certified
from pruneproof.properties.certified.certify import (
    argument,
    assert_construction,
    assert_score,
    weights,
)
from pruneproof.properties.certified.implementation import Implementation
from pruneproof.properties.certified.strategies import Layer, layers
from pruneproof.properties.exact.formulas import assert_reproduces, environment
from pruneproof.properties.exact.rationals import ExactLayer, exact_layers
from pruneproof.symbolic import constructions as formulas
from pruneproof.symbolic import scores
from pruneproof.symbolic.notation import j, k


@given(exact_layers(live=True))
def test_diagonal_scaling_gives_general_diagonal(layer: ExactLayer) -> None:
    """With X = A·D_X and Y = D_Y·B, Lemma 3.1's score is exactly the lemma's.

    Statement: Lemma 3.7. Level: MUST.
    """
    env = environment(layer.W, A=layer.X, B=layer.Y)
    assert_reproduces(formulas.general_diagonal(), scores.general_diagonal(j, k), env)


@given(layers(empty=True))
def test_general_diagonal_is_within_its_bound(implementation: Implementation, layer: Layer) -> None:
    """Computed scores are the exact ones of the same floats, up to the certified bound.

    Statement: Lemma 3.7. Level: MUST.
    """
    assert_score(implementation, "general_diagonal", layer.weight, layer.inputs, layer.outputs)


@given(layers(empty=True, invertible=True))
def test_its_construction_is_within_its_bound(constructions: ModuleType, layer: Layer) -> None:
    """X, Y and the score that they give are exact, up to their certified bounds.

    Statement: Lemma 3.7. Level: MUST.
    """
    W, A, B = weights(layer), argument(layer.inputs, layer), argument(layer.outputs, layer)
    pair = constructions.general_diagonal(layer.W, layer.inputs, layer.outputs)
    score = certified.scores.general_diagonal(W, A.norm(2, axis=0), B.norm(2, axis=1))
    assert_construction(pair, certified.constructions.general_diagonal(W, A, B), layer.W, score)
