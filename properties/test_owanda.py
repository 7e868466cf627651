"""Output Wanda is the symmetric score for X = 0 (Corollary 3.3)."""

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


@given(exact_layers())
def test_no_inputs_give_owanda(layer: ExactLayer) -> None:
    """With X = 0, Lemma 3.1's score is exactly output Wanda's.

    Statement: Corollary 3.3. Level: MUST.
    """
    env = environment(layer.W, Y=layer.Y)
    assert_reproduces(formulas.owanda(), scores.owanda(j, k), env)


@given(layers(empty=True))
def test_owanda_is_within_its_bound(implementation: Implementation, layer: Layer) -> None:
    """Computed scores are the exact ones of the same floats, up to the certified bound.

    Statement: Corollary 3.3. Level: MUST.
    """
    assert_score(implementation, "owanda", layer.weight, outputs=layer.outputs)


@given(layers(empty=True))
def test_its_construction_is_within_its_bound(constructions: ModuleType, layer: Layer) -> None:
    """X and Y are exact, and the score that they give is OWanda's, up to its certified bound.

    Statement: Corollary 3.3. Level: MUST.
    """
    W, Y = weights(layer), argument(layer.outputs, layer)
    pair = constructions.owanda(layer.W, layer.outputs)
    score = certified.scores.owanda(W, Y.norm(2, axis=1))
    assert_construction(pair, certified.constructions.owanda(W, Y), layer.W, score)
