"""The closed forms that carry bounds are exactly the formulas that the claims are about."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from flint import arb
from sympy import Integer

from pruneproof.properties import certified
from pruneproof.properties.certified.arithmetic import Arithmetic
from pruneproof.properties.certified.bounds import Bounded, bounded
from pruneproof.properties.certified.centred import centred_norm
from pruneproof.properties.exact.formulas import Environment, environment, vector
from pruneproof.symbolic import constructions as formulas
from pruneproof.symbolic import scores
from pruneproof.symbolic.exact import evaluate
from pruneproof.symbolic.notation import C, a, alpha, b, c, column_norm, d, j, k, p, tau

ARITHMETIC = Arithmetic()
WEIGHTS = [[0.5, -3.0, 0.0], [4.0, 1.25, -0.75]]
INPUTS = [[1.0, -2.0], [0.0, 0.5], [3.0, 1.5]]
OUTPUTS = [[0.25, 1.0], [-2.0, 0.0], [1.0, 1.0]]
SAMPLES = (torch.tensor([[2, 1], [0, 2]]), torch.tensor([[1, 0, 1], [0, 1, 0]]))
UNIT = [0.5, -0.5, 0.5, 0.5]


def carried(matrix: list[Any]) -> Bounded:
    return bounded(torch.tensor(matrix, dtype=torch.float64), ARITHMETIC)


W, X, Y = carried(WEIGHTS), carried(INPUTS), carried(OUTPUTS)
x_norm, y_norm = X.norm(2, axis=0), Y.norm(2, axis=1)


def fractions(matrix: list[list[float]]) -> list[list[Fraction]]:
    return [[Fraction(entry) for entry in row] for row in matrix]


def data(row: int, column: int) -> Environment:
    """Everything that a formula for the weight (j, k), 1-based, may mention."""
    exact = [fractions(matrix) for matrix in (WEIGHTS, INPUTS, OUTPUTS)]
    env = environment(exact[0], X=exact[1], Y=exact[2], A=exact[1], B=exact[2], C=exact[1])
    from_input = [int(index in SAMPLES[0][row - 1]) for index in range(3)]
    into_output = [int(index in SAMPLES[1][:, column - 1]) for index in range(2)]
    samples = {**vector(formulas.chi, from_input), **vector(formulas.eta, into_output), tau: 2}
    return {**env, **samples, j: row, k: column, alpha: Fraction(1, 2), p: Fraction(3)}


def assert_contains(form: Bounded, formula: Callable[[int, int], Any]) -> None:
    """Assert that every entry's ball holds the formula's exact value and is not wide."""
    assert form.value.size > 0
    for (row, column), ball in np.ndenumerate(form.value):
        exact = formula(row + 1, column + 1)
        assert arb(ball).overlaps(exact)
        assert arb(ball).rad() < 2**-200


SCORES = {
    "magnitude": (certified.scores.magnitude(W), scores.magnitude(j, k)),
    "wanda": (certified.scores.wanda(W, x_norm, 0.5), scores.wanda(j, k, alpha)),
    "stade": (certified.scores.stade(W, centred_norm(X)), scores.stade(j, k)),
    "owanda": (certified.scores.owanda(W, y_norm), scores.owanda(j, k)),
    "symwanda": (certified.scores.symwanda(W, x_norm, y_norm), scores.symwanda(j, k)),
    "symwanda_squared": (
        certified.scores.symwanda_squared(W, x_norm, y_norm),
        scores.symwanda_squared(j, k),
    ),
    "symmetric": (certified.scores.symmetric(W), scores.symmetric(j, k)),
    "symmetric_squared": (certified.scores.symmetric_squared(W), scores.symmetric_squared(j, k)),
    "ri": (certified.scores.ri(W), scores.ri(j, k)),
    "ria": (certified.scores.ria(W, x_norm, 0.5), scores.ria(j, k, alpha)),
    "general_diagonal": (
        certified.scores.general_diagonal(W, x_norm, y_norm),
        scores.general_diagonal(j, k),
    ),
    "lp S1": (certified.scores.lp(W, 3.0), scores.lp(j, k, p, "S1")),
    "lp S3": (certified.scores.lp(W, 3.0, "S3"), scores.lp(j, k, p, "S3")),
    "lp S2": (certified.scores.lp(W, 2.0, "S2"), scores.lp(j, k, Integer(2), "S2")),
    "lp S4": (certified.scores.lp(W, 1.0, "S4"), scores.lp(j, k, Integer(1), "S4")),
    "stochria": (
        certified.scores.stochria(W, SAMPLES),
        scores.magnitude(j, k) * sum(1 / norm for norm in formulas.stochria_norms(j, k)),
    ),
}


@pytest.mark.parametrize("name", SCORES)
def test_a_score_is_the_formula(name: str):
    form, formula = SCORES[name]
    assert_contains(form, lambda row, column: evaluate(formula, data(row, column)).enclosure())


def test_one_term_of_ri_is_the_other_one_less():
    both, of_input, of_output = (
        certified.scores.ri(W, terms).value for terms in ("both", "input", "output")
    )
    assert all(
        (first + second - total).contains(0)
        for first, second, total in zip(of_input.flat, of_output.flat, both.flat, strict=True)
    )
    r = W.norm(1, axis=1)[:, None]
    expected = (abs(W) / r).value
    assert all(x.overlaps(y) for x, y in zip(of_input.flat, expected.flat, strict=True))


def test_length_correction_scales_the_sampled_norms():
    corrected = certified.scores.stochria(W, SAMPLES, length_corrected=True).value
    sampled = certified.scores.sampled(W, SAMPLES)
    r, q = sampled[0].norm(1, axis=1), sampled[1].norm(1, axis=0)
    for (row, column), ball in np.ndenumerate(corrected):
        weight = abs(W.value[row, column])
        # b = 2, c = 3 and τ = 2.
        terms = weight / (r.value[row] * arb(3) / 2), weight / q.value[column]
        assert ball.overlaps(terms[0] + terms[1])


CONSTRUCTIONS = {
    "magnitude": (certified.constructions.magnitude(W), formulas.magnitude(), {d: 1}),
    "wanda": (certified.constructions.wanda(X, W), formulas.wanda(), {d: 1}),
    "stade": (certified.constructions.stade(X, W), formulas.stade(), {d: 1}),
    "owanda": (certified.constructions.owanda(W, Y), formulas.owanda(), {a: 1}),
    "symmetric": (certified.constructions.symmetric(W), formulas.symmetric(), {}),
    "ri_constant": (certified.constructions.ri_constant(W, 3, 2), formulas.ri_constant(), {}),
    "ri_diagonal": (certified.constructions.ri_diagonal(W), formulas.ri_diagonal(), {}),
    "general_diagonal": (
        certified.constructions.general_diagonal(W, X, Y),
        formulas.general_diagonal(),
        {},
    ),
    "lp_aligned": (certified.constructions.lp_aligned(W, 3.0), formulas.lp_aligned(p), {}),
    "lp_unit_vectors": (
        certified.constructions.lp_unit_vectors(W, 3.0, carried(UNIT), carried(UNIT)),
        formulas.lp_unit_vectors(p),
        {
            a: 4,
            d: 4,
            **vector(formulas.u_vector, [Fraction(entry) for entry in UNIT]),
            **vector(formulas.v_vector, [Fraction(entry) for entry in UNIT]),
        },
    ),
}


@pytest.mark.parametrize("name", CONSTRUCTIONS)
def test_a_construction_is_the_formula(name: str):
    (form_x, form_y), formula, extra = CONSTRUCTIONS[name]
    env = {**data(1, 1), **extra}
    assert form_x.value.shape == tuple(evaluate(n, env).rational() for n in (formula.rows, b))
    assert form_y.value.shape == tuple(evaluate(n, env).rational() for n in (c, formula.columns))
    assert_contains(
        form_x, lambda i, n: evaluate(formula.x(Integer(i), Integer(n)), env).enclosure()
    )
    assert_contains(
        form_y, lambda n, i: evaluate(formula.y(Integer(n), Integer(i)), env).enclosure()
    )


def test_the_pointwise_construction_is_the_formula():
    form_x, form_y = certified.constructions.ria_pointwise(W, x_norm, 1, 2, 0.5)
    formula = formulas.ria_pointwise(j, k)
    env = {**data(2, 3), C: data(1, 1)[C]}
    assert_contains(
        form_x, lambda i, n: evaluate(formula.x(Integer(i), Integer(n)), env).enclosure()
    )
    assert_contains(
        form_y, lambda n, i: evaluate(formula.y(Integer(n), Integer(i)), env).enclosure()
    )
    assert evaluate(column_norm(2, C), env) == evaluate(column_norm(2), env)


@pytest.mark.parametrize("name", ["stochria_indicator", "stochria_aligned"])
def test_a_sampled_construction_is_the_formula(name: str):
    form_x, form_y = getattr(certified.constructions, name)(W, SAMPLES)
    formula = getattr(formulas, name)(j, k)

    def x(row: int, column: int) -> Any:
        return evaluate(formula.x(Integer(row), j), data(column, 1)).enclosure()

    def y(row: int, column: int) -> Any:
        return evaluate(formula.y(k, Integer(column)), data(1, row)).enclosure()

    assert_contains(form_x, x)
    assert_contains(form_y, y)
