"""The ℓp score has constructions along the weights and along unit vectors (Lemmas 3.8, 3.9)."""

from fractions import Fraction
from types import ModuleType

import torch
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
from pruneproof.properties.certified.strategies import Layer, activation_powers, layers, norm_orders
from pruneproof.properties.exact.formulas import assert_reproduces, environment, vector
from pruneproof.properties.exact.rationals import (
    Matrix,
    rational_matrices,
    small_sizes,
    unit_vectors,
)
from pruneproof.symbolic import constructions as formulas
from pruneproof.symbolic import scores
from pruneproof.symbolic.notation import a, d, j, k, p

# A root of a sum of roots has no exact form here; of powers of rationals it has.
ORDERS = {Fraction(1): 1, Fraction(2): 1, Fraction(3): 1, Fraction(1, 2): 2, Fraction(3, 2): 2}


@st.composite
def exact_orders(draw: st.DrawFn) -> tuple[Matrix, Fraction]:
    """Weights without a dead input or output, and an order whose norms are exact for them."""
    order = draw(st.sampled_from(sorted(ORDERS)))
    b, c = draw(small_sizes()), draw(small_sizes())
    return draw(rational_matrices(b, c, live=True, power=ORDERS[order])), order


@given(exact_orders())
def test_columns_along_the_weights_give_lp(case: tuple[Matrix, Fraction]) -> None:
    """With X_:j along W_j: and Y_k: along W_:k, Lemma 3.1's score is exactly Eq. (3).

    Statement: Lemma 3.8. Level: MUST.
    """
    W, order = case
    assert_reproduces(formulas.lp_aligned(p), scores.lp(j, k, p), {**environment(W), p: order})


@given(exact_orders(), small_sizes().flatmap(unit_vectors), small_sizes().flatmap(unit_vectors))
def test_columns_along_unit_vectors_give_lp(
    case: tuple[Matrix, Fraction], u: list[Fraction], v: list[Fraction]
) -> None:
    """With X_:j along any unit vector and Y_k: along another, the score is exactly Eq. (3).

    Statement: Lemma 3.9. Level: MUST.
    """
    W, order = case
    vectors = {**vector(formulas.u_vector, u), **vector(formulas.v_vector, v)}
    env = {**environment(W), **vectors, a: len(u), d: len(v), p: order}
    assert_reproduces(formulas.lp_unit_vectors(p), scores.lp(j, k, p), env)


@given(
    layers(empty=True),
    norm_orders(),
    st.sampled_from(["S1", "S2", "S3", "S4"]),
    activation_powers(),
)
def test_lp_is_within_its_bound(
    implementation: Implementation, layer: Layer, order: float, strategy: str, power: float
) -> None:
    """Computed scores are the exact ones of the same floats, up to the certified bound.

    Statement: Eq. (3) and Appendix C.3. Level: MUST.
    """
    choice = {"p": order, "strategy": strategy, "alpha": power}
    assert_score(implementation, "lp", layer.weight, layer.inputs, **choice)


@given(layers(empty=True, invertible=True), norm_orders())
def test_its_aligned_construction_is_within_its_bound(
    constructions: ModuleType, layer: Layer, order: float
) -> None:
    """X, Y and the score that they give are exact, up to their certified bounds.

    Statement: Lemma 3.8. Level: MUST.
    """
    W = weights(layer)
    pair = constructions.lp_aligned(layer.W, order)
    score = certified.scores.lp(W, order)
    assert_construction(pair, certified.constructions.lp_aligned(W, order), layer.W, score)


@given(layers(invertible=True), norm_orders(), st.data())
def test_its_unit_vector_construction_is_within_its_bound(
    constructions: ModuleType, layer: Layer, order: float, data: st.DataObject
) -> None:
    """X, Y and the score that they give are exact, up to their certified bounds.

    Statement: Lemma 3.9. Level: MUST.
    """
    u, v = (data.draw(axis_vectors(), label=name) for name in "uv")
    W, exact_u, exact_v = weights(layer), argument(u, layer), argument(v, layer)
    pair = constructions.lp_unit_vectors(layer.W, order, u, v)
    expected = certified.constructions.lp_unit_vectors(W, order, exact_u, exact_v)
    assert_construction(pair, expected, layer.W, certified.scores.lp(W, order))


@st.composite
def axis_vectors(draw: st.DrawFn) -> torch.Tensor:
    """Unit vectors that floats hold exactly: one entry ±1, or four or sixteen equal in size."""
    equal = draw(st.sampled_from([1, 4, 16]))
    signs = draw(st.lists(st.sampled_from([1, -1]), min_size=equal, max_size=equal))
    zeros = draw(st.integers(0, 2))
    return torch.tensor([*signs, *[0] * zeros], dtype=torch.float64) / equal**0.5
