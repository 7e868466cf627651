"""The symmetric score of the weights alone is the one for X = Y = Wᵀ (Corollary 3.4)."""

from types import ModuleType

from hypothesis import given

from pruneproof.properties import certified
from pruneproof.properties.certified.certify import assert_construction, assert_score, weights
from pruneproof.properties.certified.implementation import Implementation
from pruneproof.properties.certified.strategies import Layer, layers
from pruneproof.properties.exact.formulas import assert_reproduces, environment
from pruneproof.properties.exact.rationals import ExactLayer, exact_layers
from pruneproof.symbolic import constructions as formulas
from pruneproof.symbolic import scores
from pruneproof.symbolic.notation import j, k


@given(exact_layers())
def test_the_transposed_weights_give_symmetric(layer: ExactLayer) -> None:
    """With X = Y = Wᵀ, Lemma 3.1's score is exactly the sum of W's two ℓ2 norms times |W_jk|.

    Statement: Corollary 3.4. Level: MUST.
    """
    assert_reproduces(formulas.symmetric(), scores.symmetric(j, k), environment(layer.W))


@given(layers(empty=True))
def test_symmetric_is_within_its_bound(implementation: Implementation, layer: Layer) -> None:
    """Computed scores are the exact ones of the same floats, up to the certified bound.

    Statement: Corollary 3.4. Level: MUST.
    """
    assert_score(implementation, "symmetric", layer.weight)


@given(layers(empty=True))
def test_its_construction_is_within_its_bound(constructions: ModuleType, layer: Layer) -> None:
    """X and Y are exact, and the score that they give is symmetric, up to its certified bound.

    Statement: Corollary 3.4. Level: MUST.
    """
    W = weights(layer)
    pair = constructions.symmetric(layer.W)
    assert_construction(
        pair, certified.constructions.symmetric(W), layer.W, certified.scores.symmetric(W)
    )
