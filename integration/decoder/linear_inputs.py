"""What the linear layers of a decoder are fed, for real calibration activations."""

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pruneproof.integration.decoder.blocks import decoder_blocks


@dataclass(frozen=True)
class LinearLayer:
    """One linear layer and the activations that it saw.

    Args:
        name: as in `model.named_modules()`.
        weight: out_features × in_features.
        inputs: tokens × in_features, in the order of the batches.
    """

    name: str
    weight: Tensor
    inputs: Tensor


@torch.no_grad()
def linear_inputs(
    model: nn.Module, token_batches: Iterable[Tensor], blocks: Iterable[int]
) -> list[LinearLayer]:
    """Every `nn.Linear` of the given blocks with its weight and all inputs that it received.

    Args:
        model: in evaluation mode; called with each batch.
        token_batches: token ids, each batch × length, on the model's device.
        blocks: positions in `decoder_blocks(model)`.

    Returns:
        The layers in the order of `model.named_modules()`.

    Raises:
        ValueError: the model is in training mode (dropout would falsify the inputs), a block does
            not exist or holds no linear layer, or a layer received nothing.
    """
    if model.training:
        raise ValueError("model: is in training mode, must be in evaluation mode: model.eval()")
    layers = _linear_layers(model, blocks)
    seen: dict[str, list[Tensor]] = {name: [] for name in layers}
    with ExitStack() as hooks:
        for name, layer in layers.items():
            hooks.callback(layer.register_forward_pre_hook(_recorder(seen[name])).remove)
        for batch in token_batches:
            model(batch)
    if silent := [name for name, inputs in seen.items() if not inputs]:
        raise ValueError(f"token_batches: no input reached {', '.join(silent)}")
    return [
        LinearLayer(name, layer.weight.detach(), torch.cat(seen[name]))
        for name, layer in layers.items()
    ]


def _linear_layers(model: nn.Module, blocks: Iterable[int]) -> dict[str, nn.Linear]:
    stack = decoder_blocks(model)
    wanted: set[nn.Module] = set()
    for index in blocks:
        if not 0 <= index < len(stack):
            raise ValueError(f"blocks: {index}, must be in [0, {len(stack)})")
        linears = {module for module in stack[index].modules() if isinstance(module, nn.Linear)}
        if not linears:
            raise ValueError(f"blocks: block {index} holds no nn.Linear")
        wanted |= linears
    return {
        name: module
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and module in wanted
    }


def _recorder(seen: list[Tensor]):
    def record(_: nn.Module, args: tuple[Tensor, ...]) -> None:
        # A copy, since a later layer may work in place.
        seen.append(args[0].detach().flatten(0, -2).clone())

    return record
