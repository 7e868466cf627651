"""Norms, on which every score stands, are exact up to their certified bounds."""

from types import ModuleType

from hypothesis import given

from pruneproof.properties.certified.certify import argument, weights
from pruneproof.properties.certified.ratio import assert_within
from pruneproof.properties.certified.strategies import Layer, layers, norm_orders


@given(layers(empty=True), norm_orders())
def test_norms_of_inputs_are_within_their_bound(
    library: ModuleType, layer: Layer, order: float
) -> None:
    """‖W_j:‖_p is exact up to its bound, and 0 for an input without a weight.

    Statement: §3.4 and §3.5.1. Level: MUST.
    """
    expected = weights(layer).norm(order, axis=1)
    assert_within(library.input_norms(layer.W, order), expected, "norms of inputs")


@given(layers(empty=True), norm_orders())
def test_norms_of_outputs_are_within_their_bound(
    library: ModuleType, layer: Layer, order: float
) -> None:
    """‖W_:k‖_p is exact up to its bound, and 0 for an output without a weight.

    Statement: §3.4 and §3.5.1. Level: MUST.
    """
    expected = weights(layer).norm(order, axis=0)
    assert_within(library.output_norms(layer.W, order), expected, "norms of outputs")


@given(layers(empty=True))
def test_norms_of_activations_are_within_their_bound(library: ModuleType, layer: Layer) -> None:
    """‖X_:j‖₂ over all tokens and ‖Y_k:‖₂ are exact up to their bounds.

    Statement: Eq. (1). Level: MUST.
    """
    X, Y = argument(layer.inputs, layer), argument(layer.outputs, layer)
    assert_within(library.activation_norms(layer.inputs), X.norm(2, axis=0), "norms of X")
    assert_within(library.output_activation_norms(layer.outputs), Y.norm(2, axis=1), "norms of Y")
