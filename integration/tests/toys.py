"""Decoders of six blocks of a few lines each, which differ in what a trial is to find out."""

import copy
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

BLOCKS, WIDTH, VOCABULARY = 6, 8, 11


class Block(nn.Module):
    """Two linear layers."""

    def __init__(self, between: int = 12) -> None:
        super().__init__()
        self.up = nn.Linear(WIDTH, between)
        self.down = nn.Linear(between, WIDTH)

    def forward(self, hidden: Tensor) -> Tensor:
        """Hidden states to hidden states."""
        return hidden + self.down(self.up(hidden).relu())


class Toy(nn.Module):
    """Embeddings, blocks and a head.

    Args:
        make: makes a block.
    """

    def __init__(self, make: Callable[[], nn.Module] = Block) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embed = nn.Embedding(VOCABULARY, WIDTH)
        self.blocks = nn.ModuleList([make() for _ in range(BLOCKS)])
        self.head = nn.Linear(WIDTH, VOCABULARY)
        self.eval()

    def get_input_embeddings(self) -> nn.Embedding:
        """As transformers' models have it."""
        return self.embed

    def through(self, hidden: Tensor) -> Tensor:
        """All blocks, in order."""
        for block in self.blocks:
            hidden = block(hidden)
        return hidden

    def forward(self, tokens: Tensor, use_cache: bool = True) -> Any:
        """Logits, as transformers' models answer."""
        return SimpleNamespace(logits=self.head(self.through(self.embed(tokens))))


def toy(forward: Callable[..., Tensor], **parts: Callable[[], Any]) -> Toy:
    """A decoder whose blocks have these parts and this forward pass.

    Args:
        forward: of a block, with the block first.
        parts: by name, what makes a module or a parameter.
    """

    class Made(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            for name, make in parts.items():
                setattr(self, name, make())

        def forward(self, hidden: Tensor) -> Tensor:
            return forward(self, hidden)

    return Toy(Made)


def weightless(model: nn.Module) -> Any:
    """A copy whose weights have a shape alone; those that are shared still are."""
    memo = {id(each): nn.Parameter(each.detach().to("meta")) for each in model.parameters()}
    return copy.deepcopy(model, memo)


def parameter(*shape: int) -> Callable[[], nn.Parameter]:
    """What makes a parameter of random numbers."""
    return lambda: nn.Parameter(torch.randn(shape) / 4)


def names(matrices: Iterable[Any]) -> list[str]:
    """The names of some matrices."""
    return [each.name for each in matrices]
