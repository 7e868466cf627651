"""Of weights that a format rounded, nothing is said that its levels do not show."""

import json

import numpy as np
import pytest
import torch
from gguf import GGUFWriter
from packed_layers import BITSANDBYTES, as_gptq, as_nf4, gaussian, named, write
from safetensors.torch import load_file, save_file
from test_inspect_formats import through, write_gguf

from inspect_bench.dense import llama
from inspect_bench.dense import save as save_llama
from inspect_bench.formats import permuted, save_gguf
from inspect_bench.masks import keep
from inspected import BLOCKS, CONFIG, NAMES, dense, pruned, save, smallest, two_of_four

GPTQ8 = {"quant_method": "gptq", "bits": 8, "group_size": 32}


def without_smallest(tensors, share):
    """Layers without their smallest weights, whichever outputs they are of."""
    return tensors | {
        name: np.where(np.abs(W) > np.quantile(np.abs(W), share), W, np.float32(0))
        for name, W in tensors.items()
        if name in NAMES
    }


@pytest.mark.parametrize("kind", ["Q8_0", "Q5_0", "Q5_1", "Q4_0", "Q4_1"])
def test_low_sparsities_are_not_taken_for_rounding(tmp_path, inspect, kind):
    for percent in (10, 20, 30):
        share = percent / 100
        path = write_gguf(tmp_path / f"{percent}.gguf", without_smallest(dense(), share), kind)
        assert inspect(path, "--sparsity", str(share)).code == 0
        (claim,) = inspect(path, "--sparsity", "0").record["claims"]
        # Of Gaussian weights as many are rounded to 0 by four and five bits anyway.
        hidden = percent == 10 and kind != "Q8_0"
        assert (claim["verdict"] == "holds") is hidden
        assert "as near as" in claim["why"] or not hidden
    path = write_gguf(tmp_path / "dense.gguf", dense(), kind)
    assert inspect(path, "--sparsity", "0").claims["sparsity 0"] == "holds"


def test_a_random_mask_whose_zeros_were_moved_is_not_contradicted(tmp_path, inspect):
    draw = np.random.default_rng(0)
    for share in (0.25, 0.45):
        masked = {name: W * (draw.random(W.shape) > share) for name, W in dense().items()}
        tensors = {n: W.astype(np.float32) for n, W in masked.items() if n in NAMES}
        path = write_gguf(tmp_path / f"{share}.gguf", tensors, "Q4_1")
        assert inspect(path, "--sparsity", str(share)).code == 0


@pytest.mark.parametrize("kind", ["Q8_0", "Q4_0"])
def test_a_quantised_dense_model_accuses_nobody(tmp_path, inspect, kind):
    original = write_gguf(tmp_path / "dense.gguf", dense(), kind)
    ways = ("--dense", original, "--method", "magnitude", "--group", "output")
    it = save(tmp_path / "it", pruned(dense()))
    found = inspect(it, *ways)
    assert found.claims["method magnitude"] == "not_decided"
    also = write_gguf(tmp_path / "it.gguf", pruned(dense()), kind)
    assert inspect(also, *ways).claims["method magnitude"] == "not_decided"


def test_a_quantised_dense_model_is_the_one_that_was_pruned_where_numbers_are_its_own(
    tmp_path, inspect
):
    original = write_gguf(tmp_path / "dense.gguf", dense(), "Q8_0")
    expanded = {name: through(W, "Q8_0") for name, W in dense().items() if name in NAMES}
    it = save(tmp_path / "it", pruned(expanded))
    ways = ("--dense", original, "--group", "output", "--method")
    assert inspect(it, *ways, "magnitude").claims["method magnitude"] == "holds"
    assert inspect(it, *ways, "ri").claims["method ri"] == "contradicted"


@pytest.mark.parametrize("dtypes", [("F16", "BF16"), ("BF16", "F16")])
def test_two_roundings_of_the_same_weights_are_no_change(tmp_path, inspect, dtypes):
    kinds = {"F16": torch.float16, "BF16": torch.bfloat16}
    it = save(tmp_path / "it", pruned(dense()), kinds[dtypes[0]])
    original = save(tmp_path / "dense", dense(), kinds[dtypes[1]])
    found = inspect(it, "--dense", original)
    assert {found.tensors[name]["relation"] for name in NAMES} == {"rounded"}
    assert {found.tensors[name]["changed_kept"] for name in NAMES} == {0}


def test_one_weight_of_an_output_may_be_missing_after_a_format_too(tmp_path, inspect):
    packed = {}
    for name, W in gaussian("dense").items():
        W[smallest(W, W.shape[1] // 10)] = 0
        packed[name] = as_gptq(W, 8)[0]
    found = inspect(write(tmp_path / "it", named(packed), **GPTQ8), "--sparsity", "0.1")
    assert found.code == 0


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_codes_of_bitsandbytes_may_lie_as_another_dtype(tmp_path, inspect, dtype):
    packed = named({name: as_nf4(W)[0] for name, W in gaussian("half").items()})
    folder = write(tmp_path / "it", packed, **BITSANDBYTES)
    right = inspect(folder).tensors
    stored = load_file(folder / "model.safetensors")
    stored = {
        name: each.reshape(-1).view(dtype)[:, None] if name.endswith(".weight") else each
        for name, each in stored.items()
    }
    save_file(stored, folder / "model.safetensors")
    found = inspect(folder).tensors
    assert {each["role"] for each in found.values()} == {"matrix"}
    for name, each in found.items():
        assert (each["shape"], each["zeros"]) == (right[name]["shape"], right[name]["zeros"])


def test_experts_of_bitsandbytes_lie_as_their_family_has_them(tmp_path, inspect):
    """gpt-oss' as experts × inputs × outputs, of which n of m are along inputs."""
    draw, tensors = np.random.default_rng(0), {}
    for block in range(BLOCKS):
        for name, (inputs, outputs) in {"gate_up_proj": (64, 256), "down_proj": (128, 64)}.items():
            W = draw.standard_normal((4, outputs, inputs)).astype(np.float32)
            stored = np.ascontiguousarray(np.stack([two_of_four(each).T for each in W]))
            for part, each in as_nf4(stored)[0].items():
                own = f"model.layers.{block}.mlp.experts.{name}"
                tensors[own + part.removeprefix("weight")] = each
    folder = write(tmp_path / "it", tensors, **BITSANDBYTES)
    config = CONFIG | {"model_type": "gpt_oss", "quantization_config": BITSANDBYTES}
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    found = inspect(folder, "--n-m", "2:4")
    assert [*found.claims.values()] == ["holds"]
    assert {each["pattern"]["n_m"] for each in found.tensors.values()} == {"2:4"}


def test_heads_may_differ_from_block_to_block(tmp_path, inspect, monkeypatch):
    def in_blocks(add):
        return lambda writer, count: add(writer, [count] * 6)

    for name in ("add_head_count", "add_head_count_kv"):
        monkeypatch.setattr(GGUFWriter, name, in_blocks(getattr(GGUFWriter, name)))
    tensors = llama()
    assert any((permuted(name, W) != W).any() for name, W in tensors.items())
    masked = {
        name: W * keep(np.abs(W), 0.5, "output") if ".layers." in name and W.ndim == 2 else W
        for name, W in tensors.items()
    }
    original = save_llama(tmp_path / "dense", tensors)
    earlier = save_llama(tmp_path / "earlier", masked)
    it = save_gguf(tmp_path / "it.gguf", masked, "F32")
    found = inspect(it, "--dense", original, "--mask-of", earlier, "--method", "magnitude")
    assert found.claims["method magnitude"] == "holds"
    layers = [each for each in found.tensors.values() if each["role"] == "matrix"]
    assert layers
    assert all(each["regrown"] == 0 for each in layers)
