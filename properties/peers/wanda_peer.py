"""`locuslab/wanda`, Wanda's official code: |W|·sqrt(Σx²/sequences), within each output.

`prune_wanda` in the clone that PRUNEPROOF_WANDA names. Its magnitude pruning compares the
weights of a whole layer, and so has an adapter of its own.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from pruneproof.properties.peers.clone import Clone, as_sequences


class Adapter:
    name = "locuslab/wanda"
    conventions = {
        "group": "output",
        "count": "floor",
        "tail": "prune_partial",
        # ‖X‖² is divided by the number of sequences.
        "score_scale": "positive_multiple",
    }

    def __init__(self) -> None:
        self._clone = Clone("PRUNEPROOF_WANDA")
        self.version = self._clone.version

    def score(self, method: str, weight: Tensor, inputs: Tensor) -> Tensor:
        return self._run(method, weight, inputs, 0.0).W_metric

    def keep_mask(
        self,
        method: str,
        weight: Tensor,
        inputs: Tensor,
        *,
        sparsity: float | None = None,
        n_m: tuple[int, int] | None = None,
    ) -> Tensor:
        if n_m is None:
            return ~self._run(method, weight, inputs, sparsity).W_mask
        # Its n is the number of weights that are pruned.
        shape = {"prune_n": n_m[1] - n_m[0], "prune_m": n_m[1]}
        return ~self._run(method, weight, inputs, 0.5, **shape).W_mask

    def _run(
        self, method: str, weight: Tensor, inputs: Tensor, sparsity: float | None, **shape: int
    ) -> Any:
        if method != "wanda":
            raise NotImplementedError(f"no {method}")
        options = {"sparsity_ratio": sparsity, "use_variant": False, **shape}
        return self._clone.run("prune_wanda", weight, as_sequences(inputs), **options)
