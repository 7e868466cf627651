"""Wanda is the symmetric score for Y = 0 (Corollary 3.2)."""

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
from pruneproof.properties.certified.strategies import Layer, activation_powers, layers
from pruneproof.properties.exact.formulas import assert_reproduces, environment
from pruneproof.properties.exact.rationals import ExactLayer, exact_layers
from pruneproof.symbolic import constructions as formulas
from pruneproof.symbolic import scores
from pruneproof.symbolic.notation import j, k


@given(exact_layers())
def test_no_output_calibration_gives_wanda(layer: ExactLayer) -> None:
    """With Y = 0, Lemma 3.1's score is exactly Wanda's.

    Statement: Corollary 3.2. Level: MUST.
    """
    env = environment(layer.W, X=layer.X)
    assert_reproduces(formulas.wanda(), scores.wanda(j, k), env)


@given(layers(empty=True), activation_powers())
def test_wanda_is_within_its_bound(
    implementation: Implementation, layer: Layer, alpha: float
) -> None:
    """Computed scores are the exact ones of the same floats, up to the certified bound.

    Statement: Corollary 3.2; with α, Table 3. Level: MUST.
    """
    assert_score(implementation, "wanda", layer.weight, layer.inputs, alpha=alpha)


@given(layers(empty=True))
def test_its_construction_is_within_its_bound(constructions: ModuleType, layer: Layer) -> None:
    """X and Y are exact, and the score that they give is Wanda's, up to its certified bound.

    Statement: Corollary 3.2. Level: MUST.
    """
    W, X = weights(layer), argument(layer.inputs, layer)
    pair = constructions.wanda(layer.inputs, layer.W)
    score = certified.scores.wanda(W, X.norm(2, axis=0))
    assert_construction(pair, certified.constructions.wanda(X, W), layer.W, score)
