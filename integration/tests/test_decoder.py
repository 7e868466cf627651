"""Which matrices of a block are pruned, where they lie, and what stays dense and why."""

import pytest
import torch
from torch import nn
from torch.nn.functional import linear
from transformers.pytorch_utils import Conv1D

from pruneproof.integration.decoder.decoder import Decoder
from pruneproof.integration.pruning.blockwise import prune_blocks
from pruneproof.integration.recipe.plan import Plan
from toys import BLOCKS, WIDTH, names, parameter, toy, weightless

ROUTER = "chooses experts"
COUNT, BETWEEN = 4, 12
UNUSED = "no product of a text's pass uses it"


def lin(outputs=WIDTH, inputs=WIDTH):
    return lambda: nn.Linear(inputs, outputs)


def decoder_of(model):
    """What is known of it, with weights and without them."""
    found = Decoder.of(model)
    assert found == Decoder.of(weightless(model))
    assert len(found.matrices) == len(found.dense) == len(found.routed) == BLOCKS
    assert all(each == found.matrices[0] for each in found.matrices)
    assert all(each == found.dense[0] for each in found.dense)
    return found


def assert_refused(model, message):
    for each in (model, weightless(model)):
        with pytest.raises(ValueError, match=message) as error:
            Decoder.of(each)
        assert "\n" not in str(error.value)


def left(model):
    """What stays dense in a block, and why."""
    return decoder_of(model).dense[0]


def test_linear_layers_by_name():
    found = decoder_of(toy(lambda b, x: b.down(b.up(x)), up=lin(12), down=lin(8, 12)))
    assert [(each.name, each.parameter) for each in found.matrices[0]] == [
        ("up", "up.weight"), ("down", "down.weight"),
    ]  # fmt: skip
    for each, shape in zip(found.matrices[0], ((12, 8), (8, 12)), strict=True):
        assert (each.out_features, each.in_features) == shape
        assert (each.count, each.inputs_first, each.expert, each.part) == (None, False, False, None)
    assert found.names()[2:4] == [(1, "up", 96), (1, "down", 96)]


def test_conv1d_lies_with_its_inputs_first(tokens):
    model = toy(lambda b, x: b.back(b.conv(x)), conv=lambda: Conv1D(12, WIDTH), back=lin(8, 12))
    (conv, _) = decoder_of(model).matrices[0]
    assert (conv.out_features, conv.in_features, conv.inputs_first) == (12, WIDTH, True)
    assert conv.of(model.blocks[0]).equal(model.blocks[0].conv.weight.T)
    list(prune_blocks(model, tokens % 11, Plan("wanda", 0.5)))
    for block in model.blocks:
        assert ((block.conv.weight == 0).sum(0) == WIDTH // 2).all()


def test_a_layer_whose_weight_is_multiplied_without_a_call(tokens):
    model = toy(lambda b, x: linear(x, b.lin.weight), lin=lin())
    assert names(decoder_of(model).matrices[0]) == ["lin"]
    list(prune_blocks(model, tokens % 11, Plan("wanda", 0.5)))
    assert all(((b.lin.weight == 0).sum(1) == WIDTH // 2).all() for b in model.blocks)


@pytest.mark.parametrize(
    ("multiply", "how"),
    [
        (lambda w, x: torch.einsum("bti,oi->bto", x, w), "by einsum"),
        (lambda w, x: torch.tensordot(x, w, ([2], [1])), "by tensordot"),
        (lambda w, x: torch.inner(x, w), "by inner"),
        (lambda w, x: torch.baddbmm(x, x, w[None]), "by baddbmm"),
        (lambda w, x: x @ (w * 2), "once converted"),
        (lambda w, x: linear(x, w.float().softmax(-1)), "once converted"),
        (lambda w, x: x @ torch.cat([w, w]).T, "once converted"),
        (lambda w, x: x @ w, "outside any nn.Linear"),
        (lambda w, x: linear(x, w), "outside any nn.Linear"),
    ],
)
def test_a_matrix_that_would_stay_dense_is_refused_by_name(multiply, how):
    model = toy(
        lambda b, x: b.lin(x + multiply(b.w, x).sum()), lin=lin(), w=parameter(WIDTH, WIDTH)
    )
    assert_refused(model, f"block 0 multiplies w \\(8 × 8\\) {how}, which cannot be pruned yet")


@pytest.mark.parametrize(
    "multiply",
    [
        lambda w, x: torch.einsum("bti,oi->bto", x, w),
        lambda w, x: linear(x, w * 2),
        lambda w, x: linear(x, w.double().to(x.dtype)),
    ],
)
def test_so_is_that_of_a_layer(multiply):
    model = toy(lambda b, x: multiply(b.lin.weight, x), lin=lin())
    assert_refused(
        model, "block 0 multiplies lin.weight .*(by einsum|once converted), which cannot"
    )


@pytest.mark.parametrize(
    "multiply",
    [
        lambda w, x: torch.cat([linear(x, w[:3]), linear(x, w[3:])], -1),
        lambda w, x: sum(linear(x[..., n : n + 4], w[:, n : n + 4]) for n in (0, 4)),
        lambda w, x: x @ w[:5].T @ torch.ones(5, WIDTH) + linear(x, w),
    ],
)
def test_a_weight_that_is_used_in_parts(multiply):
    model = toy(lambda b, x: multiply(b.lin.weight, x), lin=lin())
    assert_refused(model, "block 0 multiplies lin.weight in parts .* of 8 × 8\\), which cannot")


def test_layers_that_a_text_does_not_use_stay_dense():
    model = toy(lambda b, x: b.lin(x), lin=lin(), vision=lin())
    assert left(model) == {"vision": UNUSED}


def test_thin_layers_stay_dense():
    model = toy(lambda b, x: b.lin(x) * b.gate(x).sigmoid(), lin=lin(), gate=lin(1))
    assert left(model) == {"gate": "has one output or one input"}


def test_an_embedding_stays_dense():
    model = toy(
        lambda b, x: b.lin(x) + b.where(torch.arange(x.shape[1])),
        lin=lin(), where=lambda: nn.Embedding(40, WIDTH),
    )  # fmt: skip
    assert left(model) == {"where": "an embedding"}


def test_a_convolution_stays_dense():
    model = toy(
        lambda b, x: b.lin(b.conv(x.mT).mT),
        lin=lin(), conv=lambda: nn.Conv1d(WIDTH, WIDTH, 3, padding=1),
    )  # fmt: skip
    assert left(model) == {"conv": "a convolution"}


def test_a_table_that_is_added_is_no_matrix_of_a_product():
    model = toy(
        lambda b, x: b.lin(x * b.table[:, : x.shape[1]].sum(0)),
        lin=lin(),
        table=parameter(2, 40, 8),
    )
    assert left(model) == {"table": "no matrix of a product"}


def test_vectors_are_not_spoken_of():
    model = toy(
        lambda b, x: b.lin(x * b.scale + b.bias),
        lin=lin(),
        scale=parameter(8),
        bias=parameter(1, 1, 8),
    )
    assert left(model) == {}


def test_blocks_without_a_matrix_are_refused():
    model = toy(lambda b, x: x * b.scale + b.table[0], scale=parameter(8), table=parameter(4, 8))
    assert_refused(model, "model: its blocks .*Made.* hold no matrix that can be pruned")


def routed(block, x, experts):
    """Each token through the two experts that a gate chooses for it."""
    flat = x.flatten(0, -2)
    chosen = block.gate(flat).topk(2)[1]
    out = torch.zeros_like(flat)
    for number in range(COUNT):
        tokens = (chosen == number).any(-1).nonzero()[:, 0]
        if len(tokens):
            out.index_add_(0, tokens, experts(number, flat[tokens]))
    return x + out.view_as(x)


class Moe(nn.Module):
    """A mixture that holds a gate and experts as blocks of transformers do."""

    def __init__(self, run, **parts):
        super().__init__()
        self.gate, self.experts = nn.Linear(WIDTH, COUNT), Stacked(**parts)
        self.run = run

    def forward(self, x):
        return routed(self, x, lambda number, tokens: self.run(self, number, tokens))


class Stacked(nn.Module):
    """Holds experts' matrices as parameters."""

    def __init__(self, **parts):
        super().__init__()
        for name, make in parts.items():
            setattr(self, name, make())


def moe(run, **parts):
    return toy(lambda b, x: b.mlp(x), mlp=lambda: Moe(run, **parts))


def gated(joined):
    gate, up = joined
    return gate.sigmoid() * up


def outputs_first(m, n, x):
    hidden = gated(linear(x, m.experts.gate_up_proj[n]).chunk(2, -1))
    return linear(hidden, m.experts.down_proj[n])


def with_biases(m, n, x):
    e = m.experts
    hidden = gated(linear(x, e.gate_up_proj[n], e.gate_up_bias[n]).chunk(2, -1))
    return linear(hidden, e.down_proj[n]) + e.down_bias[n]


def interleaved(m, n, x):
    e = m.experts
    joined = x @ e.gate_up_proj[n] + e.gate_up_bias[n]
    return gated((joined[..., ::2], joined[..., 1::2])) @ e.down_proj[n] + e.down_bias[n]


def inputs_first(m, n, x):
    return gated((x @ m.experts.gate_up_proj[n]).chunk(2, -1)) @ m.experts.down_proj[n]


def two_dimensions(m, n, x):
    up, down = (each.view(COUNT, BETWEEN, WIDTH)[n] for each in (m.experts.up, m.experts.down))
    return x.matmul(up.T).relu().matmul(down)


BIASES = {"gate_up_bias": parameter(COUNT, 2 * BETWEEN), "down_bias": parameter(COUNT, WIDTH)}
OUTPUTS_FIRST = {
    "gate_up_proj": parameter(COUNT, 2 * BETWEEN, WIDTH),
    "down_proj": parameter(COUNT, WIDTH, BETWEEN),
}
INPUTS_FIRST = {
    "gate_up_proj": parameter(COUNT, WIDTH, 2 * BETWEEN),
    "down_proj": parameter(COUNT, BETWEEN, WIDTH),
}
JOINED, INTERLEAVED = ((0, 12, 1), (12, 24, 1)), ((0, 24, 2), (1, 25, 2))


@pytest.mark.parametrize(
    ("experts", "parts", "first", "halves"),
    [
        (outputs_first, OUTPUTS_FIRST, False, JOINED),
        (with_biases, OUTPUTS_FIRST | BIASES, False, JOINED),
        (inputs_first, INPUTS_FIRST, True, JOINED),
        (interleaved, INPUTS_FIRST | BIASES, True, INTERLEAVED),
    ],
)
def test_experts_in_one_tensor(experts, parts, first, halves):
    found = decoder_of(model := moe(experts, **parts))
    assert found.routed == (True,) * BLOCKS
    gate, up, down = found.matrices[0]
    assert [gate.name, up.name, down.name] == [
        f"mlp.experts.*.{each}_proj" for each in ("gate", "up", "down")
    ]
    for each, part in zip((gate, up, down), (*halves, None), strict=True):
        assert (each.count, each.expert, each.inputs_first) == (COUNT, True, first)
        assert range(*each.part) == range(*part) if part else each.part is None
    assert (gate.out_features, gate.in_features) == (up.out_features, up.in_features) == (12, 8)
    assert (down.out_features, down.in_features) == (8, 12)
    joined = model.blocks[0].mlp.experts.gate_up_proj
    whole = joined.mT if first else joined
    assert gate.of(model.blocks[0]).equal(whole[:, slice(*halves[0])])
    assert up.of(model.blocks[0]).equal(whole[:, slice(*halves[1])])
    assert found.dense[0].pop("mlp.gate") == ROUTER
    assert set(found.dense[0].values()) <= {"no matrix of a product"}, "biases"


def test_experts_in_two_dimensions():
    parts = {name: parameter(COUNT * BETWEEN, WIDTH) for name in ("up", "down")}
    up, down = decoder_of(model := moe(two_dimensions, **parts)).matrices[0]
    assert (up.out_features, up.in_features, up.inputs_first) == (12, 8, False)
    assert (down.out_features, down.in_features, down.inputs_first) == (8, 12, True)
    experts = model.blocks[0].mlp.experts
    assert up.of(model.blocks[0]).equal(experts.up.view(4, 12, 8))
    assert down.of(model.blocks[0]).equal(experts.down.view(4, 12, 8).mT)


def at_once(b, x):
    """All experts in one product, each on all tokens, of which those of others are zero."""
    flat = x.flatten(0, -2)
    scores = b.router(flat)
    kept = torch.full_like(scores, -torch.inf).scatter(1, scores.topk(1)[1], scores.topk(1)[0])
    fed = (flat[None] * kept.sigmoid().T[..., None]).bmm(b.experts.gate_up_proj)
    return x + gated(fed.chunk(2, -1)).bmm(b.experts.down_proj).sum(0).view_as(x)


def test_experts_that_are_multiplied_at_once(tokens):
    make = {"router": lin(COUNT), "experts": lambda: Stacked(**INPUTS_FIRST)}
    found = decoder_of(model := toy(at_once, **make))
    assert names(found.matrices[0]) == [f"experts.*.{each}_proj" for each in ("gate", "up", "down")]
    assert found.dense[0] == {"router": ROUTER}
    seen = []
    list(prune_blocks(model, tokens % 11, Plan("wanda", 0.5, unreached="magnitude"),
                      saw=lambda block, each: seen.append(each)))  # fmt: skip
    # Each token is sent to one expert, and counted there only.
    for name in ("gate_proj", "up_proj", "down_proj"):
        assert sum(seen[0][f"experts.{n}.{name}"] for n in range(COUNT)) == tokens.numel()


class List(nn.Module):
    """Experts that are modules in a list."""

    def __init__(self):
        super().__init__()
        self.gate = nn.Linear(WIDTH, COUNT)
        self.experts = nn.ModuleList([nn.Linear(WIDTH, WIDTH) for _ in range(COUNT)])

    def forward(self, x):
        return routed(self, x, lambda number, tokens: self.experts[number](tokens))


def test_experts_in_a_list():
    found = decoder_of(toy(lambda b, x: b.mlp(x), mlp=List))
    assert names(found.matrices[0]) == [f"mlp.experts.{n}" for n in range(COUNT)]
    assert all(each.expert and each.count is None for each in found.matrices[0])
    assert found.dense[0] == {"mlp.gate": ROUTER}


def test_a_layer_beside_experts_that_chooses_none_is_pruned():
    make = {"mlp": List, "query": lin(), "same": lin(COUNT)}
    found = decoder_of(toy(lambda b, x: b.mlp(b.query(x)) + b.same(x).sum(), **make))
    assert names(found.matrices[0])[-2:] == ["query", "same"]
