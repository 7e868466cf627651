"""Masks of known origin, exact oracles on small layers, and certificates."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from itertools import product

import pytest
import torch
from torch import Tensor

from masks import layer, lowest_pruned, relative_importance, sparsegpt
from pruneproof.integration.inspection.explanations import (
    Cycle,
    Explanation,
    could_be_ria,
    could_be_wanda,
)
from pruneproof.integration.inspection.explanations.rounding import ANY, FLOAT64

SHAPES = [("output", None), ("layer", None), ("output", (2, 4)), ("output", (4, 8))]


def proved(answer: Explanation, W: Tensor, keep: Tensor, n_m=None, group="output") -> Cycle:
    """The certificate of an answer, once it is seen to be about this layer and to hold."""
    cycle = answer.certificate
    assert isinstance(cycle, Cycle)
    assert cycle.check()
    for pair in cycle.pairs:
        if group == "output":
            assert pair.pruned.output == pair.kept.output
        if n_m is not None:
            assert pair.pruned.input // n_m[1] == pair.kept.input // n_m[1]
        for entry, kept in ((pair.pruned, False), (pair.kept, True)):
            assert entry.value == W[entry.output, entry.input].item()
            assert bool(keep[entry.output, entry.input]) is kept
    return cycle


@pytest.mark.parametrize(("group", "n_m"), SHAPES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("seed", range(3))
def test_wandas_masks_are_possible(group, n_m, dtype, seed):
    W, x = layer(96, 64, seed)
    S = W.to(dtype).abs() * x.to(dtype)
    keep = lowest_pruned(S, 0.5, group, n_m, ties=seed)
    answer = could_be_wanda(W, keep, group=group, n_m=n_m)
    assert answer.verdict == "possible"
    assert answer.agreement == 1
    again = W.abs().double() * answer.norms
    allowed = (1 + 2.0**-8) ** 2 / (1 - 2.0**-8) ** 2
    pruned, kept = again.masked_fill(keep, 0), again.masked_fill(~keep, torch.inf)
    if group == "layer":
        assert pruned.max() <= 1.01 * allowed * kept.min()
    else:
        m = n_m[1] if n_m else 64
        top = pruned.reshape(96, -1, m).amax(-1)
        assert (top <= 1.01 * allowed * kept.reshape(96, -1, m).amin(-1)).all()


@pytest.mark.parametrize(("group", "n_m"), SHAPES)
@pytest.mark.parametrize("dead", [0.1, 0.5, 0.7])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_dead_inputs_and_ties_are_no_proof(group, n_m, dead, dtype):
    W, x = layer(96, 64, 5)
    W = (W * 128).round() / 128
    W[W.abs() == 0] = -0.0
    x[torch.randperm(64, generator=torch.Generator().manual_seed(1))[: int(dead * 64)]] = 0
    keep = lowest_pruned(W.to(dtype).abs() * x.to(dtype), 0.5, group, n_m, ties=3)
    answer = could_be_wanda(W, keep, group=group, n_m=n_m)
    assert answer.verdict in ("possible", "not_decided")
    assert answer.dead <= int(dead * 64)


@pytest.mark.parametrize(("group", "n_m"), SHAPES)
@pytest.mark.parametrize("seed", range(3))
def test_random_masks_are_refuted_by_four_weights(group, n_m, seed):
    W, _ = layer(64, 64, seed)
    scores = torch.rand(W.shape, generator=torch.Generator().manual_seed(seed))
    keep = lowest_pruned(scores, 0.5, group, n_m)
    answer = could_be_wanda(W, keep, group=group, n_m=n_m)
    assert answer.verdict == "refuted"
    cycle = proved(answer, W, keep, n_m, group)
    assert len(cycle.pairs) == (1 if group == "layer" else 2)
    assert cycle.excess() > 5
    assert answer.dead == 64
    assert answer.agreement < 0.9


def test_sparsegpts_masks_are_refuted():
    W, x = layer(64, 64, 2)
    X = torch.randn(256, 64, generator=torch.Generator().manual_seed(0)) * x
    X = X @ torch.linalg.qr(torch.randn(64, 64, generator=torch.Generator().manual_seed(1)))[0]
    keep = sparsegpt(W, X)
    answer = could_be_wanda(W, keep)
    assert answer.verdict == "refuted"
    proved(answer, W, keep)


def test_magnitude_is_wanda_with_equal_norms():
    W, _ = layer(64, 64, 0)
    assert could_be_wanda(W, lowest_pruned(W.abs())).verdict == "possible"
    over_layer = lowest_pruned(W.abs(), group="layer")
    assert could_be_wanda(W, over_layer, group="layer").verdict == "possible"


def test_relative_importance_is_told_from_wanda_in_a_large_layer():
    W, x = layer(512, 256, 0)
    for S in (relative_importance(W), relative_importance(W) * x.sqrt()):
        keep = lowest_pruned(S)
        answer = could_be_wanda(W, keep)
        assert answer.verdict == "refuted"
        assert len(proved(answer, W, keep).pairs) == 2
        assert could_be_ria(W, keep).verdict == "possible"
    keep = lowest_pruned(W.abs() * x)
    answer = could_be_ria(W, keep)
    assert answer.verdict == "refuted"
    assert proved(answer, W, keep).pairs[0].kept.norms


@pytest.mark.parametrize(("group", "n_m"), SHAPES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_rias_masks_are_rias(group, n_m, dtype):
    W, x = layer(96, 64, 4)
    S = relative_importance(W.to(dtype)) * x.to(dtype).sqrt()
    keep = lowest_pruned(S, 0.5, group, n_m)
    assert could_be_ria(W, keep, group=group, n_m=n_m).verdict == "possible"


def largest_products(W: Tensor, keep: Tensor) -> list[list[Fraction]]:
    """For each two inputs the largest product of quotients over all paths, exactly.

    Floyd's and Warshall's algorithm; with a cycle above 1 some diagonal entry exceeds 1.
    """
    n = W.shape[1]
    best = [[Fraction(0)] * n for _ in range(n)]
    weights = [[abs(Fraction(w)) for w in row] for row in W.double().tolist()]
    for k, i, j in product(range(len(weights)), range(n), range(n)):
        if not keep[k, i] and keep[k, j] and weights[k][i] and weights[k][j]:
            best[i][j] = max(best[i][j], weights[k][i] / weights[k][j])
    for via, i, j in product(range(n), repeat=3):
        best[i][j] = max(best[i][j], best[i][via] * best[via][j])
    return best


@pytest.mark.parametrize("inputs", [2, 3, 5])
@pytest.mark.parametrize("seed", range(40))
def test_small_layers_agree_with_an_exact_oracle(inputs, seed):
    generator = torch.Generator().manual_seed(seed)
    outputs = 1 + seed % 5
    W = torch.randint(-6, 7, (outputs, inputs), generator=generator).double()
    keep = torch.rand(outputs, inputs, generator=generator) < 0.5
    best = largest_products(W, keep)
    on_a_cycle = [i for i in range(inputs) if best[i][i] > 1]
    dead = {i for i in range(inputs) if any(best[i][j] > 0 for j in on_a_cycle)} | {*on_a_cycle}
    answer = could_be_wanda(W, keep, computed_in=torch.float64, least_alive=1)
    ties = any(best[i][i] == 1 for i in range(inputs))
    if on_a_cycle:
        assert answer.verdict == "refuted"
        proved(answer, W, keep)
        sure = could_be_wanda(W, keep, computed_in=torch.float64, least_alive=0)
        assert sure.dead == len(dead)
        assert (sure.verdict == "refuted") == (len(dead) == int((W != 0).any(0).sum()))
    elif ties or not any(map(any, best)):
        assert answer.verdict in ("possible", "not_decided")
    else:
        assert answer.verdict == "possible"


def test_a_cycle_of_three_is_found_where_no_four_weights_prove():
    W = torch.tensor([[3.0, 2.0, 100.0], [100.0, 3.0, 2.0], [2.0, 100.0, 3.0]])
    keep = torch.tensor([[False, True, True], [True, False, True], [True, True, False]])
    answer = could_be_wanda(W, keep)
    assert answer.verdict == "refuted"
    cycle = proved(answer, W, keep)
    assert len(cycle.pairs) == 3
    assert cycle.excess() == pytest.approx(3.375)


def test_one_broken_group_hangs_on_dead_inputs():
    W, x = layer(256, 64, 0)
    keep = lowest_pruned(W.abs() * x, n_m=(2, 4))
    # In one group of one output, the two largest weights are pruned in place of the others.
    group = W[7, 8:12].abs() * x[8:12]
    keep[7, 8:12] = group < group.sort().values[2]
    answer = could_be_wanda(W, keep, n_m=(2, 4))
    assert answer.verdict == "not_decided"
    assert answer.dead == 4
    proved(answer, W, keep, (2, 4))
    assert could_be_wanda(W, keep, n_m=(2, 4), least_alive=1).verdict == "refuted"


def test_a_zero_weight_says_nothing():
    W, x = layer(32, 32, 0)
    W[torch.rand(W.shape, generator=torch.Generator().manual_seed(0)) < 0.1] = 0
    for scores in (W.abs() * x, torch.rand(W.shape)):
        keep = lowest_pruned(scores)
        first, second = (could_be_wanda(W, mask) for mask in (keep & (W != 0), keep | (W == 0)))
        assert (first.verdict, first.dead) == (second.verdict, second.dead)


def test_rounding_is_no_proof():
    # 1.01 · 1.01 over 1 · 1: bfloat16 may order each pair either way, float32 not.
    W = torch.tensor([[1.01, 1.0], [1.0, 1.01]])
    keep = torch.tensor([[False, True], [True, False]])
    assert could_be_wanda(W, keep).verdict == "possible"
    assert could_be_wanda(W, keep, computed_in=torch.float16).verdict == "refuted"


@pytest.mark.parametrize("shape", [(0, 4), (4, 0), (3, 4)])
@pytest.mark.parametrize(("group", "n_m"), SHAPES)
def test_of_a_dense_or_an_empty_layer_nothing_is_said(shape, group, n_m):
    keep = torch.ones(shape, dtype=torch.bool)
    for mask in (keep, ~keep):
        assert could_be_wanda(torch.ones(shape), mask, group=group, n_m=n_m).verdict == (
            "not_decided"
        )


def test_a_tail_is_a_group_of_its_own():
    W, x = layer(64, 30, 0)
    S = W.abs() * x
    keep = torch.cat([lowest_pruned(S[:, :28], n_m=(2, 4)), lowest_pruned(S[:, 28:])], 1)
    assert could_be_wanda(W, keep, n_m=(2, 4)).verdict == "possible"


def refuted() -> Cycle:
    """A certificate."""
    W, keep = torch.tensor([[0.5, 0.25], [0.5, 0.75]]), torch.tensor([[False, True], [True, False]])
    cycle = could_be_wanda(W, keep).certificate
    assert isinstance(cycle, Cycle)
    return cycle


def test_a_changed_certificate_proves_nothing():
    cycle = refuted()
    first, second = cycle.pairs
    assert cycle.check()
    smaller = replace(first, pruned=replace(first.pruned, value=first.pruned.value / 4))
    elsewhere = replace(first, kept=replace(first.kept, input=5))
    for pairs in ((smaller, second), (elsewhere, second), (first,), (second,), ()):
        assert not replace(cycle, pairs=pairs).check()


def test_a_certificate_must_exceed_the_rounding():
    cycle = refuted()
    first, second = cycle.pairs
    # Both kept weights as large as the pruned ones, but for 1 % and 2 %.
    for share, rounding, proves in (
        (0.99, ANY, False), (0.98, ANY, True), (0.99, FLOAT64, True), (1.0, FLOAT64, False),
    ):  # fmt: skip
        pairs = tuple(
            replace(pair, kept=replace(pair.kept, value=pair.pruned.value * share))
            for pair in (first, second)
        )
        assert Cycle(pairs, rounding).check() is proves


def test_a_certificate_reads_like_a_calculation():
    answer = refuted()
    assert answer.text().startswith(
        "W[0, 0] was pruned, W[0, 1] kept, W[1, 1] was pruned, W[1, 0] kept: "
        "0.5 · 0.75 > 0.25 · 0.5 (3 times as much"
    )
    assert json.loads(json.dumps(answer.as_data()))["excess"] == 3


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"group": "row"}, "group must be one of"),
        ({"n_m": (4, 4)}, "n_m's kept must be in"),
        ({"n_m": 4}, "n_m must be two numbers"),
        ({"n_m": (2, 4), "group": "layer"}, "group must be 'output'"),
        ({"computed_in": torch.int8}, "computed_in must be one of"),
        ({"least_alive": 1.5}, "least_alive must be in"),
        ({"most_rounds": 0}, "most_rounds must be in"),
    ],
)
def test_wrong_arguments_are_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        could_be_wanda(torch.ones(4, 8), torch.ones(4, 8, dtype=torch.bool), **wrong)


def test_a_weight_or_mask_of_another_kind_is_refused():
    W, keep = torch.ones(4, 8), torch.ones(4, 8, dtype=torch.bool)
    with pytest.raises(ValueError, match="W must be finite"):
        could_be_wanda(W * torch.nan, keep)
    with pytest.raises(ValueError, match="keep must have shape"):
        could_be_wanda(W, keep[:, :4])
    with pytest.raises(TypeError, match="keep must be a boolean tensor"):
        could_be_wanda(W, keep.float())
    with pytest.raises(ValueError, match="terms must be one of"):
        could_be_ria(W, keep, terms="row")


def test_float8_is_read():
    W, x = layer(32, 32, 0)
    W = (64 * W).to(torch.float8_e4m3fn)
    keep = lowest_pruned(W.float().abs() * x)
    assert could_be_wanda(W, keep).verdict == could_be_wanda(W.float(), keep).verdict == "possible"
    random = lowest_pruned(torch.rand(W.shape, generator=torch.Generator().manual_seed(0)))
    assert could_be_ria(W, random).verdict == "refuted"
