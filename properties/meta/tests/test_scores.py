"""Faults of scores reproduce by their snippets; weights that tell their samples do."""

from itertools import combinations

import numpy as np
import pytest
import torch

from pruneproof.properties.gate.catalogue import CATALOGUE
from pruneproof.properties.gate.comparing.samples import WEIGHTS, Reader
from pruneproof.properties.gate.examples.layers import Example
from pruneproof.properties.gate.judge import judge
from pruneproof.properties.meta.everything import FAULTS
from pruneproof.properties.meta.faults import scores, stochria
from pruneproof.properties.meta.small import subject_of

OWN = [
    name
    for name, fault in FAULTS.items()
    if fault.adapter.__module__ in (scores.__name__, stochria.__name__)
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


@pytest.mark.parametrize("tau", [1, 2, 3, 4])
def test_no_two_samples_give_scores_within_rounding(tau: int):
    # Blocks and the transpose have fewer of the same sums.
    reader = Reader(Example("stochria", WEIGHTS, parameters={"ratio": tau / 4}), torch.float32)
    possible = np.sort(reader.scores.reshape(*WEIGHTS.shape, -1), 2)
    gaps = np.diff(possible) / possible[..., 1:]
    assert not gaps.size or gaps.min() > 20 * reader.tolerance


@pytest.mark.parametrize("tau", [2, 3, 4])
def test_a_sample_with_an_entry_twice_is_told_from_all_others(tau: int):
    reader = Reader(Example("stochria", WEIGHTS, parameters={"ratio": tau / 4}), torch.float32)
    weight = WEIGHTS.abs().double().numpy()
    twice = [each for each in combinations([0, 0, 1, 2, 3], tau) if len(set(each)) < tau]
    for (j, k), of_output in np.ndenumerate(np.full(weight.shape, 0)):
        r = 1 / weight[twice, k].sum(1)
        q = 1 / weight[j][reader.of_outputs[of_output]].sum()
        errors = np.abs(weight[j, k] * (r + q)[:, None] / reader.scores[j, k].ravel() - 1)
        assert errors.min() > reader.tolerance
