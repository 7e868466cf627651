"""Quantised checkpoints are refused by name, before a weight is read, with what to do."""

import json
import shlex
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file
from transformers import LlamaConfig, LlamaForCausalLM

from checkpoints import change, model_of, write_gguf
from pruneproof.integration.checkpoint.load import load_skeleton, load_weights
from pruneproof.integration.checkpoint.naming import CONVERTS
from pruneproof.integration.checkpoint.quantised import check_not_quantised, quantised_by
from pruneproof.integration.decoder.decoder import Decoder
from pruneproof.integration.pruning.prepare import check_files
from pruneproof.integration.pruning.weight_store import InMemory

METHODS = {
    "fp8": {"quant_method": "fp8"},
    "gptq": {"quant_method": "gptq", "bits": 4},
    "awq": {"quant_method": "awq", "bits": 4},
    "bitsandbytes": {"load_in_4bit": True},
    "compressed-tensors": {"quant_method": "compressed-tensors"},
    "modelopt": {"quant_method": "modelopt"},
    "mxfp4": {"quant_method": "mxfp4"},
    "unknown": {"bits": 3},
}


@pytest.fixture
def folder(tmp_path):
    """A small LLaMA."""
    model_of("llama").save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def nothing(_):
    pass


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("key", ["quantization_config", "compression_config"])
@pytest.mark.parametrize("method", METHODS)
def test_a_declared_method_is_named(method, key, stream, folder):
    change(folder, nothing, **{key: METHODS[method]})
    (folder / "model.safetensors").write_bytes(b"never read")
    skeleton = load_skeleton(str(folder), "auto")
    with pytest.raises(ValueError, match=rf"is quantised \({method}\); take the checkpoint that"):
        check_files(str(folder), skeleton, stream=stream)


def test_one_that_the_text_configuration_declares(tmp_path):
    config = model_of("gemma3").config
    assert quantised_by(config) is None
    config.text_config.quantization_config = METHODS["gptq"]
    assert quantised_by(config) == "gptq"


def test_one_that_modelopt_declares_beside_the_configuration(folder):
    config = load_skeleton(str(folder), "auto").config
    check_not_quantised(str(folder), config)
    said = {"producer": {"name": "modelopt"}, "quantization": {"quant_algo": "NVFP4"}}
    (folder / "hf_quant_config.json").write_text(json.dumps(said))
    with pytest.raises(ValueError, match=r"is quantised \(modelopt \(NVFP4\)\)"):
        check_not_quantised(str(folder), config)


def test_an_adapter_in_the_folder_is_not_left_out(folder):
    (folder / "adapter_config.json").write_text("{}")
    skeleton = load_skeleton(str(folder), "auto")
    with pytest.raises(ValueError, match="holds an adapter .*merge it"):
        check_files(str(folder), skeleton, stream=False)


def test_a_gguf_file_is_expanded_and_saved_as_it_was_measured(tmp_path):
    write_gguf(tmp_path / "model.gguf")
    name = str(tmp_path / "model.gguf")
    skeleton = load_skeleton(name, "auto")
    assert check_files(name, skeleton, stream=False) == ()
    model = load_weights(name, skeleton.dtype, "cpu")
    InMemory(model, Decoder.of(model)).save(tmp_path / "out", lambda _: None)
    assert (tmp_path / "out/model.safetensors").exists()


@pytest.mark.parametrize(
    ("surplus", "settings", "message"),
    [
        # What a file of Llama 3.1 and later has, for the rotary frequencies; and biases, which its
        # configuration does not speak of.
        (["rope_freqs.weight"], {}, "ignores 1 of the 58 tensors of m.gguf, rope_freqs.weight"),
        (["blk.4.attn_q.bias", "blk.5.attn_q.bias"], {}, r"ignores 2 of .*, blk.4.attn_q.bias"),
        ([], {"llama.rope.scaling.type": "yarn", "llama.rope.scaling.factor": 4.0},
         r"says rope.scaling.type = yarn, which transformers ignores"),
        ([], {"llama.attention.scale": 0.5}, r"says attention.scale = 0.5"),
        ([], {"llama.attention.key_length": 8}, r"says attention.key_length = 8"),
    ],
)  # fmt: skip
def test_a_gguf_file_that_holds_more_than_transformers_takes_is_refused(
    surplus, settings, message, tmp_path
):
    path = tmp_path / "m.gguf"
    write_gguf(path, surplus, settings)
    with pytest.raises(ValueError, match=message) as error:
        load_skeleton(str(path), "auto")
    assert "\n" not in str(error.value)


def test_settings_of_a_gguf_file_that_the_model_has_are_right(tmp_path):
    same = {"attention.key_length": 16, "attention.value_length": 16, "rope.dimension_count": 16,
            "rope.scaling.type": "none", "rope.scaling.finetuned": False}  # fmt: skip
    write_gguf(tmp_path / "m.gguf", (), {f"llama.{key}": value for key, value in same.items()})
    assert load_skeleton(str(tmp_path / "m.gguf"), "auto").config.num_hidden_layers == 6


def fp8(folder):
    """A LLaMA in FP8 with its scales, and how it was before."""
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(vocab_size=97, hidden_size=128, intermediate_size=128, num_hidden_layers=6,
                    num_attention_heads=2, max_position_embeddings=32)
    )  # fmt: skip
    model.save_pretrained(folder)

    def quantise(tensors):
        for name in [name for name in tensors if "proj" in name]:
            scale = tensors[name].abs().max() / 448
            tensors[name] = (tensors[name] / scale).to(torch.float8_e4m3fn)
            tensors[f"{name}_scale_inv"] = scale.reshape(1, 1)

    change(folder, quantise)
    return model


def test_scales_that_are_declared_nowhere_are_refused(tmp_path):
    fp8(tmp_path / "model")
    skeleton = load_skeleton(str(tmp_path / "model"), "auto")
    for stream in (False, True):
        with pytest.raises(ValueError, match="needs a scale|look like FP8 scales"):
            check_files(str(tmp_path / "model"), skeleton, stream=stream)


def test_the_instructions_give_a_checkpoint_that_can_be_pruned(tmp_path):
    folder = tmp_path / "model"
    model = fp8(folder)
    declared = {"quant_method": "fp8", "weight_block_size": [128, 128]}
    change(folder, nothing, quantization_config=declared)
    skeleton = load_skeleton(str(folder), "auto")
    with pytest.raises(ValueError, match="quantised") as caught:
        check_files(str(folder), skeleton, stream=False)
    program = str(caught.value).partition("`")[2].removesuffix("`")
    if not CONVERTS:
        # transformers 4 has no such option.
        assert program == ""
        return
    program = program.partition("; AutoTokenizer.from")[0]
    command = f"{sys.executable} -c {shlex.quote(program)}"
    subprocess.run(command, shell=True, check=True, cwd=tmp_path, capture_output=True)
    made = tmp_path / "dequantised"
    assert check_files(str(made), load_skeleton(str(made), "auto"), stream=True) == ()
    for name, each in load_file(made / "model.safetensors").items():
        right = model.state_dict()[name]
        # Roundings to nearest: of e4m3, 2⁻⁴ of a number and 2⁻¹⁰ of the scale below its smallest
        # normal one; of the scale and of the product to bfloat16, 2⁻⁹ each.
        bound = right.abs() * 2**-4 + right.abs().max() / 448 * 2**-10
        bound = bound + (right.abs() + bound) * (2**-8 + 2**-18)
        assert ((each.float() - right).abs() <= bound).all(), name
