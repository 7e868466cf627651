"""Experts in one tensor are pruned as the same model with a linear layer for each is, bit for bit.

The twin of a model has the same weights and the same arithmetic, an `nn.Linear` at a time.
"""

import copy
from functools import cache

import pytest
import torch
import transformers
from torch import nn

from checkpoints import model_of
from pruneproof.integration.checkpoint.naming import CONVERTS
from pruneproof.integration.decoder.decoder import Decoder
from pruneproof.integration.pruning.blockwise import prune_blocks
from pruneproof.integration.recipe.plan import METHODS, REFINEMENTS, Plan

EXPERTS, WIDTH, BETWEEN = 4, 16, 24
# Before version 5 only DBRX has all experts in one tensor and computes each on its tokens.
FUSED = ["mixtral", "gpt_oss", "dbrx"] if CONVERTS else ["dbrx"]
PATTERNS = [{"sparsity": 0.6}, {"sparsity": 0.6, "group": "layer"}, {"n_m": (2, 4)}]
# Refined masks begin with a score's, of which two are enough.
PLANS = [
    Plan(method, **pattern, unreached="magnitude") for method in METHODS for pattern in PATTERNS
] + [
    Plan(method, **pattern, refine=refine, unreached="magnitude")
    for method in ("wanda", "symwanda")
    for pattern in PATTERNS
    for refine in REFINEMENTS
]


def dbrx():
    attention = {"kv_n_heads": 1, "clip_qkv": 8.0, "rope_theta": 1e4}
    feed_forward = {"ffn_hidden_size": BETWEEN, "moe_num_experts": EXPERTS, "moe_top_k": 2}
    torch.manual_seed(0)
    config = transformers.DbrxConfig(
        vocab_size=97, d_model=WIDTH, n_heads=2, n_layers=6, max_seq_len=32,
        attn_config=attention, ffn_config=feed_forward,
    )  # fmt: skip
    return transformers.DbrxForCausalLM(config).eval()


class Expert(nn.Module):
    """The matrices of one expert, and how its family computes with them."""

    def __init__(self, compute, biases, **weights):
        super().__init__()
        for name, weight in weights.items():
            layer = nn.Linear(weight.shape[1], weight.shape[0], bias=False)
            layer.weight.data.copy_(weight)
            setattr(self, name, layer)
        for name, bias in biases.items():
            setattr(self, name, nn.Parameter(bias.detach().clone()))
        self.compute = compute

    def forward(self, x):
        return self.compute(self, x)


class Experts(nn.ModuleList):
    """Each token through those that a router has chosen for it."""

    def forward(self, hidden, *routing):
        # Weights and indices stand in another order before version 5.
        index, weights = routing if CONVERTS else (routing[2], routing[1])
        flat = hidden.reshape(-1, hidden.shape[-1])
        out = torch.zeros_like(flat)
        for number, expert in enumerate(self):
            token, place = torch.where(index == number)
            # In the order in which the family takes them.
            order = place.argsort(stable=True)
            token, place = token[order], place[order]
            if len(token):
                out.index_add_(0, token, expert(flat[token]) * weights[token, place, None])
        return out.view_as(hidden)


def mixtral_expert(expert, x):
    return expert.down_proj(nn.functional.silu(expert.gate_proj(x)) * expert.up_proj(x))


def gpt_oss_expert(expert, x):
    gate = (expert.gate_proj(x) + expert.gate_bias).clamp(max=7.0)
    up = (expert.up_proj(x) + expert.up_bias).clamp(min=-7.0, max=7.0)
    return expert.down_proj((up + 1) * (gate * torch.sigmoid(gate * 1.702))) + expert.down_bias


def dbrx_expert(expert, x):
    return expert.w2(nn.functional.silu(expert.w1(x)) * expert.v1(x))


def twin_of(family, model):
    model = copy.deepcopy(model)
    for block in Decoder.of(model).blocks(model):
        if family == "dbrx":
            fused = block.ffn.experts.mlp
            w1, v1, w2 = (
                each.detach().view(EXPERTS, BETWEEN, WIDTH)
                for each in (fused.w1, fused.v1, fused.w2)
            )
            block.ffn.experts = Experts(
                Expert(dbrx_expert, {}, w1=w1[n], v1=v1[n], w2=w2[n].T) for n in range(EXPERTS)
            )
            continue
        fused = block.mlp.experts
        joined, down = fused.gate_up_proj.detach(), fused.down_proj.detach()
        if family == "mixtral":
            block.mlp.experts = Experts(
                Expert(mixtral_expert, {}, gate_proj=both[:BETWEEN], up_proj=both[BETWEEN:],
                       down_proj=last)
                for both, last in zip(joined, down, strict=True)
            )  # fmt: skip
        else:
            biases = zip(fused.gate_up_proj_bias, fused.down_proj_bias, strict=True)
            block.mlp.experts = Experts(
                Expert(gpt_oss_expert,
                       {"gate_bias": two[::2], "up_bias": two[1::2], "down_bias": one},
                       gate_proj=both[:, ::2].T, up_proj=both[:, 1::2].T, down_proj=last.T)
                for both, last, (two, one) in zip(joined, down, biases, strict=True)
            )  # fmt: skip
    return model


@cache
def pair(family):
    """A model and its twin, and what is known of them."""
    model = dbrx() if family == "dbrx" else model_of(family)
    if CONVERTS:
        model.set_experts_implementation("eager")
    with torch.no_grad():
        for name, each in model.named_parameters():
            # As configurations have them, GPT-OSS' biases and routers are zero.
            if name.endswith(("proj_bias", "router.weight")):
                each.normal_()
            elif "experts" in name:
                each.mul_(10)
    twin = twin_of(family, model)
    return model, Decoder.of(model), twin, Decoder.of(twin)


def own_name(name):
    """As both name it."""
    return name.replace("experts.mlp.", "experts.")


def pruned(model, decoder, tokens, plan):
    """Keep masks by block and matrix, what each expert saw, and the model."""
    model, masks, saw = copy.deepcopy(model), {}, {}

    def store(block, found):
        for each in decoder.matrices[block]:
            mask = found[each.name]
            one_by_one = mask if each.count is not None else [mask]
            masks.update(
                ((block, own_name(name)), one)
                for name, one in zip(each.names, one_by_one, strict=True)
            )

    list(
        prune_blocks(
            model, tokens, plan, decoder=decoder, store_masks=store,
            saw=lambda block, seen: saw.update({(block, own_name(n)): c for n, c in seen.items()}),
        )
    )  # fmt: skip
    return masks, saw, model


@pytest.mark.parametrize("family", FUSED)
def test_a_twin_computes_the_same(family, tokens):
    model, _, twin, _ = pair(family)
    with torch.no_grad():
        one, other = (each(tokens, use_cache=False).logits for each in (model, twin))
    # Each of 6 blocks adds a few sums of up to 24 products, in another order.
    assert (one - other).abs().max() <= 6 * 2 * BETWEEN * 2**-24 * one.abs().max()


@pytest.mark.parametrize("family", FUSED)
def test_both_have_the_same_matrices(family):
    _, one, _, other = pair(family)
    assert one.stack == other.stack
    found = [sorted((n, own_name(m), w) for n, m, w in each.names()) for each in (one, other)]
    assert found[0] == found[1]
    for number in range(6):
        why = {name: each for name, each in one.dense[number].items() if "bias" not in name}
        assert why == other.dense[number]
        assert list(why.values()) == ["chooses experts"]
    for matrices in (one.matrices[5], other.matrices[5]):
        assert all(each.expert == ("experts" in each.name) for each in matrices)


def stochastic(family, plan):
    # A layer's sample depends on its name, and DBRX has one more word in each.
    return family == "dbrx" and plan.method == "stochria"


# All plans for one family, and a quarter, with each pattern in turn, for how others lie in memory.
CASES = [
    (family, plan)
    for number, family in enumerate(FUSED)
    for plan in PLANS[:: 4 if number else 1]
    if not stochastic(family, plan)
]


@pytest.mark.parametrize(("family", "plan"), CASES, ids=str)
def test_masks_and_weights_are_equal_bit_for_bit(family, plan, tokens, no_shape_checks):
    model, one, twin, other = pair(family)
    masks, saw, result = pruned(model, one, tokens[:2], plan)
    expected, told, from_twin = pruned(twin, other, tokens[:2], plan)
    assert masks.keys() == expected.keys()
    assert saw == told
    for name, mask in masks.items():
        assert mask.equal(expected[name]), name
        assert not mask.all()
    kept = {}
    for block, module in enumerate(one.blocks(result)):
        for each in one.matrices[block]:
            weights = each.of(module).reshape(-1, each.out_features, each.in_features)
            for name, weight in zip(each.names, weights, strict=True):
                kept[block, own_name(name)] = weight
    for block, module in enumerate(other.blocks(from_twin)):
        for each in other.matrices[block]:
            assert kept[block, own_name(each.name)].equal(each.of(module))


@pytest.mark.parametrize("family", FUSED)
def test_each_expert_sees_the_tokens_that_the_router_sends_it(family, tokens):
    model, decoder, _, _ = pair(family)
    _, saw, _ = pruned(model, decoder, tokens, Plan("wanda", 0.5, unreached="dense"))
    for block in range(6):
        mine = {name: count for (number, name), count in saw.items() if number == block}
        assert len(mine) == 3 * EXPERTS
        by_kind = {}
        for name, count in mine.items():
            by_kind.setdefault(name.rpartition(".")[2], []).append(count)
        # Two experts for each token, and a matrix of an expert sees what its others see.
        assert len({tuple(each) for each in by_kind.values()}) == 1
        assert all(sum(each) == 2 * tokens.numel() for each in by_kind.values())


@pytest.mark.parametrize("family", FUSED)
def test_nothing_else_changes(family, tokens):
    model, decoder, _, _ = pair(family)
    _, _, result = pruned(model, decoder, tokens, Plan("wanda", 0.5, unreached="magnitude"))
    changed = {
        name
        for (name, one), other in zip(model.named_parameters(), result.parameters(), strict=True)
        if not one.equal(other)
    }
    inside = {
        f"{decoder.stack}.{number}.{each.parameter}"
        for number, matrices in enumerate(decoder.matrices)
        for each in matrices
    }
    assert changed == inside


@pytest.mark.skipif(not CONVERTS, reason="transformers 4 has no other way to run its experts")
def test_experts_that_run_all_at_once_are_refused_with_what_to_do():
    model = model_of("mixtral")
    model.set_experts_implementation("grouped_mm")
    with pytest.raises(
        ValueError,
        match=r"at once \(grouped_mm\).*; call its set_experts_implementation\('eager'\)$",
    ):
        Decoder.of(model)
    model.set_experts_implementation("eager")
    assert len(Decoder.of(model).names()) == 6 * (4 + 3 * 4)
