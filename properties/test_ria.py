"""RIA has a construction for one weight at a time (Lemma 3.6, repaired)."""

from fractions import Fraction
from types import ModuleType

from hypothesis import given
from hypothesis import strategies as st

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
from pruneproof.symbolic.notation import C, a, alpha, c, column_norm, d, j, k
from pruneproof.symbolic.scores import ri

# Eq. (2), with the lemma's C for the X of the activations.
RIA = ri(j, k) * column_norm(j, C) ** alpha


@given(exact_layers(live=True), st.sampled_from([0, 1, 2, Fraction(1, 2), Fraction(1, 3)]))
def test_one_entry_each_gives_ria_of_one_weight(layer: ExactLayer, power: Fraction) -> None:
    """With one entry in X and one in Y, Lemma 3.1's score of that weight is exactly RIA.

    Statement: Lemma 3.6 with p = j and s = k. Level: MUST.
    """
    # The activations' own number of rows; X needs j ≤ a and k ≤ d besides.
    tokens = max(len(layer.X), len(layer.W))
    activations = layer.X + [[Fraction(0)] * len(layer.W)] * (tokens - len(layer.X))
    env = environment(layer.W, C=activations)
    env.update({alpha: Fraction(power), a: tokens, d: env[c]})
    assert_reproduces(formulas.ria_pointwise(j, k), RIA, env)


@given(layers(empty=True), activation_powers(), st.sampled_from(["both", "input", "output"]))
def test_ria_is_within_its_bound(
    implementation: Implementation, layer: Layer, power: float, terms: str
) -> None:
    """Computed scores are the exact ones of the same floats, up to the certified bound.

    Statement: Eq. (2) and, for one term, Table 3. Level: MUST.
    """
    assert_score(implementation, "ria", layer.weight, layer.inputs, alpha=power, terms=terms)


@given(layers(invertible=True), activation_powers(), st.data())
def test_its_construction_is_within_its_bound(
    constructions: ModuleType,
    library: ModuleType,
    layer: Layer,
    power: float,
    data: st.DataObject,
) -> None:
    """X, Y and the score that they give to the chosen weight are exact, up to their bounds.

    Statement: Lemma 3.6 with p = j and s = k. Level: MUST.
    """
    row = data.draw(st.integers(0, layer.W.shape[0] - 1), label="j")
    column = data.draw(st.integers(0, layer.W.shape[1] - 1), label="k")
    W, c_norm = weights(layer), argument(layer.inputs, layer).norm(2, axis=0)
    computed_norm = library.activation_norms(layer.inputs)
    pair = constructions.ria_pointwise(layer.W, computed_norm, row, column, power)
    expected = certified.constructions.ria_pointwise(W, c_norm, row, column, power)
    score = certified.scores.ria(W, c_norm, power)
    assert_construction(pair, expected, layer.W, score, only=(row, column))
