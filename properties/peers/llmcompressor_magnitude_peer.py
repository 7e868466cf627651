"""`MagnitudePruningModifier` of llmcompressor: |W|, within the layer, unstructured."""

from __future__ import annotations

from llmcompressor import __version__
from llmcompressor.core import State
from llmcompressor.logger import LoggerConfig, configure_logger
from llmcompressor.modifiers.pruning import MagnitudePruningModifier
from torch import Tensor, nn

configure_logger(LoggerConfig(disabled=True))


class Adapter:
    name = "llmcompressor, magnitude"
    version = __version__
    conventions = {"group": "layer", "count": "floor"}

    def keep_mask(self, method: str, weight: Tensor, *, sparsity: float) -> Tensor:
        """The buffer `mask`, after the modifier's first step."""
        if method != "magnitude":
            raise NotImplementedError(f"no {method}")
        linear = nn.Linear(1, 1, bias=False)
        linear.weight = nn.Parameter(weight, requires_grad=False)
        modifier = MagnitudePruningModifier(
            init_sparsity=sparsity, final_sparsity=sparsity, targets="Linear", start=0, end=1
        )
        modifier.initialize(State(model=nn.Sequential(linear)))
        return linear.get_buffer("mask")
