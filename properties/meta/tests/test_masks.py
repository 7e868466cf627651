"""Faults of masks and conventions reproduce by their snippets; counts are what they are."""

import pytest

from pruneproof.properties.gate.catalogue import CATALOGUE
from pruneproof.properties.gate.comparing.masks import allowed_counts
from pruneproof.properties.gate.judge import judge
from pruneproof.properties.meta.everything import FAULTS
from pruneproof.properties.meta.faults import conventions, masks, n_m
from pruneproof.properties.meta.small import subject_of

OWN = [
    name
    for name, fault in FAULTS.items()
    if fault.adapter.__module__ in (conventions.__name__, masks.__name__, n_m.__name__)
]


@pytest.mark.parametrize("name", OWN)
def test_the_snippet_fails_as_the_gate_did(name: str):
    fault = FAULTS[name]
    identity, method = fault.caught_by.split(":")
    target = f"{fault.adapter.__module__}:{name}"
    result = judge(
        CATALOGUE[identity], method, subject_of(fault.adapter), target, "exhaustive", shrink=False
    )
    with pytest.raises(AssertionError, match=".") as caught:
        exec(result.failure["snippet"], {})
    assert result.failure["message"] in str(caught.value)


@pytest.mark.parametrize(
    ("n", "sparsity", "count", "allowed"),
    [
        (100, 0.29, "floor", [28]),
        (100, 0.29, "round", [29]),
        (10, 0.7, "floor", [7]),
        (10, 0.25, "round", [2, 3]),
        (100, 0.07, "ceil", [7, 8]),
        (10, 1e-300, "ceil", [0, 1]),
        (10, 1 - 2.0**-53, "floor", [9]),
    ],
)
def test_allowed_counts(n: int, sparsity: float, count: str, allowed: list[int]):
    assert allowed_counts(n, sparsity, count) == allowed
