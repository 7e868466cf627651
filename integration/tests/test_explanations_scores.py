"""Masks of scores that need no data: each is found, and others are refuted by a pair."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
import torch

from masks import layer, lowest_pruned, relative_importance
from pruneproof.integration.inspection.explanations import (
    WorstPair,
    explained_by_score,
    needs_no_data,
)

SHAPES = [("output", None), ("layer", None), ("output", (2, 4)), ("output", (4, 8))]


def scores(W):
    """Scores by name, written down once more."""
    w = W.abs()

    def norms(p):
        if p == math.inf:
            return w.amax(0), w.amax(1, keepdim=True)
        if p == 0:
            return (w > 0).sum(0).to(W.dtype), (w > 0).sum(1, keepdim=True).to(W.dtype)
        return (w**p).sum(0) ** (1 / p), (w**p).sum(1, keepdim=True) ** (1 / p)

    def lp(p, strategy):
        r, q = norms(p)
        return {
            "S1": w / r + w / q,
            "S2": w / (r + q),
            "S3": w * (r + q),
            "S4": w / (1 / r + 1 / q),
        }[strategy]

    r, q = norms(2)
    named = {
        ("magnitude",): w,
        ("symmetric",): w * (r + q),
        ("symmetric_squared",): w * (r**2 + q**2).sqrt(),
        ("ri",): relative_importance(W),
        ("ri", ("terms", "input")): w / w.sum(0),
        ("ri", ("terms", "output")): w / w.sum(1, keepdim=True),
    }
    for p in (0.5, 1.0, 2.0, 3.0, math.inf):
        for strategy in ("S1", "S2", "S3", "S4"):
            named["lp", ("p", p), ("strategy", strategy)] = lp(p, strategy)
    return named


NAMES = list(scores(torch.ones(2, 2)))


@pytest.mark.parametrize(("group", "n_m"), SHAPES)
@pytest.mark.parametrize("name", NAMES, ids=str)
def test_each_score_explains_its_own_mask(name, group, n_m):
    W, _ = layer(64, 96, 0)
    keep = lowest_pruned(scores(W)[name], 0.5, group, n_m)
    answer = explained_by_score(W, keep, name[0], group=group, n_m=n_m, **dict(name[1:]))
    assert (answer.verdict, answer.agreement, answer.certificate) == ("explains", 1, None)
    assert answer.arithmetic in ("float64", "float32")


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize(
    "name", [name for name in NAMES if dict(name[1:]).get("p", 1) >= 1], ids=str
)
def test_so_do_scores_of_half_precision(name, dtype):
    W, _ = layer(64, 96, 1)
    keep = lowest_pruned(scores(W.to(dtype))[name].float(), 0.5)
    answer = explained_by_score(W, keep, name[0], **dict(name[1:]))
    assert answer.verdict == "explains"


def test_other_scores_are_refuted_by_a_pair():
    W, x = layer(256, 192, 0)
    table = scores(W) | {("wanda",): W.abs() * x}
    masks = {name: lowest_pruned(S) for name, S in table.items()}
    for name in (("magnitude",), ("symmetric",), ("ri",), ("ri", ("terms", "input"))):
        for other in (("wanda",), ("magnitude",), ("ri",), ("lp", ("p", 2.0), ("strategy", "S4"))):
            if name == other:
                continue
            answer = explained_by_score(W, masks[other], name[0], **dict(name[1:]))
            assert answer.verdict == "refuted"
            assert answer.agreement < 1
            assert answer.agreement < answer.weights < 1
            pair = answer.certificate
            assert isinstance(pair, WorstPair)
            assert pair.check()
            assert pair.pruned.output == pair.kept.output
            for one, kept in ((pair.pruned, False), (pair.kept, True)):
                assert bool(masks[other][one.output, one.input]) is kept
                assert one.value == W[one.output, one.input].item()
                # Sums of 256 numbers at most, in single precision.
                single = table[name][one.output, one.input].item()
                assert one.score == pytest.approx(single, rel=264 * 2.0**-24)


def test_agreement_counts_groups_and_weights():
    W = torch.arange(1.0, 65.0).reshape(8, 8)
    keep = lowest_pruned(W)
    # One group in eight, and in it the lowest kept and the highest pruned weight.
    keep[3, 3], keep[3, 4] = True, False
    answer = explained_by_score(W, keep, "magnitude")
    assert (answer.verdict, answer.agreement, answer.weights) == ("refuted", 7 / 8, 63 / 64)
    assert (answer.certificate.pruned.input, answer.certificate.kept.input) == (4, 3)


def test_the_worst_pair_reads_like_a_calculation():
    W = torch.tensor([[0.5, 0.25, 0.125]])
    keep = torch.tensor([[False, True, True]])
    pair = explained_by_score(W, keep, "ri", terms="output").certificate
    assert pair.text().startswith(
        "W[0, 0] was pruned and W[0, 2] kept, but 0.5 · (1/0.875) = 0.571428571 > "
        "0.125 · (1/0.875) = 0.142857143 (4 times as much"
    )
    assert json.loads(json.dumps(pair.as_data()))["excess"] == 4
    assert not replace(pair, pruned=replace(pair.pruned, value=0.125)).check()


def test_rounding_is_no_refutation():
    W = torch.tensor([[1.001, 1.0, 2.0, 3.0]])
    keep = torch.tensor([[False, True, True, True]])
    answer = explained_by_score(W, keep, "magnitude")
    assert (answer.verdict, answer.arithmetic) == ("explains", "bfloat16")
    for dtype in (torch.float32, torch.float16):
        assert explained_by_score(W, keep, "magnitude", computed_in=dtype).verdict == "refuted"


def test_zeros_and_dead_neurons_say_nothing():
    W, _ = layer(32, 48, 0)
    W[3], W[:, 5], W[7, 9] = 0.0, -0.0, -0.0
    for method in ("magnitude", "symmetric", "ri"):
        S = {"magnitude": W.abs(), "ri": relative_importance(W).nan_to_num()}.get(
            method, scores(W)[method,]
        )
        keep = lowest_pruned(S)
        for mask in (keep & (W != 0), keep | (W == 0)):
            assert explained_by_score(W, mask, method).verdict == "explains"


def test_of_a_dense_or_an_empty_layer_nothing_is_said():
    for shape in ((0, 4), (4, 0), (3, 4)):
        keep = torch.ones(shape, dtype=torch.bool)
        answer = explained_by_score(torch.ones(shape), keep, "magnitude")
        assert answer.verdict == "not_decided"


def test_what_needs_data_is_refused():
    W, keep = torch.ones(4, 8), torch.ones(4, 8, dtype=torch.bool)
    assert needs_no_data("lp")
    assert not needs_no_data("lp", alpha=0.5)
    assert not needs_no_data("stochria")
    for method, parameters in (("wanda", {}), ("ria", {}), ("lp", {"alpha": 1.0}), ("x", {})):
        with pytest.raises(ValueError, match="method must be one whose scores need no data"):
            explained_by_score(W, keep, method, **parameters)
    assert explained_by_score(W, keep, "ria", alpha=0).verdict == "not_decided"


def test_a_wrong_parameter_is_named(no_shape_checks):
    W, keep = torch.ones(4, 8), torch.ones(4, 8, dtype=torch.bool)
    with pytest.raises(ValueError, match="terms must be one of"):
        explained_by_score(W, keep, "ri", terms="row")
