"""Magnitude is the symmetric score for X = I and Y = 0 (Table 1)."""

from types import ModuleType

import torch
from hypothesis import given

from pruneproof.properties import certified
from pruneproof.properties.certified.certify import assert_construction, weights
from pruneproof.properties.certified.implementation import Implementation
from pruneproof.properties.certified.strategies import Layer, layers
from pruneproof.properties.exact.formulas import assert_reproduces, environment
from pruneproof.properties.exact.rationals import ExactLayer, exact_layers
from pruneproof.symbolic import constructions as formulas
from pruneproof.symbolic import scores
from pruneproof.symbolic.notation import j, k


@given(exact_layers())
def test_the_identity_gives_magnitude(layer: ExactLayer) -> None:
    """With X = I and Y = 0, Lemma 3.1's score is exactly the weight's magnitude.

    Statement: Table 1, Marginal. Level: MUST.
    """
    assert_reproduces(formulas.magnitude(), scores.magnitude(j, k), environment(layer.W))


@given(layers(empty=True))
def test_magnitude_is_not_rounded(implementation: Implementation, layer: Layer) -> None:
    """Computed scores are the magnitudes themselves, since every score dtype holds them.

    Statement: Table 1, Marginal. Level: MUST.
    """
    computed = implementation.adapter.score("magnitude", layer.weight)
    assert torch.equal(computed, layer.weight.abs().to(computed.dtype))


@given(layers(empty=True))
def test_its_construction_is_within_its_bound(constructions: ModuleType, layer: Layer) -> None:
    """X and Y are exact, and so is the score that they give, up to its certified bound.

    Statement: Table 1, Marginal. Level: MUST.
    """
    W = weights(layer)
    pair = constructions.magnitude(layer.W)
    assert_construction(
        pair, certified.constructions.magnitude(W), layer.W, certified.scores.magnitude(W)
    )
