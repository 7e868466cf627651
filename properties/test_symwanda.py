"""The symmetric score is what removing one weight costs (Lemma 3.1)."""

from hypothesis import given
from hypothesis import strategies as st

from pruneproof.properties.certified.certify import assert_score
from pruneproof.properties.certified.implementation import Implementation
from pruneproof.properties.certified.strategies import Layer, layers
from pruneproof.properties.exact.formulas import (
    environment,
    evaluated,
    positions,
    smallest,
    symmetric_objective,
)
from pruneproof.properties.exact.rationals import ExactLayer, exact_layers
from pruneproof.symbolic import scores
from pruneproof.symbolic.exact import Radical
from pruneproof.symbolic.notation import j, k

SCORE = scores.symwanda(j, k)


@given(exact_layers())
def test_removing_one_weight_costs_its_score(layer: ExactLayer) -> None:
    """g after removing any one weight is exactly its score.

    Statement: Lemma 3.1. Level: MUST.
    """
    W, X, Y = layer.W, layer.X, layer.Y
    for position, score in evaluated(SCORE, environment(W, X=X, Y=Y)).items():
        assert symmetric_objective(W, [position], X, Y) == score


@given(exact_layers())
def test_the_lowest_score_is_the_best_single_removal(layer: ExactLayer) -> None:
    """The weights of the lowest score are exactly those whose removal raises g least.

    Statement: Lemma 3.1. Level: MUST.
    """
    W, X, Y = layer.W, layer.X, layer.Y
    env = environment(W, X=X, Y=Y)
    costs = {position: symmetric_objective(W, [position], X, Y) for position in positions(env)}
    assert smallest(evaluated(SCORE, env)) == smallest(costs)


@given(exact_layers(), st.data())
def test_removing_a_set_costs_at_most_its_scores(layer: ExactLayer, data: st.DataObject) -> None:
    """g after removing several weights is at most the sum of their scores.

    Statement: after Lemma 3.1, whose iteration gives no more than this. Level: MUST.
    """
    W, X, Y = layer.W, layer.X, layer.Y
    env = environment(W, X=X, Y=Y)
    removed = data.draw(st.sets(st.sampled_from(sorted(positions(env)))), label="removed")
    scores_of_weights = evaluated(SCORE, env)
    total = sum((scores_of_weights[position] for position in removed), Radical())
    assert (total - symmetric_objective(W, removed, X, Y)).sign() >= 0


@given(layers(empty=True))
def test_symwanda_is_within_its_bound(implementation: Implementation, layer: Layer) -> None:
    """Computed scores are the exact ones of the same floats, up to the certified bound.

    Statement: Lemma 3.1, Eq. (1). Level: MUST.
    """
    assert_score(implementation, "symwanda", layer.weight, layer.inputs, layer.outputs)
