"""The table of tests that every method enters: its function does what its record says."""

import math
from inspect import signature

import pytest
import torch
from torch import Tensor

from pruneproof import reference
from pruneproof.reference import refinements, scores
from pruneproof.reference.methods import (
    INPUTS,
    REFINEMENTS,
    REORDERED,
    SCORES,
    SHIFTS,
    SIGNS,
    Interval,
)

GENERATOR = torch.Generator().manual_seed(5)
W = torch.randint(-9, 10, (4, 6), generator=GENERATOR).double()
# Whole numbers, so that adding others to them is exact.
X = torch.randint(-9, 10, (8, 4), generator=GENERATOR).double()
Y = torch.randint(-9, 10, (6, 3), generator=GENERATOR).double()
METHODS = {**SCORES, **REFINEMENTS}
NUMBERS = {"alpha": (0.0, 0.5, 1.0, 2.0), "p": (0.0, 1.0, 2.0, math.inf), "ratio": (0.5, 1.0)}
"""Values with which a factor that is a power of four is not rounded."""


def choices(method) -> list[dict]:
    """The defaults, and every value to try of one parameter."""
    found = [{}]
    for name, parameter in method.parameters.items():
        allowed = parameter.allowed
        words = (False, True) if allowed is bool else allowed
        values = NUMBERS.get(name, ()) if isinstance(allowed, Interval) else words
        found += [{name: value} for value in values]
    return found


CASES = [
    pytest.param(name, chosen, id=f"{name}-{chosen}")
    for name, score in SCORES.items()
    for chosen in choices(score)
]


def scored(name: str, W: Tensor = W, X: Tensor = X, Y: Tensor = Y, **parameters) -> Tensor:
    """By the function, with the statistics that the record names."""
    score = SCORES[name]
    given = {
        argument: statistic.compute(X if statistic.of == INPUTS else Y)
        for argument, statistic in score.statistics.items()
    }
    return score.function(W, **given, **parameters)


@pytest.mark.parametrize("name", METHODS)
def test_it_is_exported_by_its_name(name):
    assert getattr(reference, name) is METHODS[name].function
    assert name in reference.__all__


@pytest.mark.parametrize(("package", "records"), [(scores, SCORES), (refinements, REFINEMENTS)])
def test_every_function_of_weights_has_a_record(package, records):
    functions = {name: getattr(package, name) for name in package.__all__}
    of_weights = {
        name for name, each in functions.items() if "W" in getattr(each, "__annotations__", {})
    }
    assert of_weights == set(records)


@pytest.mark.parametrize("name", METHODS)
def test_the_record_has_each_argument_and_the_docstring_its_default_range_and_source(name):
    method = METHODS[name]
    arguments = set(signature(method.function).parameters) - {"W", "keep", "m"}
    assert arguments == {*method.statistics, *method.parameters}
    for argument in arguments:
        assert f"        {argument}: " in method.function.__doc__, argument
    assert "Source: " in method.function.__doc__
    for parameter, default in method.defaults.items():
        allowed = method.parameters[parameter].allowed
        assert method.parameters[parameter].source
        if isinstance(allowed, tuple):
            assert default in allowed
        elif allowed is bool:
            assert isinstance(default, bool)
        else:
            assert allowed.low <= default <= allowed.high
            assert isinstance(default, int) or not allowed.whole


@pytest.mark.parametrize("name", METHODS)
def test_the_accumulator_has_the_statistics_of_all_activations(name):
    for statistic in METHODS[name].statistics.values():
        tokens = X if statistic.of == INPUTS else Y.T
        whole = statistic.compute(X if statistic.of == INPUTS else Y)
        seen = reference.ActivationStatistics(tokens.shape[1], moments=statistic.moments)
        for batch in tokens.split(3):
            seen.update(batch)
        # Two ways to add eight whole numbers, whose squares are exact, and to merge three batches:
        # fewer than 2⁷ roundings by 2⁻⁵³ each, of numbers that are 1 or more, or 0.
        torch.testing.assert_close(getattr(seen, statistic.name), whole, rtol=2**-46, atol=2**-46)


@pytest.mark.parametrize(("name", "chosen"), CASES)
def test_scores_of_scaled_weights_are_scaled_by_the_degree(name, chosen):
    factor = 4.0 ** SCORES[name].degree_in_weight(**chosen)
    assert torch.equal(scored(name, 4 * W, **chosen), factor * scored(name, **chosen))


@pytest.mark.parametrize(("name", "chosen"), CASES)
def test_scores_of_scaled_activations_are_scaled_by_the_degree(name, chosen):
    factor = 4.0 ** SCORES[name].degree_in_activations(**chosen)
    assert torch.equal(scored(name, W, 4 * X, 4 * Y, **chosen), factor * scored(name, **chosen))


@pytest.mark.parametrize(("name", "chosen"), CASES)
def test_what_it_does_not_need_changes_nothing_and_may_be_none(name, chosen):
    score = SCORES[name]
    needed, whole = score.needs(**chosen), scored(name, **chosen)
    other = scored(name, W, 2 * X + 1, 3 * Y, **chosen)
    assert torch.equal(whole, other) == (not needed)
    if not needed:
        nothing = dict.fromkeys(score.statistics)
        assert torch.equal(score.function(W, **nothing, **chosen), whole)


@pytest.mark.parametrize("name", SCORES)
def test_it_is_invariant_where_the_record_says_so_and_only_there(name):
    inputs, outputs = [2, 0, 3, 1], [5, 3, 1, 0, 2, 4]
    reordered = scored(name, W[inputs][:, outputs], X[:, inputs], Y[outputs])
    # Sums of at most six numbers in another order, which are not exact in `lp` alone: fewer than
    # 2⁸ roundings by 2⁻⁵³ each.
    same = torch.allclose(reordered, scored(name)[inputs][:, outputs], rtol=2**-45, atol=0)
    assert same == (REORDERED in SCORES[name].keeps)
    signed = scored(name, W.abs(), X.abs(), Y.abs())
    assert torch.equal(signed, scored(name)) == (SIGNS in SCORES[name].keeps)
    # The accumulator takes fewer than 2⁶ roundings of numbers below 2⁷, by 2⁻⁵³ each.
    shifted = torch.allclose(scored(name, X=X + 64), scored(name), rtol=2**-40, atol=0)
    assert shifted == (SHIFTS in SCORES[name].keeps or not SCORES[name].takes(INPUTS))


@pytest.mark.parametrize("name", SCORES)
def test_it_samples_where_the_record_says_so(name):
    score = SCORES[name]
    assert score.samples == ("seed" in score.parameters)
    if score.samples:
        assert not torch.equal(scored(name, seed=0), scored(name, seed=1))
    assert torch.equal(scored(name), scored(name))


@pytest.mark.parametrize("name", [name for name, each in SCORES.items() if each.transposed])
def test_the_transposed_layer_has_the_transposed_scores(name):
    swapped = {"input": "output", "output": "input"}
    for chosen in choices(SCORES[name]):
        if chosen.get("alpha"):
            continue
        other = {key: swapped.get(value, value) for key, value in chosen.items()}
        partner = SCORES[name].transposed
        # The same sums in another order, as above.
        transposed = scored(partner, W.T.contiguous(), Y.T, X.T, **other).T
        torch.testing.assert_close(transposed, scored(name, **chosen), rtol=2**-45, atol=0)


@pytest.mark.parametrize("name", SCORES)
def test_a_weight_of_zero_scores_zero_also_where_its_line_is_dead(name):
    weights = W.clone()
    weights[1], weights[:, 2] = 0, 0
    assert (scored(name, weights)[weights == 0] == 0).all()
