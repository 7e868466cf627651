"""Reconstruction errors are exact up to their certified bounds."""

from types import ModuleType

import torch
from hypothesis import given
from hypothesis import strategies as st

from pruneproof.properties import certified
from pruneproof.properties.certified.bounds import Bounded
from pruneproof.properties.certified.certify import argument, weights
from pruneproof.properties.certified.ratio import assert_within
from pruneproof.properties.certified.strategies import LARGEST_DOUBLE, Layer, layers

# Gram matrices hold squares of products, which leave float64's range earlier.
LARGEST_WITH_GRAM = 2.0**100


@st.composite
def prunings(draw: st.DrawFn, largest: float = LARGEST_DOUBLE) -> tuple[Layer, torch.Tensor]:
    """A layer, and True where its weights (in × out) are removed."""
    layer = draw(layers(empty=True, largest=largest))
    each = st.lists(st.booleans(), min_size=layer.W.numel(), max_size=layer.W.numel())
    return layer, torch.tensor(draw(each), dtype=torch.bool).reshape(layer.W.shape)


def exact_arguments(layer: Layer, removed: torch.Tensor) -> tuple[Bounded, ...]:
    """W, W̃, X and Y, exactly."""
    W = weights(layer)
    X, Y = argument(layer.inputs, layer), argument(layer.outputs, layer)
    return W, W.masked(~removed.numpy()), X, Y


@given(prunings())
def test_the_input_error_is_within_its_bound(
    library: ModuleType, pruning: tuple[Layer, torch.Tensor]
) -> None:
    """f = ‖X(W̃ − W)‖_F² is exact up to its bound.

    Statement: (InpRecon). Level: MUST.
    """
    layer, removed = pruning
    W, W_pruned, X, _ = exact_arguments(layer, removed)
    pruned = layer.W.masked_fill(removed, 0)
    computed = library.input_reconstruction(layer.W, pruned, layer.inputs)
    assert_within(computed, certified.objectives.input_reconstruction(W, W_pruned, X), "f")


@given(prunings())
def test_the_symmetric_objectives_are_within_their_bounds(
    library: ModuleType, pruning: tuple[Layer, torch.Tensor]
) -> None:
    """g and g′ are exact up to their bounds.

    Statement: (Sym) and Appendix B. Level: MUST.
    """
    layer, removed = pruning
    exact = exact_arguments(layer, removed)
    arguments = layer.W, layer.W.masked_fill(removed, 0), layer.inputs, layer.outputs
    for name in ("symmetric_objective", "squared_objective"):
        computed = getattr(library, name)(*arguments)
        assert_within(computed, getattr(certified.objectives, name)(*exact), name)


@given(prunings(LARGEST_WITH_GRAM))
def test_the_cost_of_a_set_is_within_its_bound(
    library: ModuleType, pruning: tuple[Layer, torch.Tensor]
) -> None:
    """g of a set of removed weights, from Gram matrices alone, is exact up to its bound.

    Statement: (Sym). Level: MUST.
    """
    layer, removed = pruning
    W, _, X, Y = exact_arguments(layer, removed)
    x_gram, y_gram = library.gram(layer.inputs), library.gram(layer.outputs.T)
    assert_within(x_gram, certified.objectives.gram(X), "XᵀX")
    assert_within(y_gram, certified.objectives.gram(Y.T), "YYᵀ")
    computed = library.removal_cost(layer.W, removed, x_gram, y_gram)
    assert_within(
        computed, certified.objectives.removal_cost(W, removed.numpy(), X, Y), "g of a set"
    )
