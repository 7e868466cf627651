"""Relative importance has constructions with constant and with diagonal X and Y (Theorem 3.5)."""

from types import ModuleType

from hypothesis import given
from hypothesis import strategies as st

from pruneproof.properties import certified
from pruneproof.properties.certified.certify import assert_construction, assert_score, weights
from pruneproof.properties.certified.implementation import Implementation
from pruneproof.properties.certified.strategies import Layer, layers, sizes
from pruneproof.properties.exact.formulas import assert_reproduces, environment
from pruneproof.properties.exact.rationals import ExactLayer, exact_layers, small_sizes
from pruneproof.symbolic import constructions as formulas
from pruneproof.symbolic import scores
from pruneproof.symbolic.notation import a, d, j, k


@given(exact_layers(live=True), small_sizes(), small_sizes())
def test_constant_columns_give_ri(layer: ExactLayer, tokens: int, width: int) -> None:
    """With constant columns of X and rows of Y, of any number, the score is exactly RI.

    Statement: Theorem 3.5, first strategy. Level: MUST.
    """
    env = {**environment(layer.W), a: tokens, d: width}
    assert_reproduces(formulas.ri_constant(), scores.ri(j, k), env)


@given(exact_layers(live=True))
def test_diagonal_matrices_give_ri(layer: ExactLayer) -> None:
    """With X and Y diagonal, Lemma 3.1's score is exactly RI.

    Statement: Theorem 3.5, second strategy. Level: MUST.
    """
    assert_reproduces(formulas.ri_diagonal(), scores.ri(j, k), environment(layer.W))


@given(layers(empty=True), st.sampled_from(["both", "input", "output"]))
def test_ri_is_within_its_bound(implementation: Implementation, layer: Layer, terms: str) -> None:
    """Computed scores are the exact ones of the same floats, up to the certified bound.

    Statement: Theorem 3.5 and, for one term, Table 3. Level: MUST.
    """
    assert_score(implementation, "ri", layer.weight, terms=terms)


@given(layers(invertible=True), sizes(), sizes())
def test_its_constant_construction_is_within_its_bound(
    constructions: ModuleType, layer: Layer, tokens: int, width: int
) -> None:
    """X, Y and the score that they give are exact, up to their certified bounds.

    Statement: Theorem 3.5, first strategy. Level: MUST.
    """
    W = weights(layer)
    pair = constructions.ri_constant(layer.W, a=tokens, d=width)
    expected = certified.constructions.ri_constant(W, tokens, width)
    assert_construction(pair, expected, layer.W, certified.scores.ri(W))


@given(layers(empty=True, invertible=True))
def test_its_diagonal_construction_is_within_its_bound(
    constructions: ModuleType, layer: Layer
) -> None:
    """X, Y and the score that they give are exact, up to their certified bounds.

    Statement: Theorem 3.5, second strategy. Level: MUST.
    """
    W = weights(layer)
    pair = constructions.ri_diagonal(layer.W)
    assert_construction(
        pair, certified.constructions.ri_diagonal(W), layer.W, certified.scores.ri(W)
    )
