"""The snippets of wrong statistics fail, and the bounds hold with room for neither fault."""

import random

import pytest
import torch

from pruneproof.properties.gate.adapter.subject import Subject
from pruneproof.properties.gate.catalogue import CATALOGUE
from pruneproof.properties.gate.comparing.moments import moments
from pruneproof.properties.gate.judge import judge
from pruneproof.properties.meta.faults import statistics as faults
from pruneproof.properties.meta.registry import FAULTS
from pruneproof.properties.meta.variants import statistics as variants

WRONG = [name for name, fault in FAULTS.items() if fault.adapter.__module__ == faults.__name__]
RIGHT = [variants.Welford, variants.MergedBatches, variants.AllAtOnce, variants.ShiftedData]


@pytest.mark.parametrize("name", WRONG)
def test_the_snippet_of_a_fault_fails(name: str):
    fault = FAULTS[name]
    identity, method = fault.caught_by.split(":")
    target = f"{faults.__name__}:{name}"
    result = judge(
        CATALOGUE[identity], method, Subject(fault.adapter()), target, "exhaustive", shrink=False
    )
    assert result.verdict == "failed"
    # An adapter that raised does so again.
    with pytest.raises(AssertionError if fault is not FAULTS["MatricesOnly"] else IndexError):
        exec(result.failure["snippet"], {})


def samples(count: int):
    """Tokens of every condition number, with what the mean and the spread are."""
    generator = random.Random(0)
    for _ in range(count):
        n, far = generator.randint(1, 16), 10.0 ** generator.randint(0, 6)
        kind = generator.choice([generator.random, lambda: generator.choice([0.1, 0.1, 0.7])])
        yield torch.tensor([[far + kind()] for _ in range(n)])


@pytest.mark.parametrize("adapter", RIGHT)
@pytest.mark.parametrize("singly", [False, True])
def test_float32_is_within_the_bounds_for_every_condition_number(adapter: type, singly: bool):
    for X in samples(200):
        batches = list(X.split(1)) if singly else [X[: len(X) // 3 + 1], X[len(X) // 3 + 1 :]]
        found = adapter().activation_statistics([batch for batch in batches if len(batch)])
        for key, exact in moments(X, torch.float32, double=False).items():
            error = abs(found[key].item() - exact.value[0])
            assert error <= exact.bound[0] / 2, (key, X, error / exact.bound[0])


def test_the_difference_of_squares_is_not():
    X = 30_000 + torch.tensor([[0.1], [0.6], [2.9], [1.3], [3.7]])
    exact = moments(X, torch.float32, double=False)["var"]
    var = faults.DifferenceOfSquares().activation_statistics([X])["var"]
    assert abs(var.item() - exact.value[0]) > 2 * exact.bound[0]


def test_the_bounds_of_halves_include_the_final_rounding():
    X = torch.tensor([[1.0], [1.0078125]], dtype=torch.bfloat16)
    exact = moments(X, torch.bfloat16, double=False)["mean"]
    assert exact.value == [1.00390625]
    assert abs(1.0 - exact.value[0]) <= exact.bound[0] < 0.005


def test_statistics_of_no_tokens_are_refused():
    with pytest.raises(ValueError, match="at least 1, got 0"):
        moments(torch.ones(0, 1), torch.float32, double=False)


def test_a_norm_of_many_tokens_may_come_from_their_mean_and_variance():
    X = 1000 + torch.arange(500.0).remainder(7)[:, None]
    exact = moments(X, torch.float32, double=False)["norm"]
    got = (len(X) * (X.var(0, correction=0) + X.mean(0) ** 2)).sqrt().item()
    assert abs(got - exact.value[0]) <= exact.bound[0] < 1e-3 * exact.value[0]
