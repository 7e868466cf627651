"""Exact constructions on vectors agree with the formulas, and wrong ones are seen."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given

from pruneproof.properties.exact.formulas import environment
from pruneproof.properties.exact.long_vectors import Surroundings, reproductions
from pruneproof.properties.exact.rationals import ExactLayer
from pruneproof.properties.test_constructions import ORDERS, surroundings
from pruneproof.symbolic import scores
from pruneproof.symbolic.exact import Radical, evaluate
from pruneproof.symbolic.notation import column_norm, j, k, row_norm


@given(surroundings())
def test_the_factors_are_those_of_the_formulas(case: tuple[ExactLayer, Surroundings]):
    layer, near = case
    env = environment(layer.W, X=layer.X, Y=layer.Y, A=layer.X, B=layer.Y)
    env.update({j: near.j + 1, k: near.k + 1})
    formulas = {
        "magnitude": scores.magnitude(j, k),
        "wanda": scores.wanda(j, k),
        "stade": scores.stade(j, k),
        "owanda": scores.owanda(j, k),
        "symmetric": scores.symmetric(j, k),
        "ri_constant": scores.ri(j, k),
        "ri_diagonal": scores.ri(j, k),
        "ria_pointwise": scores.ria(j, k, Fraction(1, 2)),
        "general_diagonal": scores.general_diagonal(j, k),
        "lp_aligned, p = 3": scores.lp(j, k, 3),
        "lp_unit_vectors, p = 2": scores.lp(j, k, 2),
    }
    weight = Radical.of(abs(near.row[near.k]))
    found = reproductions(near, ORDERS)
    for name, formula in formulas.items():
        assert weight * found[name].factor == evaluate(formula, env), name
    assert found["wanda"].x.norm() == evaluate(column_norm(j), env)
    assert found["owanda"].y.norm() == evaluate(row_norm(k), env)


NEAR = Surroundings(
    [Fraction(1), Fraction(-3)],
    [Fraction(1), Fraction(2)],
    0,
    0,
    [Fraction(2), Fraction(1)],
    [Fraction(5)],
    [1],
    [0],
)


@pytest.mark.parametrize("name", reproductions(NEAR, ORDERS))
def test_a_wrong_factor_or_vector_is_seen(name: str):
    right = reproductions(NEAR, ORDERS)[name]
    assert right.holds()
    half = Radical.of(Fraction(1, 2))
    assert not replace(right, factor=right.factor * half).holds()
    assert not replace(right, x=replace(right.x, scale=right.x.scale + half)).holds()
    assert not replace(right, y=replace(right.y, scale=right.y.scale + half)).holds()
