"""A transposed formula is worth on a layer what the formula is worth on the transposed layer."""

import random

import pytest

from pruneproof.symbolic import scores
from pruneproof.symbolic.claims.symmetric import symmetric_row_orders_weights_like_corollary_3_4
from pruneproof.symbolic.claims.worlds import LAYER, live
from pruneproof.symbolic.exact import evaluate
from pruneproof.symbolic.notation import W, X, Y, a, b, c, d, j, k
from pruneproof.symbolic.transposition import transposed, with_entries

FORMULAS = {
    "wanda": scores.wanda(k, j),
    "symwanda": scores.symwanda(k, j),
    "ri": scores.ri(k, j),
    "ria": scores.ria(k, j, 1),
}


def flipped(table):
    return {position[::-1]: value for position, value in table.items()}


@pytest.mark.parametrize("formula", FORMULAS.values(), ids=FORMULAS)
def test_the_transposed_formula_reads_the_transposed_layer(formula):
    generator = random.Random(0)
    for _ in range(10):
        env = live(LAYER).sample(generator)
        swapped = {a: env[d], b: env[c], c: env[b], d: env[a], j: env[j], k: env[k]}
        swapped |= {W: flipped(env[W]), X: flipped(env[Y]), Y: flipped(env[X])}
        assert evaluate(transposed(formula), env) == evaluate(formula, swapped)
        assert transposed(transposed(formula)) == formula


def test_other_entries_take_the_place_of_the_old_ones():
    doubled = with_entries(scores.wanda(j, k), {W: lambda row, column: 2 * W[row, column]})
    env = LAYER.sample(random.Random(0))
    assert evaluate(doubled, env) == evaluate(2 * scores.wanda(j, k), env)


def test_the_witness_of_table_1_has_the_values_of_its_note():
    claim = symmetric_row_orders_weights_like_corollary_3_4()
    values = [
        f"{float(evaluate(score(1, n), claim.witness)):.2f}"
        for score in (scores.symmetric, scores.symmetric_squared)
        for n in (1, 2)
    ]
    assert values == ["8.32", "8.94", "6.48", "6.32"]
    assert "8.32 < 8.94" in claim.note
    assert "6.48 > 6.32" in claim.note
