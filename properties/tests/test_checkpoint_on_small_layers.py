"""What runs on the checkpoint, run on small layers: it passes, and fails for what is wrong."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from pruneproof import reference
from pruneproof.properties import test_checkpoint as checkpoint
from pruneproof.properties.certified.implementation import (
    REFERENCE,
    Implementation,
    ReferenceAdapter,
)
from pruneproof.reference import constructions


@pytest.fixture
def real() -> checkpoint.RealLayer:
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(24, 20, generator=generator)
    return checkpoint.RealLayer(
        SimpleNamespace(weight=weight, inputs=torch.randn(30, 20, generator=generator))
    )


PROPERTIES = (
    checkpoint.test_every_score_is_within_its_bound,
    checkpoint.test_every_construction_gives_its_score,
    checkpoint.test_every_construction_is_exact_at_some_weights,
)


@pytest.mark.parametrize("holds", PROPERTIES)
def test_it_passes(real: checkpoint.RealLayer, holds):
    table = []
    holds(real, table)
    assert len(table) >= 11
    assert all(ratio <= 1 for *_, ratio in table)


@pytest.mark.parametrize("method", ["wanda", "symwanda_squared", "ri", "lp", "stochria"])
def test_a_score_that_is_one_ulp_off_is_rejected(
    monkeypatch: pytest.MonkeyPatch, real: checkpoint.RealLayer, method: str
):
    class OneUlpMore(ReferenceAdapter):
        def score(self, asked, *arguments, **named):
            S = super().score(asked, *arguments, **named)
            return torch.nextafter(S, torch.tensor(torch.inf)) if asked == method else S

    monkeypatch.setattr(checkpoint, "REFERENCE", Implementation(OneUlpMore(), REFERENCE.arithmetic))
    with pytest.raises(AssertionError, match=f"{method}: error ÷ bound"):
        checkpoint.test_every_score_is_within_its_bound(real, [])


def test_a_construction_of_other_samples_is_rejected(
    monkeypatch: pytest.MonkeyPatch, real: checkpoint.RealLayer
):
    other = reference.sampled_entries(*real.W.shape, ratio=0.1, seed=1)
    right = constructions.stochria_aligned
    monkeypatch.setattr(constructions, "stochria_aligned", lambda W, _: right(W, other))
    with pytest.raises(AssertionError, match="stochria_aligned: error ÷ bound"):
        checkpoint.test_every_construction_gives_its_score(real, [])


def test_an_inexact_construction_is_rejected(
    monkeypatch: pytest.MonkeyPatch, real: checkpoint.RealLayer
):
    right = checkpoint.reproductions

    def wrong(*arguments):
        found = right(*arguments)
        ri = found["ri_diagonal"]
        return {**found, "ri_diagonal": replace(ri, factor=ri.factor + ri.factor)}

    monkeypatch.setattr(checkpoint, "reproductions", wrong)
    with pytest.raises(AssertionError, match="ri_diagonal at weight"):
        checkpoint.test_every_construction_is_exact_at_some_weights(real, [])
