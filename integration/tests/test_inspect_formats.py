"""Zeros that a format made, zeros that it moved, and packed layouts."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType, GGUFWriter
from gguf.quants import dequantize, quantize
from safetensors.torch import load_file, save_file

from inspected import BLOCKS, CONFIG, NAMES, dense, pruned, save, smallest, two_of_four
from pruneproof.integration.inspection.content import KINDS, as_floats
from pruneproof.integration.inspection.formats import formats
from pruneproof.integration.inspection.measuring import TYPES, measured, page

IN_GGUF = {"self_attn.q_proj": "attn_q", "self_attn.o_proj": "attn_output",
           "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}  # fmt: skip


def through(W, kind):
    type_ = GGMLQuantizationType[kind]
    return dequantize(quantize(W, type_), type_).reshape(W.shape)


def in_gguf(name):
    block, rest = name.removeprefix("model.layers.").removesuffix(".weight").split(".", 1)
    return f"blk.{block}.{IN_GGUF[rest]}.weight"


def write_gguf(path, tensors, kind):
    writer = GGUFWriter(path, "llama")
    writer.add_block_count(BLOCKS)
    writer.add_head_count(4)
    type_ = GGMLQuantizationType[kind]
    for name in NAMES:
        writer.add_tensor(in_gguf(name), quantize(tensors[name], type_), raw_dtype=type_)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.mark.parametrize("kind", ["Q8_0", "Q5_0", "Q4_0", "Q5_1", "Q4_1"])
@pytest.mark.parametrize("stored", ["GGUF", torch.float32, torch.bfloat16])
def test_rounding_is_no_pruning_and_pruning_is_seen_through_it(tmp_path, inspect, kind, stored):
    for part, tensors in (("dense", dense()), ("half", pruned(dense()))):
        after = {name: through(tensors[name], kind) for name in NAMES}
        if stored == "GGUF":
            path = write_gguf(tmp_path / f"{part}.gguf", tensors, kind)
        else:
            path = save(tmp_path / part, after, stored)
        found = inspect(path)
        moves = not formats()[f"GGUF {kind}"].zeros_stay
        for name in NAMES:
            each = found.tensors[in_gguf(name) if stored == "GGUF" else name]
            assert each["pruned"] == (part == "half"), each["why"]
            assert each["zeros"] == int((after[name] == 0).sum())
            gone = tensors[name] == 0
            moved = int((gone & (after[name] != 0)).sum())
            # A kept weight may be rounded to the same value.
            assert 0.99 * moved <= each["displaced_zeros"] <= 1.2 * moved
            assert moves or not each["displaced_zeros"]


def test_a_claim_is_judged_with_the_zeros_that_were_moved(tmp_path, inspect):
    path = write_gguf(tmp_path / "it.gguf", pruned(dense()), "Q4_1")
    assert inspect(path, "--sparsity", "0.5").code == 0
    assert inspect(path, "--sparsity", "0.8").code == 1
    two = {name: two_of_four(each) for name, each in dense().items() if name in NAMES}
    assert inspect(write_gguf(tmp_path / "2.gguf", two, "Q8_0"), "--n-m", "2:4").code == 0
    found = inspect(write_gguf(tmp_path / "3.gguf", two, "Q4_1"), "--n-m", "2:4")
    assert "moved the zeros" in found.record["claims"][0]["why"]


def test_the_page_is_current():
    recorded = Path(__file__).parents[2] / "docs" / "formats.md"
    assert recorded.read_text(encoding="utf-8") == page(formats().values())


@pytest.mark.parametrize("kind", TYPES)
def test_the_table_of_formats_is_what_gguf_does(kind):
    mine = measured(kind)
    said = formats()[mine.name]
    assert said.zeros_stay == mine.zeros_stay
    assert said.lost == pytest.approx(mine.lost, abs=1e-3)
    assert said.dense_zeros == pytest.approx(mine.dense_zeros, abs=1e-3)


@pytest.mark.parametrize(
    ("name", "dtype"),
    [("BF16", torch.bfloat16), ("F16", torch.float16), ("F8_E4M3", torch.float8_e4m3fn),
     ("F8_E5M2", torch.float8_e5m2)],
)  # fmt: skip
def test_every_number_of_a_dtype_is_what_torch_says(name, dtype):
    kind = KINDS[name]
    bits = np.arange(2 ** (8 * np.dtype(kind.bits).itemsize)).astype(kind.bits)
    whole = torch.from_numpy(bits.view(f"i{bits.itemsize}")).view(dtype).float().numpy()
    finite = np.isfinite(whole)
    ours = as_floats(bits, name)
    assert np.array_equal(ours[finite], whole[finite])
    assert not np.isfinite(ours[~finite]).any()
    assert np.array_equal(np.signbit(ours[finite]), np.signbit(whole[finite]))


def pack(codes, bits):
    """Whole numbers side by side in int32, the first one lowest."""
    per = 32 // bits
    shifted = codes.astype(np.uint32).reshape(len(codes), -1, per)
    words = (shifted << (bits * np.arange(per, dtype=np.uint32))).sum(axis=-1, dtype=np.uint64)
    return torch.from_numpy(words.astype(np.uint32).view(np.int32))


@pytest.mark.parametrize("bits", [4, 8])
def test_packed_whole_numbers_are_read(tmp_path, inspect, bits):
    draw, stored, right = np.random.default_rng(0), {}, {}
    for name in NAMES:
        half = 2 ** (bits - 1)
        codes = draw.integers(-half, half, (32, 64))
        codes[smallest(draw.random(codes.shape), 32)] = 0
        right[name] = int((codes == 0).sum())
        base = name.removesuffix("weight")
        stored[f"{base}weight_packed"] = pack(codes + half, bits)
        stored[f"{base}weight_shape"] = torch.tensor(codes.shape)
        stored[f"{base}weight_scale"] = torch.ones(32, 2)
    (tmp_path / "it").mkdir()
    save_file(stored, tmp_path / "it" / "model.safetensors")
    config = {"quantization_config": {"quant_method": "compressed-tensors",
                                      "format": "pack-quantized"}}  # fmt: skip
    (tmp_path / "it" / "config.json").write_text(json.dumps(CONFIG | config))
    found = inspect(tmp_path / "it")
    assert {name: each["zeros"] for name, each in found.tensors.items()} == right
    assert all(each["pruned"] for each in found.tensors.values())
    assert found.record["format"] == "safetensors, compressed-tensors pack-quantized"


@pytest.mark.parametrize("suffix", ["_blocks", ".weight_packed"])
def test_fp4_is_read(tmp_path, inspect, suffix):
    draw, stored, right = np.random.default_rng(0), {}, {}
    for block in range(BLOCKS):
        codes = draw.integers(0, 16, (4, 64, 64), dtype=np.uint8)
        codes[draw.random(codes.shape) < 0.6] = 8
        two = codes[..., ::2] | codes[..., 1::2] << 4
        base = f"model.layers.{block}.mlp.experts.down_proj"
        name = base + (".weight" if suffix != "_blocks" else "")
        right[name] = int((codes % 8 == 0).sum()), int((codes == 8).sum())
        if suffix == "_blocks":
            two = two.reshape(4, 64, 2, 16)
            stored[f"{base}_scales"] = torch.ones(4, 64, 2, dtype=torch.uint8)
        stored[base + suffix] = torch.from_numpy(two)
    (tmp_path / "it").mkdir()
    save_file(stored, tmp_path / "it" / "model.safetensors")
    found = inspect(tmp_path / "it")
    for name, numbers in right.items():
        each = found.tensors[name]
        assert (each["zeros"], each["negative_zeros"]) == numbers
        assert each["shape"] == [4, 64, 64]


def test_what_is_not_read_is_not_decided(tmp_path, inspect):
    stored = {}
    for name in NAMES:
        base = name.removesuffix("weight")
        stored[f"{base}qweight"] = torch.zeros(8, 64, dtype=torch.int32)
        stored[f"{base}qzeros"] = torch.zeros(1, 8, dtype=torch.int32)
        stored[f"{base}scales"] = torch.ones(1, 64)
    (tmp_path / "it").mkdir()
    save_file(stored, tmp_path / "it" / "model.safetensors")
    for claim in (("--sparsity", "0.5"), ("--n-m", "2:4")):
        found = inspect(tmp_path / "it", *claim)
        assert (found.code, [*found.claims.values()]) == (0, ["not_decided"])
        assert "GPTQ or AWQ" in found.record["claims"][0]["why"]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float8_e4m3fn])
def test_a_bitmask_is_read_in_every_dtype(tmp_path, inspect, dtype):
    whole = pruned(dense())
    stored = {}
    for name in NAMES:
        kept = whole[name] != 0
        values = torch.from_numpy(whole[name][kept]).to(dtype)
        stored[f"{name}.compressed"] = values
        bits = np.packbits(kept, axis=-1, bitorder="little")
        stored[f"{name}.bitmask"] = torch.from_numpy(bits)
        stored[f"{name}.shape"] = torch.tensor(kept.shape)
        stored[f"{name}.row_offsets"] = torch.tensor([0, *np.cumsum(kept.sum(1))[:-1]])
    (tmp_path / "it").mkdir()
    save_file(stored, tmp_path / "it" / "model.safetensors")
    found = inspect(tmp_path / "it", "--sparsity", "0.5")
    assert found.code == 0
    for name in NAMES:
        there = load_file(tmp_path / "it" / "model.safetensors")[f"{name}.compressed"]
        zeros = int((whole[name] == 0).sum()) + int((there.float() == 0).sum())
        assert found.tensors[name]["zeros"] == zeros
