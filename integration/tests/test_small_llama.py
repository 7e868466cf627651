"""The fetched checkpoint is a LLaMA that has learnt English, and its layers are found."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from pruneproof.integration.decoder.blocks import decoder_blocks
from pruneproof.integration.decoder.linear_inputs import linear_inputs
from pruneproof.integration.small_checkpoints.small_llama import fetch_small_llama
from pruneproof.integration.text.calibration import token_windows
from pruneproof.integration.text.wikipedia import fetch_wikipedia_text

pytestmark = pytest.mark.checkpoint


@pytest.fixture(scope="module")
def model() -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(fetch_small_llama())


@pytest.fixture(scope="module")
def tokens() -> Tensor:
    """Four sequences of 256 tokens."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(fetch_small_llama())
    return token_windows(tokenizer, fetch_wikipedia_text()[:20_000], count=4, length=256)


def test_it_has_the_architecture_and_the_precision_of_a_llama(model: Any) -> None:
    assert type(model).__name__ == "LlamaForCausalLM"
    assert model.dtype == torch.float32
    assert len(decoder_blocks(model)) == 30


def test_it_predicts_english(model: Any, tokens: Tensor) -> None:
    """Seen: 27. Wrong weights or a wrong tokenizer give thousands; its vocabulary is 49,152."""
    with torch.no_grad():
        loss = model(tokens, labels=tokens).loss
    assert loss.exp() <= 50


def test_all_seven_linear_kinds_of_a_block_are_recorded(model: Any, tokens: Tensor) -> None:
    layers = linear_inputs(model, [tokens[:2], tokens[2:]], [0])
    kinds = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    assert [layer.name.rpartition(".")[2] for layer in layers] == kinds
    for layer in layers:
        assert layer.inputs.shape == (tokens.numel(), layer.weight.shape[1])


def test_recorded_inputs_reproduce_the_layers_outputs(model: Any, tokens: Tensor) -> None:
    """What down_proj makes of its recorded inputs is what the model got from it."""
    outputs: list[Tensor] = []
    down: nn.Module = decoder_blocks(model)[0].mlp.down_proj
    hook = down.register_forward_hook(lambda _, args, output: outputs.append(output))
    layer = linear_inputs(model, [tokens], [0])[-1]
    hook.remove()
    torch.testing.assert_close(layer.inputs @ layer.weight.T, outputs[0].flatten(0, -2))
