"""Every method with every refinement and pattern, stopped, gone on with, saved and loaded again."""

import itertools

import pytest
import torch
from transformers import AutoModelForCausalLM

from pruneproof.integration.decoder.blocks import decoder_blocks, linears
from pruneproof.integration.pruning.blockwise import prune_blocks
from pruneproof.integration.pruning.run import run
from pruneproof.integration.pruning.unfinished import Unfinished
from pruneproof.integration.recipe.plan import METHODS, REFINEMENTS, Plan
from pruneproof.integration.recipe.texts import Texts

PATTERNS = [
    {"sparsity": 0.6},
    {"sparsity": 0.6, "group": "layer"},
    {"n_m": (2, 4)},
]
PLANS = [
    Plan(method, **pattern, refine=refine)
    for method, pattern, refine in itertools.product(METHODS, PATTERNS, [None, *REFINEMENTS])
]
# Each plan on one of the two at every commit, and on the other one among the long tests.
MODELS = ("llama", "opt")
ON_MODELS = [
    pytest.param(plan, name, id=f"{plan}-{name}", marks=[pytest.mark.long] * ((at + of) % 2))
    for at, plan in enumerate(PLANS)
    for of, name in enumerate(MODELS)
]


def exact(kept, plan):
    if plan.n_m is not None:
        n, m = plan.n_m
        return bool((kept.view(-1, m).sum(1) == n).all())
    if plan.group == "layer":
        return int((~kept).sum()) == int(kept.numel() * plan.sparsity)
    return bool(((~kept).sum(1) == int(kept.shape[1] * plan.sparsity)).all())


@pytest.mark.parametrize(("plan", "name"), ON_MODELS)
def test_it_is_exact_after_a_stop_and_loads_again(plan, name, decoder_of, tokens, tmp_path):
    work = Unfinished(tmp_path / "work", plan.record())
    stopped = prune_blocks(
        decoder_of(name), tokens, plan, done=work.done, store_masks=work.store_masks
    )
    assert next(stopped) == 0
    again = Unfinished(tmp_path / "work", plan.record())
    assert again.done(0) is not None
    assert again.done(1) is None
    model = decoder_of(name)
    list(prune_blocks(model, tokens, plan, done=again.done, store_masks=again.store_masks))
    model.save_pretrained(tmp_path / "saved")
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path / "saved")
    for pruned, value in zip(model.parameters(), loaded.parameters(), strict=True):
        assert value.equal(pruned)
    for block in decoder_blocks(loaded):
        for _, layer in linears(block):
            assert exact(layer.weight != 0, plan)


def test_accelerate_places_the_model(llama, save_checkpoint, text):
    folder = str(save_checkpoint(llama))
    data = Texts(text, text, samples=2, seqlen=16)
    placed = run(folder, PLANS[0], data, device="auto")
    assert placed["pruned_perplexity"] == run(folder, PLANS[0], data)["pruned_perplexity"]


def test_each_layer_has_a_seed_of_its_own_that_nothing_else_changes():
    plan = Plan("stochria", 0.5, parameters={"seed": 1})
    seeds = [
        plan.for_layer(block, name).parameters["seed"]
        for block in (0, 1)
        for name in ("mlp.up_proj", "mlp.gate_proj")
    ]
    assert len(set(seeds)) == 4
    assert seeds[0] == plan.for_layer(0, "mlp.up_proj").parameters["seed"]
    assert seeds[0] != Plan("stochria", 0.5).for_layer(0, "mlp.up_proj").parameters["seed"]
    wanda = Plan("wanda", 0.5)
    assert wanda.for_layer(0, "mlp.up_proj") is wanda


def test_equal_layers_are_sampled_differently(llama, tokens):
    block = decoder_blocks(llama)[0]
    with torch.no_grad():
        block.mlp.up_proj.weight.copy_(block.mlp.gate_proj.weight)
    masks = {}
    list(prune_blocks(llama, tokens, Plan("stochria", 0.5), store_masks=masks.setdefault))
    assert not masks[0]["mlp.up_proj"].equal(masks[0]["mlp.gate_proj"])
