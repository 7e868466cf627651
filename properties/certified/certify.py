"""From a layer to the verdict: computed scores and constructions against their bounds."""

from __future__ import annotations

from typing import Any

from flint import arb
from torch import Tensor

from pruneproof import reference
from pruneproof.properties.certified import scores as closed_forms
from pruneproof.properties.certified.arithmetic import Arithmetic
from pruneproof.properties.certified.bounds import Bounded, bounded
from pruneproof.properties.certified.constructions import Pair
from pruneproof.properties.certified.implementation import REFERENCE, Implementation
from pruneproof.properties.certified.ratio import assert_within
from pruneproof.properties.certified.strategies import Layer


def assert_score(
    implementation: Implementation,
    method: str,
    weight: Tensor,
    inputs: Tensor | None = None,
    outputs: Tensor | None = None,
    known: dict[str, Any] | None = None,
    **parameters: Any,
) -> None:
    """Assert that an implementation's scores are the closed form's, within the certified bound.

    Args:
        implementation: what is judged.
        method: name of the score.
        weight: out_features × in_features.
        inputs: tokens × in_features, for scores that need them.
        outputs: out_features × d, for scores that need them.
        known: what the closed form is told instead of the parameters (StochRIA's samples).
        parameters: of the score.
    """
    arithmetic = implementation.arithmetic(weight.dtype)
    scores = implementation.adapter.score(method, weight, inputs, outputs, **parameters)
    assert scores.dtype == arithmetic.result, (
        f"{method} must return {arithmetic.result}, got {scores.dtype}"
    )
    expected = expected_score(method, weight, inputs, outputs, arithmetic, **(known or parameters))
    assert_within(scores.T, expected, method)


def expected_score(
    method: str,
    weight: Tensor,
    inputs: Tensor | None,
    outputs: Tensor | None,
    arithmetic: Arithmetic,
    **parameters: Any,
) -> Bounded:
    """The exact scores, in × out, and how far a computed one may lie from them."""
    X, Y = (None if each is None else bounded(each, arithmetic) for each in (inputs, outputs))
    form = getattr(closed_forms, method)
    given = closed_forms.statistics(method, X, Y)
    return form(bounded(weight.T, arithmetic), **given, **parameters).stored()


def assert_construction(
    pair: tuple[Tensor, Tensor],
    expected: Pair,
    W: Tensor,
    score: Bounded,
    only: tuple[int, int] | None = None,
) -> None:
    """Assert that X and Y are the construction's, and that Lemma 3.1 then gives the score.

    Args:
        pair: the computed X and Y.
        expected: the exact ones, with bounds.
        W: weights, in_features × out_features.
        score: the closed form, without its final rounding.
        only: the weight that the construction is for, where it is not for all.
    """
    for name, computed, exact in zip("XY", pair, expected, strict=True):
        assert_within(computed, exact, name)
    X, Y = expected
    x, y = X.norm(2, axis=0), Y.norm(2, axis=1)
    by_lemma = closed_forms.symwanda(bounded(W, X.arithmetic), x, y).stored()
    x_norm = reference.activation_norms(pair[0])
    y_norm = reference.output_activation_norms(pair[1])
    scores = reference.symwanda(W, x_norm, y_norm)
    if only is not None:
        by_lemma, score, scores = by_lemma[only], score[only], scores[only]
    pairs = zip(_balls(by_lemma), _balls(score), strict=True)
    assert all(one.overlaps(other) for one, other in pairs), (
        "the exact score of X and Y is not the closed form"
    )
    assert_within(scores, by_lemma, "score of X and Y")


def weights(layer: Layer) -> Bounded:
    """The weights, in × out, exactly."""
    return argument(layer.W, layer)


def argument(tensor: Tensor, layer: Layer) -> Bounded:
    """Another argument that stands beside a layer's weights, exactly."""
    return bounded(tensor, REFERENCE.arithmetic(layer.weight.dtype))


def _balls(each: Bounded) -> list[arb]:
    return [arb(number) for number in each.value.flatten()]
