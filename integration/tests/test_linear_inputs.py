"""Recorded inputs are what the layers computed with."""

import pytest
import torch
from torch import Tensor, nn

from pruneproof.integration.decoder.blocks import decoder_blocks
from pruneproof.integration.decoder.linear_inputs import linear_inputs


class Block(nn.Module):
    """Two linear layers with an activation in between that works in place."""

    def __init__(self) -> None:
        super().__init__()
        self.up = nn.Linear(4, 6)
        self.down = nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.down(self.up(x).relu_())


class Decoder(nn.Module):
    """Six blocks, between a shorter list and a head that belong to no block."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(10, 4)
        self.adapters = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4)])
        self.layers = nn.ModuleList([Block() for _ in range(6)])
        self.head = nn.Linear(4, 10)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embed(tokens)
        for block in self.layers:
            x = block(x)
        return self.head(x)


@pytest.fixture
def decoder() -> Decoder:
    torch.manual_seed(0)
    return Decoder().eval()


def test_the_blocks_are_the_longest_list_of_equals(decoder: Decoder) -> None:
    assert decoder_blocks(decoder) is decoder.layers


def test_a_model_without_blocks_is_an_error() -> None:
    with pytest.raises(ValueError, match="model: Linear holds no nn.ModuleList"):
        decoder_blocks(nn.Linear(2, 2))


def test_each_layer_of_each_wanted_block_once_in_order(decoder: Decoder) -> None:
    layers = linear_inputs(decoder, [torch.zeros(1, 2, dtype=torch.long)], [2, 0])
    names = ["layers.0.up", "layers.0.down", "layers.2.up", "layers.2.down"]
    assert [layer.name for layer in layers] == names
    assert layers[0].weight.data_ptr() == decoder.layers[0].up.weight.data_ptr()


def test_inputs_are_those_that_the_layer_saw_token_by_token(decoder: Decoder) -> None:
    batches = [torch.tensor([[1, 2], [3, 4]]), torch.tensor([[5, 6, 7]])]
    up, down = linear_inputs(decoder, batches, [0])
    expected = torch.cat([decoder.embed(batch).flatten(0, 1) for batch in batches])
    assert torch.equal(up.inputs, expected)
    assert down.inputs.shape == (7, 6)
    assert not up.inputs.requires_grad


def test_no_hook_stays(decoder: Decoder) -> None:
    linear_inputs(decoder, [torch.zeros(1, 1, dtype=torch.long)], [0])
    assert not any(module._forward_pre_hooks for module in decoder.modules())


def test_training_mode_is_an_error(decoder: Decoder) -> None:
    with pytest.raises(ValueError, match=r"model: is in training mode, must be .*eval\(\)"):
        linear_inputs(decoder.train(), [], [0])


@pytest.mark.parametrize("index", [-1, 6])
def test_a_block_that_is_not_there_is_an_error(decoder: Decoder, index: int) -> None:
    with pytest.raises(ValueError, match=rf"blocks: {index}, must be in \[0, 6\)"):
        linear_inputs(decoder, [], [index])


def test_no_batches_is_an_error(decoder: Decoder) -> None:
    with pytest.raises(ValueError, match="token_batches: no input reached layers.0.up"):
        linear_inputs(decoder, [], [0])


def test_a_block_without_linear_layers_is_an_error() -> None:
    with pytest.raises(ValueError, match="blocks: block 0 holds no nn.Linear"):
        linear_inputs(nn.Sequential(nn.ModuleList([nn.Embedding(3, 4), nn.ReLU()])).eval(), [], [0])
