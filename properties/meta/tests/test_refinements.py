"""The snippets of wrong refinements fail, and examples are what they are said to be."""

import pytest
import torch

from pruneproof.properties.gate.adapter.subject import Subject
from pruneproof.properties.gate.catalogue import CATALOGUE
from pruneproof.properties.gate.checks.refinement_examples import is_clear, is_separated, options_of
from pruneproof.properties.gate.examples.layers import Example
from pruneproof.properties.gate.judge import judge
from pruneproof.properties.meta.faults import refinements as faults
from pruneproof.properties.meta.registry import FAULTS
from pruneproof.properties.meta.variants import refinements as variants

WRONG = [name for name, fault in FAULTS.items() if fault.adapter.__module__ == faults.__name__]
MUSTS = [p for p in CATALOGUE.values() if p.kind == "refine" and p.level == "MUST"]


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
    raised = ZeroDivisionError if name == "RefusesConstantInputs" else AssertionError
    with pytest.raises(raised):
        exec(result.failure["snippet"], {})


@pytest.mark.parametrize("prop", MUSTS, ids=lambda prop: prop.id)
def test_what_never_swaps_breaks_no_must_but_agreement(prop):
    others = {"refine.guard": "unsupported", "refine.agreement": "failed"}
    for method in prop.methods:
        result = judge(prop, method, Subject(faults.NeverSwaps()), __file__)
        assert result.verdict == others.get(prop.id, "passed")


@pytest.mark.parametrize("grower", [faults.GrowsZeros, faults.GrowsZerosByStatistics])
@pytest.mark.parametrize("prop", MUSTS, ids=lambda prop: prop.id)
def test_what_grows_zeros_as_the_paper_allows_breaks_no_must(prop, grower):
    for method in prop.methods:
        if grower is faults.GrowsZeros or method == "r2_dsnot":
            result = judge(prop, method, Subject(grower()), __file__)
            assert result.verdict == ("unsupported" if prop.id == "refine.guard" else "passed")


def example(inputs: list[list[float]], **parameters: float) -> Example:
    weight, keep = torch.tensor([[8.0, -4, 6]]), torch.tensor([[False, True, False]])
    return Example("dsnot", weight, torch.tensor(inputs), None, parameters, {"keep": keep})


def test_equal_gains_are_not_separated():
    assert is_separated(example([[1.0, 1, 1], [2, 3, 3]]))
    assert not is_separated(example([[1.0, 1, 1.5], [2, 3, 2.5]]))


def test_an_error_at_the_threshold_is_not_clear():
    inputs = [[1.0, 1, 1], [2, 3, 3]]
    (options, *_) = options_of(Subject(object()), "dsnot")
    assert not is_clear(example(inputs, update_threshold=24.0), options)
    assert is_clear(example(inputs, update_threshold=23.0), options)


def test_what_is_declared_narrows_the_variants():
    assert len(list(options_of(Subject(variants.OneOutputAtATime()), "r2_dsnot"))) == 8
    assert list(options_of(Subject(variants.SignChecked()), "r2_dsnot")) == [
        {"same_sign": True, "guard": False, "form": "repaired"}
    ]
