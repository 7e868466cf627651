"""A checkpoint as a whole: what is not read, not there, only here, or no layer."""

import json

import numpy as np
import pytest
import torch
from gguf import GGUFWriter
from safetensors.torch import load_file, save_file

from inspected import BLOCKS, CONFIG, NAMES, dense, pruned, save

ONE = "model.safetensors"


def changed(folder, change):
    """Change the tensors of a folder."""
    tensors = load_file(folder / ONE)
    change(tensors)
    save_file(tensors, folder / ONE, metadata={"format": "pt"})
    return folder


def test_weights_that_are_not_read_are_not_called_dense(tmp_path, inspect):
    folder = tmp_path / "it"
    folder.mkdir()
    tensors = {}
    for n in range(BLOCKS):
        name = f"model.layers.{n}.self_attn.q_proj"
        tensors[f"{name}.qweight"] = torch.zeros(8, 64, dtype=torch.int32)
        tensors[f"{name}.qzeros"] = torch.zeros(1, 8, dtype=torch.int32)
        tensors[f"{name}.scales"] = torch.ones(1, 64, dtype=torch.float16)
    save_file(tensors, folder / ONE, metadata={"format": "pt"})
    # Nothing says whether they are GPTQ's or AWQ's.
    settings = {"quantization_config": {"bits": 4}}
    (folder / "config.json").write_text(json.dumps(CONFIG | settings), "utf-8")
    found = inspect(folder)
    packed = [each for each in found.tensors.values() if each["role"] == "matrix"]
    assert len(packed) == BLOCKS
    assert {each["decided"] for each in packed} == {False}
    assert found.record["model"]["left_alone"] == []
    assert "not decided for 6 of 6 layers" in " ".join(found.result.stdout.split())
    assert json.loads((found.report / "badge.json").read_text())["message"] == "not decided"
    assert "not pruned" not in (found.report / "card.md").read_text()


@pytest.mark.parametrize(
    "name", ["model.layers.0.input_layernorm.weight", "model.embed_tokens.weight"]
)
def test_nan_outside_of_layers_is_damage_as_well(tmp_path, inspect, name):
    folder = save(tmp_path / "it", pruned(dense()))
    changed(folder, lambda tensors: tensors[name].view(-1)[3:4].fill_(torch.nan))
    found = inspect(folder, "--sparsity", "0.5")
    assert found.code == 2
    assert f"{name}: holds NaN or infinity" in found.line
    assert not found.record


def test_infinity_in_a_buffer_is_no_damage(tmp_path, inspect):
    folder = save(tmp_path / "it", pruned(dense()))
    mask = torch.full((1, 1), -torch.inf)
    changed(folder, lambda tensors: tensors.update({"model.layers.0.self_attn.masked_bias": mask}))
    assert inspect(folder, "--sparsity", "0.5").code == 0


@pytest.mark.parametrize("option", ["--dense", "--mask-of"])
def test_added_tokens_and_an_untied_head_are_no_other_model(tmp_path, inspect, option):
    base = save(tmp_path / "base", dense())
    folder = save(tmp_path / "it", pruned(dense()))

    def grow(tensors):
        tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"].clone()
        more = torch.ones(4, 64)
        tensors["model.embed_tokens.weight"] = torch.cat(
            [tensors["model.embed_tokens.weight"], more]
        )

    found = inspect(changed(folder, grow), option, base)
    assert found.code == 0
    key = "relation" if option == "--dense" else "survived"
    assert {name for name, each in found.tensors.items() if key in each} == set(NAMES)


def test_a_layer_that_only_the_dense_model_has_is_missed(tmp_path, inspect):
    base = save(tmp_path / "base", dense())
    folder = changed(save(tmp_path / "it", pruned(dense())), lambda each: each.pop(NAMES[9]))
    found = inspect(folder, "--dense", base, "--sparsity", "0.5")
    assert found.code == 2
    assert f"has no {NAMES[9]}, which dense" in found.line


def test_a_model_whose_inputs_lie_first_is_compared_from_both_sides(tmp_path, inspect):
    """GPT-2's folder has inputs first, its GGUF file has not."""
    draw = np.random.default_rng(2)
    names = [f"transformer.h.{n}.attn.c_attn.weight" for n in range(BLOCKS)]
    whole = {name: draw.standard_normal((64, 192)).astype(np.float32) for name in names}
    kept = {name: np.where(np.abs(each) < 0.6, np.float32(0), each) for name, each in whole.items()}
    settings = {"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "n_head": 4}
    folder = save(tmp_path / "it", kept, **settings)
    writer = GGUFWriter(tmp_path / "dense.gguf", "gpt2")
    writer.add_block_count(BLOCKS)
    writer.add_head_count(4)
    for n, name in enumerate(names):
        writer.add_tensor(f"blk.{n}.attn_qkv.weight", np.ascontiguousarray(whole[name].T))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    found = inspect(folder, "--dense", tmp_path / "dense.gguf")
    assert found.code == 0
    assert {found.tensors[name]["relation"] for name in names} == {"equal"}


def test_a_wrong_call_leaves_the_earlier_report(tmp_path, inspect):
    folder = save(tmp_path / "it", pruned(dense()))
    earlier = inspect(folder)
    assert inspect(folder, "--sparsity", "2").code == 2
    assert json.loads((earlier.report / "inspect.json").read_text()) == earlier.record


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["", "--sparsity", "0.5"], "checkpoint: must be a hub id"),
        (["it", "--dense", ""], "dense: must be a hub id"),
        (["it", "--samples", "5"], "calibration: samples needs a calibration text"),
    ],
)
def test_an_empty_name_and_idle_options_are_refused(
    tmp_path, monkeypatch, inspect, options, message
):
    save(tmp_path / "it", pruned(dense()))
    monkeypatch.chdir(tmp_path)
    found = inspect(*options)
    assert found.code == 2
    assert message in found.line


def test_control_characters_of_a_name_are_shown_escaped(tmp_path, inspect):
    folder = save(tmp_path / "a\x1bb\nc", dense())
    found = inspect(folder)
    assert found.code == 0
    assert "\x1b" not in found.result.output + found.result.stderr
