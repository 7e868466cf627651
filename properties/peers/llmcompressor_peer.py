"""`WandaPruningModifier` of llmcompressor: |W|·sqrt(Σx²/samples), within each output.

The modifier is taken through its events as `oneshot` does, with one layer in place of a model.
Score and mask are the variables of its `sparsify_weight`.
"""

from __future__ import annotations

from typing import Any

from llmcompressor import __version__
from llmcompressor.core import State
from llmcompressor.logger import LoggerConfig, configure_logger
from llmcompressor.modifiers.pruning import WandaPruningModifier
from llmcompressor.modifiers.pruning.wanda.wanda_sparsify import sparsify_weight
from torch import Tensor, nn

from pruneproof.properties.peers.variables import variables_of

configure_logger(LoggerConfig(disabled=True))


class Adapter:
    name = "llmcompressor"
    version = __version__
    conventions = {
        "group": "output",
        "count": "floor",
        "tail": "prune_partial",
        # ‖X‖² is divided by the number of samples.
        "score_scale": "positive_multiple",
    }

    def score(self, method: str, weight: Tensor, inputs: Tensor) -> Tensor:
        return self._run(method, weight, inputs, 0.0).W_metric

    def keep_mask(
        self,
        method: str,
        weight: Tensor,
        inputs: Tensor,
        *,
        sparsity: float = 0.5,
        n_m: tuple[int, int] | None = None,
    ) -> Tensor:
        # Its n is the number of weights that are pruned, and 0:0 stands for no pattern.
        n, m = (0, 0) if n_m is None else (n_m[1] - n_m[0], n_m[1])
        return ~self._run(method, weight, inputs, sparsity, f"{n}:{m}").W_mask

    def _run(
        self, method: str, weight: Tensor, inputs: Tensor, sparsity: float, pattern: str = "0:0"
    ) -> Any:
        if method != "wanda":
            raise NotImplementedError(f"no {method}")
        linear = nn.Linear(1, 1, bias=False)
        linear.weight = nn.Parameter(weight.clone(), requires_grad=False)
        model = nn.Sequential(linear)
        state = State(model=model)
        modifier = WandaPruningModifier(
            sparsity=sparsity, mask_structure=pattern, targets=["Linear"]
        )
        modifier.initialize(state, sequential_targets=["Linear"])
        modifier.on_calibration_start(state, None)
        # Samples of one token, so that samples are accumulated.
        for sample in inputs.reshape(len(inputs), -1, inputs.shape[-1]):
            model(sample[None])
        return variables_of(sparsify_weight, modifier.on_sequential_epoch_end, state, None)
