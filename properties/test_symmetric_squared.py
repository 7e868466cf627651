"""The squared symmetric score of the weights alone is the one for X = Y = Wᵀ (Appendix B)."""

from hypothesis import given

from pruneproof.properties.certified.certify import assert_score
from pruneproof.properties.certified.implementation import Implementation
from pruneproof.properties.certified.strategies import Layer, layers
from pruneproof.properties.exact.formulas import environment, evaluated, positions, squared_errors
from pruneproof.properties.exact.rationals import ExactLayer, exact_layers
from pruneproof.symbolic import scores
from pruneproof.symbolic.notation import j, k


@given(exact_layers())
def test_the_transposed_weights_give_symmetric_squared(layer: ExactLayer) -> None:
    """With X = Y = Wᵀ, removing one weight costs exactly its squared score in g′.

    Statement: Appendix B, case 3. Level: MUST.
    """
    env = environment(layer.W)
    transposed = [list(column) for column in zip(*layer.W, strict=True)]
    squares = evaluated(scores.symmetric_squared(j, k) ** 2, env)
    for position in positions(env):
        errors = squared_errors(layer.W, [position], transposed, transposed)
        assert squares[position] == sum(errors)


@given(layers(empty=True))
def test_symmetric_squared_is_within_its_bound(
    implementation: Implementation, layer: Layer
) -> None:
    """Computed scores are the exact ones of the same floats, up to the certified bound.

    Statement: Appendix B, case 3, and Table 1, Symmetric. Level: MUST.
    """
    assert_score(implementation, "symmetric_squared", layer.weight)
