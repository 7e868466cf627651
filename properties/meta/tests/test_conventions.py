"""Conventions: what is declared is validated, and what is measured is what an adapter does."""

from typing import Any

import pytest
import torch
from torch import Tensor

from pruneproof.properties.gate.adapter.subject import AdapterError, Subject
from pruneproof.properties.gate.conventions.smoke import look_at
from pruneproof.properties.gate.conventions.values import VALUES, measured, resolved
from pruneproof.properties.gate.reference_adapter import Adapter
from pruneproof.properties.meta.faults.conventions import LayerUndeclared, Relative
from pruneproof.properties.meta.faults.masks import GroupsOfInputs, Masks, OneMore
from pruneproof.properties.meta.variants.masks import DenseRest, PaddedRest, RandomTies

DEFAULTS = {key: values[0] for key, values in VALUES.items()}


class Nothing:
    """Supports nothing."""


class Declaring:
    """Declares, and does nothing else."""

    def __init__(self, conventions: Any) -> None:
        self.conventions = conventions


class StochRIAOnly(Adapter):
    """Its other scores are unsupported."""

    def score(self, method: str, *others: Any, **named: Any) -> Tensor:
        """Of StochRIA."""
        if method != "stochria":
            raise NotImplementedError(method)
        return super().score(method, *others, **named)


class Doubled(Relative):
    """Twice the scores."""

    def scaled(self, scores: Tensor) -> Tensor:
        """Undeclared."""
        return 2 * scores


class Wider(Masks):
    """A mask of another shape where m does not divide in_features."""

    def n_of_m(self, scores: Tensor, n: int, m: int) -> Tensor:
        """Of the padded scores."""
        return super().n_of_m(torch.nn.functional.pad(scores, (0, -scores.shape[1] % m)), n, m)


def seen(adapter: Any) -> dict[str, str]:
    subject = Subject(adapter)
    return measured(subject, look_at(subject))


def test_the_reference_does_what_it_declares():
    assert seen(Adapter()) == DEFAULTS | {"ties": "lowest_index"}


def test_nothing_can_be_measured_of_nothing():
    assert seen(Nothing()) == dict.fromkeys(VALUES, "unknown")


@pytest.mark.parametrize(
    ("adapter", "key", "value"),
    [
        (LayerUndeclared, "group", "layer"),
        (GroupsOfInputs, "group", "other"),
        (StochRIAOnly, "group", "output"),
        (OneMore, "count", "other"),
        (RandomTies, "ties", "any"),
        (DenseRest, "tail", "dense"),
        (PaddedRest, "tail", "prune_partial"),
        (Wider, "tail", "other"),
        (Doubled, "score_scale", "positive_multiple"),
        (StochRIAOnly, "score_scale", "unknown"),
    ],
)
def test_what_is_measured(adapter: type, key: str, value: str):
    assert seen(adapter())[key] == value


@pytest.mark.parametrize(
    ("adapter", "key", "value"),
    [
        (LayerUndeclared, "group", "layer"),
        (OneMore, "count", "floor"),
        (Doubled, "score_scale", "exact"),
        (Masks, "ties", "any"),
    ],
)
def test_what_is_undeclared_is_measured_unless_that_would_hide_or_make_a_failure(
    adapter: type, key: str, value: str
):
    subject = Subject(adapter())
    assert resolved(subject)[key] == value
    assert subject.calls == []


@pytest.mark.parametrize(
    ("conventions", "message"),
    [
        ({"groups": "layer"}, "no key 'groups', only group, count"),
        ({"group": "row"}, r"conventions\['group'\] must be one of output, layer, got 'row'"),
        ("layer", "must be a dict, got str"),
    ],
)
def test_a_declaration_that_means_nothing_is_an_error(conventions: Any, message: str):
    with pytest.raises(AdapterError, match=message):
        resolved(Subject(Declaring(conventions)))
