"""Packed layouts of quantised weights are read as the libraries that write them mean them.

`samples/` holds small layers as those libraries wrote them, with what they hold as `….right`; in
each file's metadata stands which one it was. The writers of `inspect_bench` write the same bytes.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from packed_layers import (
    BITSANDBYTES,
    FORMATS,
    GPTQ,
    MARLIN,
    NAMES,
    as_gptq,
    as_nf4,
    gaussian,
    is_what_was_packed,
    layers,
    named,
    rounded,
    write,
)
from safetensors import safe_open
from safetensors.torch import load_file

from inspect_bench.packed import awq, gptq, marlin_24, nf4, with_zero_points
from pruneproof.integration.inspection.opening import open_checkpoint

SAMPLES = Path(__file__).with_name("samples")


def sample(name):
    """The tensors of a sample, and what it says of them."""
    with safe_open(SAMPLES / f"{name}.safetensors", "np") as file:
        said = json.loads(file.metadata()["quantization_config"])
    stored = load_file(SAMPLES / f"{name}.safetensors")
    return {key: each.numpy() for key, each in stored.items()}, said


def in_parts(content, rows):
    """All of it, some rows at a time."""
    starts = range(0, content.rows, rows)
    return np.concatenate([content.bits(slice(a, min(a + rows, content.rows))) for a in starts])


@pytest.mark.parametrize("name", sorted(each.stem for each in SAMPLES.glob("*.safetensors")))
def test_what_a_library_wrote_is_read(tmp_path, name):
    tensors, said = sample(name)
    source = open_checkpoint(str(write(tmp_path / "it", tensors, **said)))
    right = {key: each for key, each in tensors.items() if key.endswith(".right")}
    assert right
    for key, expected in right.items():
        entry = source.named()[key.replace(".right", ".weight")]
        assert (entry.unread, entry.shape) == ("", expected.shape)
        content = source.read(entry)
        for rows in (content.rows, 1, 7):
            assert np.array_equal(in_parts(content, rows), expected), key
        assert np.array_equal(content.zeros().mask, expected == 0)


def test_marlin_24_is_written_as_compressed_tensors_does():
    tensors, _ = sample("marlin-24")
    for bits in (4, 8):
        made = marlin_24(tensors[f"layer{bits}.right"].astype(int), bits)
        for end in ("weight_packed", "meta"):
            assert np.array_equal(made[end], tensors[f"layer{bits}.{end}"])
        assert made["scale_packed"].shape == tensors[f"layer{bits}.scale_packed"].shape


@pytest.mark.parametrize(("bits", "zero"), [(4, 0.0), (4, 0.2), (8, 0.0), (8, 0.02)])
def test_marlin_24_is_two_of_four(tmp_path, inspect, bits, zero):
    numbers = layers(np.random.default_rng(bits), zero, two_of_four=True)
    packed = {name: marlin_24(each, bits) for name, each in numbers.items()}
    folder = write(tmp_path / "it", named(packed), **MARLIN)
    for claim in (("--n-m", "2:4"), ("--sparsity", "0.5")):
        found = inspect(folder, *claim)
        assert (found.code, [*found.claims.values()]) == (0, ["holds"])
        is_what_was_packed(found, numbers)
    for each in found.tensors.values():
        assert each["pattern"]["n_m"] == "2:4"
        assert each["pattern"]["violations"] == 0
        assert each["storage"] == f"compressed-tensors marlin-24 int{bits}"
    assert inspect(folder, "--sparsity", "0.8").code == 1


@pytest.mark.parametrize("name", ["gptq", "gptq_v2"])
def test_gptq_is_written_as_its_libraries_do(name):
    """Their zero points are others than the smallest ones that fit, so these are given."""
    tensors, _ = sample(name)
    for key in [each for each in tensors if each.endswith(".right")]:
        layer = key.removesuffix(".right")
        bits, less = int(layer[-1]), int(name == "gptq")
        groups = tensors[f"{layer}.g_idx"]
        zeros = zero_points(tensors[f"{layer}.qzeros"], bits) + less
        codes = tensors[key].astype(int) + zeros.T[:, groups]
        made = gptq(codes, zeros.T, groups, bits, less)
        for end in ("qweight", "qzeros", "g_idx"):
            assert np.array_equal(made[end], tensors[f"{layer}.{end}"]), (key, end)


def zero_points(words, bits):
    """Whole numbers that lie side by side, by their binary digits."""
    rows = ["".join(f"{int(each) % 2**32:032b}" for each in row[::-1]) for row in words]
    return np.array([[int(r[at - bits : at], 2) for at in range(len(r), 0, -bits)] for r in rows])


def test_awq_is_written_as_autoawq_does():
    tensors, _ = sample("awq")
    order = [0, 4, 1, 5, 2, 6, 3, 7]
    stored = zero_points(tensors["layer4.qzeros"], 4)
    zeros = stored.reshape(2, -1, 8)[..., order].reshape(2, -1).T
    made = awq(tensors["layer4.right"].astype(int) + np.repeat(zeros, 32, axis=1), zeros)
    for end in ("qweight", "qzeros"):
        assert np.array_equal(made[end], tensors[f"layer4.{end}"])


def test_zero_points_are_written_as_compressed_tensors_does():
    tensors, _ = sample("pack-quantized")
    for bits in (2, 4, 8):
        words = tensors[f"layer{bits}.weight_zero_point"]
        zeros = zero_points(words.T, bits).T
        codes = tensors[f"layer{bits}.right"].astype(int) + np.repeat(zeros, 32, axis=1)
        made = with_zero_points(codes, zeros, bits)
        for end in ("weight_packed", "weight_zero_point"):
            assert np.array_equal(made[end], tensors[f"layer{bits}.{end}"])


def test_nf4_is_written_as_bitsandbytes_does():
    tensors, _ = sample("bitsandbytes")
    made = nf4(tensors["nf4.dense"])
    for end in ("weight", "weight.absmax", "weight.quant_map"):
        assert np.array_equal(made[end], tensors[f"nf4.{end}"]), end


@pytest.mark.parametrize("kind", ["dense", "half", "2:4"])
@pytest.mark.parametrize("form", FORMATS)
def test_rounding_is_no_pruning_in_packed_layouts(tmp_path, inspect, form, kind):
    write_as, said = FORMATS[form]
    packed, right = {}, {}
    for name, W in gaussian(kind).items():
        packed[name], right[name] = write_as(W)
        assert kind == "dense" or (right[name][W == 0] == 0).all()
    folder = write(tmp_path / "it", named(packed), **said)
    found = inspect(folder, *(("--n-m", "2:4") if kind == "2:4" else ("--sparsity", "0.5")))
    assert [*found.claims.values()] == ["contradicted" if kind == "dense" else "holds"]
    is_what_was_packed(found, right)
    for each in found.tensors.values():
        assert each["pruned"] == (kind != "dense"), each["why"]
        assert each["decided"]
        assert each["storage"] == form
        assert kind != "2:4" or each["pattern"]["n_m"] == "2:4"


def test_of_two_bits_neither_is_told(tmp_path, inspect):
    packed = {name: as_gptq(W, 2)[0] for name, W in gaussian("half").items()}
    found = inspect(write(tmp_path / "it", named(packed), **GPTQ), "--sparsity", "0.5")
    assert (found.code, [*found.claims.values()]) == (0, ["not_decided"])
    assert not any(each["decided"] for each in found.tensors.values())


def test_inputs_in_groups_of_any_order(tmp_path, inspect):
    """As GPTQ has them that quantises the largest inputs first; without `g_idx`, neighbours."""
    draw, packed, right = np.random.default_rng(0), {}, {}
    for name, W in gaussian("half").items():
        order = draw.permutation(W.shape[1])
        codes, zeros, numbers = rounded(W[:, order], 4)
        back = np.argsort(order)
        groups = (np.arange(W.shape[1]) // 32)[back]
        packed[name] = gptq(codes[:, back], zeros, groups, 4, 1)
        right[name] = numbers[:, back]
    is_what_was_packed(inspect(write(tmp_path / "it", named(packed), **GPTQ)), right)
    for name, W in gaussian("half").items():
        packed[name], right[name] = as_gptq(W)
        del packed[name]["g_idx"]
    unordered = GPTQ | {"desc_act": False}
    is_what_was_packed(inspect(write(tmp_path / "no", named(packed), **unordered)), right)


def test_a_block_of_which_the_largest_is_zero_is_zero(tmp_path, inspect):
    packed, right = {}, {}
    for name, W in gaussian("half").items():
        packed[name], right[name] = as_nf4(W)
        packed[name]["weight.absmax"][3:5] = 0
        right[name].reshape(-1)[3 * 64 : 5 * 64] = 0
    is_what_was_packed(inspect(write(tmp_path / "it", named(packed), **BITSANDBYTES)), right)


@pytest.mark.parametrize("form", FORMATS)
def test_numbers_without_their_scale_are_compared_by_their_zeros_alone(tmp_path, inspect, form):
    write_as, said = FORMATS[form]
    weights = {f"{name}.weight": W for name, W in gaussian("half").items()}
    masked = write(tmp_path / "masked", weights)
    dense = write(
        tmp_path / "dense", {f"{name}.weight": W for name, W in gaussian("dense").items()}
    )
    packed = {name: write_as(W)[0] for name, W in gaussian("half").items()}
    it = write(tmp_path / "it", named(packed), **said)
    found = inspect(it, "--dense", dense, "--mask-of", masked)
    for each in found.tensors.values():
        assert (each["relation"], each["largest_change"]) == ("quantised", None)
        assert (each["survived"], each["gone"]) == (each["weights"] // 2, 0)
    found = inspect(masked, "--dense", it, "--method", "magnitude")
    assert [*found.claims.values()] == ["not_decided"]
    assert "by that one's storage" in found.record["claims"][0]["why"]
    assert not any("relation" in each for each in found.tensors.values())


@pytest.mark.parametrize(("form", "less"), [("gptq", 1), ("gptq_v2", 0)])
def test_symmetric_zero_points_of_gptq_are_read_as_the_format_has_them(tmp_path, form, less):
    codes = np.random.default_rng(0).integers(0, 16, (64, 64))
    codes[:, ::2] = 8
    packed = gptq(codes, np.full((64, 2), 8), np.arange(64) // 32, 4, less)
    said = GPTQ | {"sym": True, "checkpoint_format": form}
    folder = write(tmp_path / "it", named({NAMES[0]: packed}), **said)
    source = open_checkpoint(str(folder))
    (entry,) = source.entries
    assert entry.unread == ""
    assert np.array_equal(in_parts(source.read(entry), 64), codes - 8)
