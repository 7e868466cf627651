"""Masks that some X and Y give, masks that none give, and certificates of linear programs."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import pytest
import torch

from masks import layer, lowest_pruned, relative_importance
from pruneproof.integration.inspection.explanations import Farkas, could_be_symwanda, symwanda

SHAPES = [("output", None), ("layer", None), ("output", (2, 4))]


def norms_of_outputs(outputs: int):
    return torch.exp(torch.randn(outputs, generator=torch.Generator().manual_seed(7)))


@pytest.mark.parametrize(("group", "n_m"), SHAPES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("method", ["symwanda", "symwanda_squared"])
def test_symwandas_masks_are_possible(group, n_m, dtype, method):
    W, x = layer(24, 20, 0)
    x, y = x.to(dtype), norms_of_outputs(24).to(dtype)[:, None]
    S = W.to(dtype).abs() * (x + y if method == "symwanda" else (x**2 + y**2).sqrt())
    keep = lowest_pruned(S, 0.5, group, n_m)
    answer = could_be_symwanda(W, keep, method=method, group=group, n_m=n_m)
    assert answer.verdict == "possible"
    x, y = answer.norms, answer.output_norms[:, None]
    again = W.abs() * (x + y if method == "symwanda" else (x**2 + y**2).sqrt())
    allowed = ((1 + 2.0**-8) / (1 - 2.0**-8)) ** 3
    pruned, kept = again.masked_fill(keep, 0), again.masked_fill(~keep, torch.inf)
    shape = (1, -1) if group == "layer" else (24, -1, n_m[1] if n_m else 20)
    top, bottom = pruned.reshape(shape).amax(-1), kept.reshape(shape).amin(-1)
    assert (top <= 1.01 * allowed * bottom).all()


@pytest.mark.parametrize(("group", "n_m"), SHAPES)
@pytest.mark.parametrize("method", ["symwanda", "symwanda_squared"])
def test_random_masks_are_refuted(group, n_m, method):
    W, _ = layer(80, 48, 0)
    scores = torch.rand(W.shape, generator=torch.Generator().manual_seed(0))
    keep = lowest_pruned(scores, 0.5, group, n_m)
    answer = could_be_symwanda(W, keep, method=method, group=group, n_m=n_m, most=48)
    assert answer.verdict == "refuted"
    assert answer.sampled == "48 outputs and 48 inputs"
    proof = answer.certificate
    assert isinstance(proof, Farkas)
    assert proof.check()
    assert len(proof.inputs) == answer.dead == 48
    for term in proof.terms:
        entry = term.entry
        assert entry.value == W[entry.output, entry.input].item()
        assert bool(keep[entry.output, entry.input]) is term.kept
        whole = (entry.output,) if n_m is None else (entry.output, entry.input // 4)
        assert term.group == (() if group == "layer" else whole)
    assert json.loads(json.dumps(answer.as_data()))["certificate"]["kind"] == "farkas"


def test_ria_over_a_layer_is_no_symwanda():
    W, x = layer(64, 64, 0)
    keep = lowest_pruned(relative_importance(W) * x.sqrt(), group="layer")
    assert could_be_symwanda(W, keep, group="layer").verdict == "refuted"


@pytest.mark.parametrize("seed", range(30))
def test_small_layers_agree_with_cycles_where_outputs_have_no_norm(seed):
    # One output: y_k is a common summand, and any positive scores can be given to the inputs.
    generator = torch.Generator().manual_seed(seed)
    W = torch.rand(1, 6, generator=generator) + 0.1
    keep = torch.rand(1, 6, generator=generator) < 0.5
    verdict = could_be_symwanda(W, keep).verdict
    assert verdict == ("possible" if keep.any() and not keep.all() else "not_decided")


@pytest.mark.parametrize("share", [0.2, 0.6])
def test_dead_neurons_and_ties_are_no_proof(share):
    W, x = layer(48, 48, 1)
    y = norms_of_outputs(48)
    x[torch.arange(48) < share * 48], y[torch.arange(48) >= (1 - share) * 48] = 0, 0
    keep = lowest_pruned(W.abs() * (x + y[:, None]), ties=1)
    assert could_be_symwanda(W, keep).verdict in ("possible", "not_decided")
    keep = lowest_pruned(W.abs() * x, ties=1)
    assert could_be_symwanda(W, keep).verdict in ("possible", "not_decided")


def test_a_changed_certificate_proves_nothing():
    W, _ = layer(12, 12, 0)
    keep = torch.rand(W.shape, generator=torch.Generator().manual_seed(3)) < 0.5
    proof = could_be_symwanda(W, keep).certificate
    assert proof.check()
    # Kept weights come first, so that the others of their group are left without them.
    first, *rest = sorted(proof.terms, key=lambda term: not term.kept)
    *others, last = sorted(proof.terms, key=lambda term: not term.kept)
    for terms in (
        (replace(first, times=-first.times), *rest),
        (replace(first, kept=not first.kept), *rest),
        (replace(last, times=last.times * 2), *others),
        (*rest,),
        (),
    ):
        assert not replace(proof, terms=terms).check()
    assert not replace(proof, inputs=(99,)).check()
    assert not replace(proof, inputs=(), outputs=()).check()


def test_a_sum_must_hold_for_every_norm():
    # x_0·2 ≤ t ≤ x_1 and x_1·2 ≤ t' ≤ x_0 in two outputs without norms of their own would do; with
    # them the sum says 0 ≤ −x_0 − x_1 − y_0 − y_1.
    W = torch.tensor([[2.0, 1.0], [1.0, 2.0]])
    keep = torch.tensor([[False, True], [True, False]])
    proof = could_be_symwanda(W, keep).certificate
    assert (proof.inputs, proof.outputs, len(proof.terms)) == ((0, 1), (0, 1), 4)
    times = {term.times for term in proof.terms if term.kept}
    assert all(abs(each / max(times) - 1) < Fraction(1, 4) for each in times)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"method": "wanda"}, "method must be one of"),
        ({"most": 1}, "most must be in"),
        ({"least_alive": -1}, "least_alive must be in"),
        ({"group": "input"}, "group must be one of"),
    ],
)
def test_wrong_arguments_are_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        could_be_symwanda(torch.ones(4, 8), torch.ones(4, 8, dtype=torch.bool), **wrong)


def test_what_is_to_be_installed_is_named(monkeypatch):
    monkeypatch.setattr(symwanda, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match="pruneproof\\[checkpoint\\]"):
        could_be_symwanda(torch.ones(4, 8), torch.ones(4, 8, dtype=torch.bool))
