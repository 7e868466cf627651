"""What a checkpoint's tensors are, and how they lie: no layer is missed, nothing else is judged."""

import numpy as np
import pytest

from inspected import BLOCKS, CONFIG, save, smallest, two_of_four
from pruneproof.integration.inspection.layouts import ADAPTED, LIES, roles_of
from pruneproof.integration.inspection.roles import BELOW

draw = np.random.default_rng(21)


def some(*shape):
    return draw.standard_normal(shape).astype(np.float32)


def half(*shape):
    """Outputs × inputs of which each output lacks half, in any two of four inputs."""
    return two_of_four(some(*shape))


def on_its_side(W):
    return np.ascontiguousarray(W.swapaxes(-1, -2))


def in_blocks(prefix, **tensors):
    """The same tensors in six blocks, names with dots written with two underscores."""
    return {
        f"{prefix}{n}.{name.replace('__', '.')}": make()
        for n in range(BLOCKS)
        for name, make in tensors.items()
    }


def plain(prefix="model.layers."):
    return in_blocks(prefix, self_attn__q_proj__weight=lambda: half(64, 64))


EXPERTS = {
    "mlp__experts__gate_up_proj": lambda: half(4, 128, 64),
    "mlp__experts__down_proj": lambda: half(4, 64, 64),
}
SIDEWAYS = {name: lambda make=make: on_its_side(make()) for name, make in EXPERTS.items()}
ROUTER = {"mlp__router__weight": lambda: some(4, 64)}


@pytest.mark.parametrize("tensors", [EXPERTS, SIDEWAYS])
@pytest.mark.parametrize("evidence", ["config", "router"])
def test_shapes_show_how_experts_lie(tmp_path, inspect, tensors, evidence):
    tensors = in_blocks("model.layers.", **tensors, **(ROUTER if evidence == "router" else {}))
    width = {"hidden_size": 64 if evidence == "config" else None}
    found = inspect(save(tmp_path / "it", tensors, model_type="new", **width), "--n-m", "2:4")
    assert (found.code, found.claims) == (0, {"2:4": "holds"})
    assert found.record["model"]["layers"] == 2 * BLOCKS


@pytest.mark.parametrize("kind", ["qwen3_vl_moe", "gpt_oss", "llama4"])
def test_families_show_how_experts_lie_where_shapes_do_not(tmp_path, inspect, kind):
    tensors = in_blocks("model.layers.", **SIDEWAYS)
    config = {"model_type": kind, "hidden_size": None, "text_config": {"model_type": kind}}
    assert inspect(save(tmp_path / "it", tensors, **config), "--n-m", "2:4").code == 0


def test_how_experts_lie_is_not_guessed(tmp_path, inspect):
    tensors = in_blocks("model.layers.", **EXPERTS)
    folder = save(tmp_path / "it", tensors, model_type="new", hidden_size=None)
    found = inspect(folder, "--n-m", "2:4")
    assert (found.code, found.claims) == (0, {"2:4": "not_decided"})
    assert LIES in found.record["claims"][0]["why"]


def test_mxfp4_lies_as_outputs_by_inputs_whatever_the_family(tmp_path, inspect):
    from safetensors.numpy import save_file

    def packed(experts, outputs, inputs):
        codes = draw.integers(1, 8, (experts * outputs, inputs))
        codes = np.where(half(experts * outputs, inputs) == 0, 0, codes).astype(np.uint8)
        both = codes[:, ::2] | (codes[:, 1::2] << 4)
        return both.reshape(experts, outputs, inputs // 32, 16)

    made = {"gate_up_proj": (4, 128, 64), "down_proj": (4, 64, 64)}
    tensors = {}
    for n in range(BLOCKS):
        for name, shape in made.items():
            base = f"model.layers.{n}.mlp.experts.{name}"
            tensors[f"{base}_blocks"] = packed(*shape)
            tensors[f"{base}_scales"] = np.full((*shape[:2], shape[2] // 32), 120, np.uint8)
    folder = save(tmp_path / "it", {}, model_type="gpt_oss", hidden_size=None)
    save_file(tensors, folder / "model.safetensors")
    found = inspect(folder, "--n-m", "2:4")
    assert found.claims == {"2:4": "holds"}
    assert {each["pattern"]["n_m"] for each in found.tensors.values()} == {"2:4"}


CONV1D = {
    "attn__c_attn__weight": lambda: on_its_side(half(192, 64)),
    "attn__c_proj__weight": lambda: on_its_side(half(64, 64)),
    "mlp__c_fc__weight": lambda: on_its_side(half(256, 64)),
    "mlp__c_fc2__weight": lambda: on_its_side(half(256, 64)),
    "mlp__c_proj__weight": lambda: on_its_side(half(64, 256)),
}
LINEAR = {name: lambda make=make: on_its_side(make()) for name, make in CONV1D.items()}


@pytest.mark.parametrize("tensors", [CONV1D, LINEAR])
@pytest.mark.parametrize("kind", ["gpt2", "jais", "gpt_bigcode", "vision-encoder-decoder", None])
def test_shapes_show_whether_layers_are_conv1d(tmp_path, inspect, tensors, kind):
    tensors = in_blocks("transformer.h.", **tensors)
    folder = save(tmp_path / "it", tensors, model_type=kind)
    if kind is None:
        (folder / "config.json").unlink()
    found = inspect(folder, "--n-m", "2:4")
    assert (found.code, found.claims) == (0, {"2:4": "holds"})


def test_whether_square_layers_are_conv1d_is_not_guessed(tmp_path, inspect):
    tensors = in_blocks("transformer.h.", attn__c_proj__weight=lambda: half(64, 64))
    found = inspect(save(tmp_path / "it", tensors, model_type="new"), "--n-m", "2:4")
    assert found.claims == {"2:4": "not_decided"}


def test_the_decoder_of_an_image_model_is_judged_by_its_own_kind(tmp_path, inspect):
    tensors = in_blocks(
        "decoder.transformer.h.", attn__c_proj__weight=lambda: on_its_side(half(64, 64))
    ) | in_blocks("encoder.encoder.layer.", attention__query__weight=lambda: some(64, 64))
    config = {"model_type": "vision-encoder-decoder", "decoder": {"model_type": "gpt2"}}
    found = inspect(save(tmp_path / "it", tensors, **config), "--n-m", "2:4")
    assert (found.claims, found.record["model"]["layers"]) == ({"2:4": "holds"}, BLOCKS)


def test_experts_one_below_the_other_are_not_decided(tmp_path, inspect):
    tensors = plain("transformer.blocks.") | in_blocks(
        "transformer.blocks.",
        ffn__experts__mlp__w1=lambda: half(256, 64),
        ffn__experts__mlp__w2=lambda: half(256, 64),
    )
    found = inspect(save(tmp_path / "it", tensors, model_type="dbrx"), "--n-m", "2:4")
    assert found.claims == {"2:4": "not_decided"}
    assert BELOW in found.record["claims"][0]["why"]


NO_LAYER = {
    "scales of blocks": ("self_attn.q_proj.weight_scale_inv", (2, 2)),
    "scales of experts": ("mlp.experts.gate_up_proj_scale_inv", (4, 32, 16)),
    "a second scale": ("self_attn.q_proj.weight_scale_2", (64, 4)),
    "Mamba's A": ("mixer.A_log", (64, 16)),
    "a state": ("ssm_a", (64, 16)),
    "a kernel": ("mixer.conv1d.weight", (64, 4)),
    "a wide kernel": ("mlp.fc1.weight", (64, 64, 3)),
    "hyperconnections": ("attn_hc.fn", (24, 64)),
}


@pytest.mark.parametrize(("name", "shape"), NO_LAYER.values(), ids=NO_LAYER)
def test_what_is_no_layer_is_not_judged(tmp_path, inspect, name, shape):
    tensors = plain() | {f"model.layers.{n}.{name}": some(*shape) for n in range(BLOCKS)}
    found = inspect(save(tmp_path / "it", tensors), "--sparsity", "0.5")
    assert (found.code, found.record["model"]["layers"]) == (0, BLOCKS)


@pytest.mark.parametrize(
    "other",
    [
        "vpm.encoder.layers.",
        "model.connector.perceiver_resampler.layers.",
        "qformer.encoder.layer.",
        "model.vision_tower.encoder.layers.",
        "mtp.layers.",
    ],
)
def test_other_stacks_of_blocks_are_set_aside_and_named(tmp_path, inspect, other):
    name = f"{other}0.attention.query.weight"
    tensors = plain("language_model.model.layers.") | {
        name: some(64, 64),
        "aligner.layers.0.weight": some(64, 64),
    }
    found = inspect(save(tmp_path / "it", tensors), "--sparsity", "0.5")
    assert (found.code, found.record["model"]["layers"]) == (0, BLOCKS)
    (names,) = found.record["model"]["set_aside"].values()
    assert sorted(names) == sorted([name, "aligner.layers.0.weight"])
    assert found.tensors[name]["why"].startswith("set aside: ")


def test_a_stack_alone_is_judged_whatever_its_name(tmp_path, inspect):
    found = inspect(save(tmp_path / "it", plain("strange.layers.")), "--sparsity", "0.5")
    assert (found.claims, found.record["model"]["layers"]) == ({"sparsity 0.5": "holds"}, BLOCKS)


def test_an_adapter_that_is_not_merged_leaves_its_layer_undecided(tmp_path, inspect):
    tensors = plain() | in_blocks(
        "model.layers.",
        self_attn__v_proj__base_layer__weight=lambda: half(64, 64),
        self_attn__v_proj__lora_A__default__weight=lambda: some(8, 64),
        self_attn__v_proj__lora_B__default__weight=lambda: some(64, 8),
    )
    found = inspect(save(tmp_path / "it", tensors), "--sparsity", "0.5")
    assert (found.code, found.claims) == (0, {"sparsity 0.5": "not_decided"})
    assert ADAPTED in found.record["claims"][0]["why"]
    assert found.record["model"]["layers"] == 2 * BLOCKS


LAYERS = {
    "LFM2": ("conv.in_proj.weight", (192, 64)),
    "Granite's experts": ("block_sparse_moe.input_linear.weight", (4, 128, 64)),
    "Step3's experts": ("moe.up_proj.weight", (4, 128, 64)),
    "MultiheadAttention": ("self_attn.in_proj_weight", (192, 64)),
}


@pytest.mark.parametrize(("name", "shape"), LAYERS.values(), ids=LAYERS)
def test_a_layer_that_is_dense_speaks_against_a_sparsity(tmp_path, inspect, name, shape):
    tensors = plain() | {f"model.layers.{n}.{name}": some(*shape) for n in range(BLOCKS)}
    found = inspect(save(tmp_path / "it", tensors), "--sparsity", "0.5")
    assert (found.code, found.claims) == (1, {"sparsity 0.5": "contradicted"})


def test_whole_numbers_under_an_unknown_name_are_an_unread_layer(tmp_path, inspect):
    from safetensors.numpy import load_file, save_file

    folder = save(tmp_path / "it", plain())
    tensors = load_file(folder / "model.safetensors")
    tensors |= in_blocks(
        "model.layers.", self_attn__v_proj__Qidxs=lambda: np.ones((64, 32), np.int16)
    )
    save_file(tensors, folder / "model.safetensors")
    assert inspect(folder, "--sparsity", "0.5").claims == {"sparsity 0.5": "not_decided"}


def test_matrices_of_three_dimensions_lie_as_their_siblings():
    shapes = {"model.layers.0.moe.up_proj.weight": (4, 128, 64),
              "model.layers.0.moe.down_proj.weight": (4, 64, 64)}  # fmt: skip
    for config, first in ((CONFIG, False), (CONFIG | {"hidden_size": 128}, True)):
        assert {each.inputs_first for each in roles_of(shapes, config).values()} == {first}
    against = shapes | {"model.layers.0.moe.down_proj.weight": (4, 128, 64)}
    assert all(
        each.why == LIES for each in roles_of(against, CONFIG | {"hidden_size": 64}).values()
    )


@pytest.mark.parametrize(
    "name",
    [
        "model.layers.3.input_layernorm.weight",
        "model.embed_tokens.weight",
        "vpm.encoder.layers.0.fc.weight",
    ],
)
@pytest.mark.parametrize("number", [np.nan, -np.inf])
def test_damage_is_damage_outside_of_layers_too(tmp_path, inspect, name, number):
    tensors = plain() | {name: np.full((64,) if "norm" in name else (97, 64), number, np.float32)}
    found = inspect(save(tmp_path / "it", tensors), "--sparsity", "0.5")
    assert found.code == 2
    assert f"{name}: holds NaN or infinity" in found.line


@pytest.mark.parametrize(("few", "size"), [(4, 64), (2, 16), (1, 16)])
def test_fused_heads_are_compared_in_a_gguf_files_order(tmp_path, inspect, few, size):
    from gguf import GGUFWriter

    heads, share = 4, 4 // few
    kind = "gpt_neox" if few == heads else "falcon"
    name = {
        "gpt_neox": "gpt_neox.layers.{}.attention.query_key_value.weight",
        "falcon": "transformer.h.{}.self_attention.query_key_value.weight",
    }[kind]
    whole = {name.format(n): some((heads + 2 * few) * size, 64) for n in range(BLOCKS)}
    gone = {key: np.where(smallest(W, 32), np.float32(0), W) for key, W in whole.items()}
    writer = GGUFWriter(tmp_path / "it.gguf", kind.replace("_", ""))
    writer.add_block_count(BLOCKS)
    writer.add_head_count(heads)
    writer.add_head_count_kv(few)
    for n, W in enumerate(gone.values()):
        # As llama.cpp's converter does it.
        groups = W.reshape(few, share + 2, size, 64)
        parts = groups[:, :share], groups[:, share], groups[:, share + 1]
        fused = np.concatenate([each.reshape(-1, 64) for each in parts])
        writer.add_tensor(f"blk.{n}.attn_qkv.weight", fused)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    base = save(tmp_path / "dense", whole, model_type=kind)
    found = inspect(tmp_path / "it.gguf", "--dense", base, "--method", "magnitude")
    assert found.claims == {"method magnitude": "holds"}
    assert {each["relation"] for each in found.tensors.values()} == {"equal"}
    folder = save(tmp_path / "folder", gone, model_type=kind)
    found = inspect(tmp_path / "it.gguf", "--mask-of", folder)
    zeros = (heads + 2 * few) * size * 32
    assert {each["survived"] for each in found.tensors.values()} == {zeros}


@pytest.mark.parametrize("shape", [(64, 512), (4, 64, 512)])
def test_inputs_that_pad_a_dense_layer_are_no_pruning(tmp_path, inspect, shape):
    name = "mlp.experts.down_proj" if len(shape) == 3 else "mlp.down_proj.weight"
    tensors = {f"model.layers.{n}.{name}": some(*shape) for n in range(BLOCKS)}
    for W in tensors.values():
        W[..., -2:] = 0
    found = inspect(save(tmp_path / "dense", tensors))
    assert found.record["model"]["pruned"] == 0
    # As many zeros in each output, of other inputs in each, are no padding.
    tensors = {
        key: np.where(smallest(W.reshape(-1, 512), 2).reshape(shape), np.float32(0), W)
        for key, W in ((key, some(*shape)) for key in tensors)
    }
    assert inspect(save(tmp_path / "it", tensors)).record["model"]["pruned"] == BLOCKS


def test_experts_are_compared_however_they_lie(tmp_path, inspect):
    whole = in_blocks("model.layers.", mlp__experts__up_proj=lambda: some(4, 96, 64))
    gone = {key: two_of_four(W) for key, W in whole.items()}
    base = save(tmp_path / "dense", whole)
    it = save(tmp_path / "it", {key: on_its_side(W) for key, W in gone.items()})
    found = inspect(it, "--dense", base, "--n-m", "2:4", "--method", "magnitude")
    assert {each["relation"] for each in found.tensors.values()} == {"equal"}
    assert found.claims == {"2:4": "holds", "method magnitude": "holds"}
