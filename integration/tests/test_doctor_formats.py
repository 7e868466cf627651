"""The doctor tells a quantiser's zeros from pruned weights, and finds zeros that were moved."""

import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType
from gguf.quants import dequantize, quantize
from typer.testing import CliRunner

from pruneproof.cli.app import app
from pruneproof.integration.decoder.blocks import decoder_blocks, linears
from pruneproof.integration.doctor.finding import Verdict
from pruneproof.integration.doctor.of_model import precision, sparsity
from pruneproof.integration.doctor.weights import look_at


@pytest.fixture
def model():
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=97, hidden_size=64, intermediate_size=96, num_hidden_layers=6,
        num_attention_heads=2, max_position_embeddings=32,
    )  # fmt: skip
    return LlamaForCausalLM(config).eval()


def change(model, how):
    with torch.no_grad():
        for block in decoder_blocks(model):
            for name, layer in linears(block):
                weight = how(name, layer.weight.float().numpy())
                layer.weight.copy_(torch.from_numpy(np.array(weight)))
    return model


def half(W):
    order = np.argsort(np.abs(W), axis=1)[:, : W.shape[1] // 2]
    made = W.copy()
    np.put_along_axis(made, order, 0, axis=1)
    return made


def through(W, kind):
    type_ = GGMLQuantizationType[kind]
    return dequantize(quantize(W, type_), type_)


MIXED = {"q_proj": "Q5_0", "v_proj": "Q8_0", "down_proj": "Q4_0"}


@pytest.mark.parametrize("kind", ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "mixed"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_dense_model_that_was_quantised_is_not_called_pruned(model, kind, dtype):
    def own(name):
        return MIXED.get(name.split(".")[-1], "Q5_0") if kind == "mixed" else kind

    weights = look_at(change(model, lambda name, W: through(W, own(name))).to(dtype))
    zeros = sparsity(weights)
    assert not weights.pruned
    assert zeros.verdict is (Verdict.NOTE if weights.fraction > 0.01 else Verdict.HEALTHY)
    look = precision(weights, None, False)
    assert look.verdict is Verdict.NOTE
    assert "expanded from a" in look.cause


@pytest.mark.parametrize("kind", ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"])
def test_a_pruned_model_that_was_quantised_is_called_pruned(model, kind):
    weights = look_at(change(model, lambda _, W: through(half(W), kind)))
    found = sparsity(weights)
    assert len(weights.pruned) == 6 * 7
    assert found.verdict is Verdict.OFF
    moves = kind in ("Q4_1", "Q5_1")
    assert ("moved its zeros" in found.cause) == moves
    assert weights.fraction + weights.moved / weights.weights >= 0.48


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_a_dense_model_is_healthy_in_every_dtype(model, dtype):
    weights = look_at(model.to(dtype))
    assert sparsity(weights).verdict is Verdict.HEALTHY
    assert precision(weights, None, False).verdict is Verdict.HEALTHY


def test_the_first_line_comes_before_anything_is_loaded(tmp_path):
    missing = tmp_path / "a\x1bmodel"
    result = CliRunner().invoke(app, ["doctor", str(missing)])
    assert result.exit_code == 2
    first = result.stderr.splitlines()[0]
    assert first.startswith("looking at ")
    assert "\x1b" not in first
