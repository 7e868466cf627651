"""What a property once accused wrongly, and judges rightly since."""

from typing import Any

import pytest
import torch

from pruneproof.properties.gate.adapter.subject import Subject
from pruneproof.properties.gate.catalogue import CATALOGUE
from pruneproof.properties.gate.conventions.values import resolved
from pruneproof.properties.gate.judge import judge
from pruneproof.properties.meta.faults.masks import Inverted, Masks, UpToTheLastPruned
from pruneproof.properties.meta.small import subject_of
from pruneproof.properties.meta.variants.statistics import NormAlone


@pytest.mark.parametrize("identity", ["mask.scaling", "mask.half_precision"])
def test_a_wrong_mask_that_scales_is_not_accused_of_not_scaling(identity: str):
    result = judge(CATALOGUE[identity], "wanda", subject_of(Inverted), "", "exhaustive")
    assert result.verdict == "passed"


def test_where_all_equal_scores_go_no_order_is_seen():
    assert subject_of(UpToTheLastPruned).conventions["ties"] == "any"


@pytest.mark.parametrize(
    ("identity", "verdict"),
    [
        ("statistics.norm", "passed"),
        ("statistics.batching", "passed"),
        ("statistics.mean", "unsupported"),
        ("statistics.variance_sign", "unsupported"),
        ("statistics.tokens", "unsupported"),
    ],
)
def test_what_statistics_leave_out_is_unsupported(identity: str, verdict: str):
    result = judge(CATALOGUE[identity], "all", subject_of(NormAlone), "")
    assert result.verdict == verdict


class NoDeadLines(Masks):
    """Offers no scores of a layer with a zero row or column."""

    def score(self, method: str, weight: torch.Tensor, *given: Any) -> torch.Tensor:
        if method != "magnitude" or (weight == 0).all(0).any():
            raise NotImplementedError(method)
        return weight.abs()


def test_what_is_not_implemented_is_no_error_of_dead_lines():
    assert resolved(Subject(NoDeadLines()))["dead"] == "zero"
