"""STADE is the symmetric score for centred inputs and Y = 0 (beyond the paper)."""

from types import ModuleType

import torch
from hypothesis import given

from pruneproof.properties import certified
from pruneproof.properties.certified.centred import centred_norm
from pruneproof.properties.certified.certify import (
    argument,
    assert_construction,
    assert_score,
    weights,
)
from pruneproof.properties.certified.implementation import Implementation
from pruneproof.properties.certified.strategies import Layer, layers
from pruneproof.properties.exact.formulas import assert_reproduces, environment
from pruneproof.properties.exact.rationals import ExactLayer, exact_layers
from pruneproof.symbolic import constructions as formulas
from pruneproof.symbolic import scores
from pruneproof.symbolic.notation import j, k


@given(exact_layers())
def test_centred_inputs_give_stade(layer: ExactLayer) -> None:
    """With the means taken off X and Y = 0, Lemma 3.1's score is exactly STADE's.

    Statement: centred_inputs_recover_stade. Level: MUST.
    """
    env = environment(layer.W, X=layer.X)
    assert_reproduces(formulas.stade(), scores.stade(j, k), env)


@given(layers(empty=True))
def test_stade_is_within_its_bound(implementation: Implementation, layer: Layer) -> None:
    """Computed scores are the exact ones of the same floats, up to the certified bound.

    Statement: centred_inputs_recover_stade. Level: MUST.
    """
    assert_score(implementation, "stade", layer.weight, layer.inputs)


@given(layers())
def test_inputs_that_never_vary_score_zero(implementation: Implementation, layer: Layer) -> None:
    """Where all tokens are the same, the bias can replace every input, and every score is 0.

    Statement: a_bias_that_takes_over_the_mean_leaves_stades_score. Level: MUST.
    """
    inputs = layer.inputs[:1].expand(len(layer.inputs), -1)
    scores = implementation.adapter.score("stade", layer.weight, inputs)
    assert torch.equal(scores, torch.zeros_like(scores))


@given(layers(empty=True))
def test_its_construction_is_within_its_bound(constructions: ModuleType, layer: Layer) -> None:
    """X and Y are exact up to their bounds, and so is the score that they give.

    Statement: centred_inputs_recover_stade. Level: MUST.
    """
    W, X = weights(layer), argument(layer.inputs, layer)
    pair = constructions.stade(layer.inputs, layer.W)
    score = certified.scores.stade(W, centred_norm(X))
    assert_construction(pair, certified.constructions.stade(X, W), layer.W, score)
