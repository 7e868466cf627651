"""The squared symmetric score is the root of what removing one weight costs in g′ (Appendix B)."""

from hypothesis import given

from pruneproof.properties.certified.certify import assert_score
from pruneproof.properties.certified.implementation import Implementation
from pruneproof.properties.certified.strategies import Layer, layers
from pruneproof.properties.exact.formulas import environment, evaluated, positions, squared_errors
from pruneproof.properties.exact.rationals import ExactLayer, exact_layers
from pruneproof.symbolic import scores
from pruneproof.symbolic.notation import j, k

# A root of a sum of radicals has no exact form here, but its square has.
SQUARED_SCORE = scores.symwanda_squared(j, k) ** 2


@given(exact_layers())
def test_removing_one_weight_costs_its_squared_score(layer: ExactLayer) -> None:
    """g′ after removing any one weight is exactly its squared score.

    Statement: Appendix B. Level: MUST.
    """
    env = environment(layer.W, X=layer.X, Y=layer.Y)
    squares = evaluated(SQUARED_SCORE, env)
    for position in positions(env):
        assert squares[position] == sum(squared_errors(layer.W, [position], layer.X, layer.Y))


@given(layers(empty=True))
def test_symwanda_squared_is_within_its_bound(implementation: Implementation, layer: Layer) -> None:
    """Computed scores are the exact ones of the same floats, up to the certified bound.

    Statement: Appendix B. Level: MUST.
    """
    assert_score(implementation, "symwanda_squared", layer.weight, layer.inputs, layer.outputs)
