"""Blocks are pruned one after the other, each fed by the pruned ones before it."""

import copy
from dataclasses import replace

import pytest
import torch

from pruneproof import reference
from pruneproof.integration.decoder.blocks import decoder_blocks, linears
from pruneproof.integration.decoder.linear_inputs import linear_inputs
from pruneproof.integration.pruning.blockwise import prune_blocks
from pruneproof.integration.pruning.layer import Observed, keep_mask_of
from pruneproof.integration.recipe.plan import METHODS, Plan

EVERY = [
    *(Plan(method, sparsity=0.5) for method in METHODS),
    Plan("wanda", n_m=(2, 4)),
    Plan("ria", n_m=(1, 8), parameters={"alpha": 1.0}),
    Plan("magnitude", sparsity=0.3, group="layer"),
    Plan("wanda", sparsity=0.5, refine="dsnot"),
    Plan("ria", sparsity=0.7, refine="r2_dsnot"),
    Plan("wanda", n_m=(1, 8), refine="dsnot"),
    Plan("stochria", sparsity=0.5, parameters={"ratio": 0.5, "seed": 3, "alpha": 0.5}),
    Plan("lp", sparsity=0.5, parameters={"p": 2.0, "strategy": "S3", "alpha": 1.0}),
]


def prune(model, tokens, plan, **stored):
    return list(prune_blocks(model, tokens, plan, **stored))


def all_linears(model):
    return [(n, name, layer) for n, block in enumerate(decoder_blocks(model))
            for name, layer in linears(block)]  # fmt: skip


@pytest.mark.parametrize("plan", EVERY, ids=str)
def test_every_plan_prunes_the_exact_number(llama, tokens, plan):
    dense = copy.deepcopy(llama)
    assert prune(llama, tokens, plan) == [*range(6)]
    for (*_, old), (*_, new) in zip(all_linears(dense), all_linears(llama), strict=True):
        kept = new.weight != 0
        assert new.weight[kept].equal(old.weight[kept])
        if plan.n_m is not None:
            n, m = plan.n_m
            assert (kept.view(-1, m).sum(1) == n).all()
        elif plan.group == "layer":
            assert int((~kept).sum()) == int(kept.numel() * plan.sparsity)
        else:
            assert ((~kept).sum(1) == int(kept.shape[1] * plan.sparsity)).all()


def test_families_are_found_by_structure(family, tokens):
    assert prune(family, tokens, Plan("wanda", sparsity=0.5)) == list(
        range(len(decoder_blocks(family)))
    )
    for *_, layer in all_linears(family):
        assert ((layer.weight == 0).sum(1) == layer.in_features // 2).all()


def test_embeddings_head_and_norms_stay(family, tokens):
    before = {name: value.clone() for name, value in family.state_dict().items()}
    prune(family, tokens, Plan("magnitude", sparsity=0.5))
    inside = {id(layer.weight) for *_, layer in all_linears(family)}
    for name, value in family.named_parameters():
        assert value.equal(before[name]) == (id(value) not in inside)


def test_a_block_sees_what_the_pruned_blocks_before_it_give(llama, tokens):
    dense = copy.deepcopy(llama)
    masks = {}
    prune(llama, tokens, Plan("wanda", sparsity=0.5), store_masks=masks.__setitem__)
    # The same by hand: prune the blocks before, look at what the next one's layers are fed.
    for number, block in enumerate(decoder_blocks(dense)):
        seen = linear_inputs(dense, tokens.split(1), [number])
        for (name, layer), one in zip(linears(block), seen, strict=True):
            S = reference.wanda(layer.weight.T, reference.activation_norms(one.inputs))
            assert masks[number][name].equal(reference.keep_mask(S, 0.5).T), (number, name)
        for name, layer in linears(block):
            layer.weight.data[~masks[number][name]] = 0


@pytest.mark.parametrize("refine", ["dsnot", "r2_dsnot"])
def test_an_n_m_mask_is_refined_within_its_groups(refine):
    torch.manual_seed(0)
    weight, inputs = torch.randn(8, 16), reference.ActivationStatistics(16)
    inputs.update(torch.randn(40, 16) + 1)
    X = inputs.mean, inputs.var, inputs.norm
    plan = Plan("wanda", n_m=(2, 4), refine=refine)
    refined = keep_mask_of(weight, Observed(inputs), plan)
    keep = keep_mask_of(weight, Observed(inputs), replace(plan, refine=None))
    assert refined.T.equal(getattr(reference, refine)(weight.T, keep.T, *X, m=4))
    assert not refined.equal(keep)


def test_outputs_are_the_layers_own_without_the_bias(tokens, family):
    dense = copy.deepcopy(family)
    masks = {}
    prune(family, tokens, Plan("owanda", sparsity=0.5), store_masks=masks.__setitem__)
    (_, first), *_ = linears(decoder_blocks(dense)[0])
    one, *_ = linear_inputs(dense, tokens.split(1), [0])
    Y = (one.inputs @ first.weight.T).T
    S = reference.owanda(first.weight.T, reference.output_activation_norms(Y))
    assert next(iter(masks[0].values())).equal(reference.keep_mask(S, 0.5).T)


def test_stade_is_of_what_each_layer_was_fed_less_its_mean(tokens, family):
    dense = copy.deepcopy(family)
    masks = {}
    prune(family, tokens, Plan("stade", sparsity=0.5), store_masks=masks.__setitem__)
    seen = linear_inputs(dense, tokens.split(1), [0])
    for (name, layer), one in zip(linears(decoder_blocks(dense)[0]), seen, strict=True):
        norms = reference.centred_activation_norms(one.inputs)
        S = reference.stade(layer.weight.T, norms)
        assert masks[0][name].equal(reference.keep_mask(S, 0.5).T), name


def test_masks_from_an_earlier_run_are_taken(llama, tokens):
    whole, masks = copy.deepcopy(llama), {}
    prune(whole, tokens, Plan("ria", sparsity=0.5), store_masks=masks.__setitem__)
    made = []
    prune(
        llama, tokens, Plan("ria", sparsity=0.5),
        done=lambda number: masks[number] if number < 5 else None,
        store_masks=lambda number, _: made.append(number),
    )  # fmt: skip
    assert made == [5]
    assert all(a.equal(b) for a, b in zip(llama.parameters(), whole.parameters(), strict=True))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_models_are_pruned(llama, tokens, dtype):
    prune(llama.to(dtype), tokens, Plan("ria", sparsity=0.5))
    for *_, layer in all_linears(llama):
        assert layer.weight.dtype == dtype
        assert ((layer.weight == 0).sum(1) == layer.in_features // 2).all()


def test_activations_that_are_not_finite_name_the_layer(llama, tokens):
    decoder_blocks(llama)[1].mlp.up_proj.weight.data.fill_(torch.nan)
    with pytest.raises(ValueError, match="^block 1, "):
        prune(llama, tokens, Plan("wanda", sparsity=0.5))


def test_a_model_that_is_no_decoder_is_refused(tokens):
    with pytest.raises(ValueError, match="no nn.ModuleList of blocks"):
        prune(torch.nn.Linear(3, 3), tokens, Plan("magnitude", sparsity=0.5))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "wander", "sparsity": 0.5}, "method must be one of magnitude, .*got wander"),
        ({"method": "wanda"}, "sparsity or n_m"),
        ({"method": "wanda", "sparsity": 0.5, "n_m": (2, 4)}, "sparsity or n_m"),
        ({"method": "wanda", "sparsity": 1.0}, r"\[0, 1\), got 1.0"),
        ({"method": "wanda", "n_m": (4, 4)}, "0 < n < m, got 4:4"),
        ({"method": "wanda", "n_m": (2, 4), "group": "layer"}, "group must be output"),
        (
            {
                "method": "wanda",
                "n_m": (2, 4),
                "refine": "dsnot",
                "refine_parameters": {"m": 8},
            },
            "^dsnot has no parameter m",
        ),
        ({"method": "wanda", "sparsity": 0.5, "group": "row"}, "group must be one of"),
        ({"method": "wanda", "sparsity": 0.5, "refine": "sgd"}, "refine must be one of"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Plan(**arguments)
