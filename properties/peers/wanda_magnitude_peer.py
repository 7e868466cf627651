"""`locuslab/wanda`, its magnitude baseline: |W|, within the layer; one weight too many is pruned.

`prune_magnitude` in the clone that PRUNEPROOF_WANDA names.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from pruneproof.properties.peers.clone import Clone


class Adapter:
    name = "locuslab/wanda, magnitude"
    conventions = {"group": "layer", "tail": "prune_partial"}

    def __init__(self) -> None:
        self._clone = Clone("PRUNEPROOF_WANDA")
        self.version = self._clone.version

    def score(self, method: str, weight: Tensor) -> Tensor:
        return self._run(method, weight, 0.0).W_metric

    def keep_mask(
        self,
        method: str,
        weight: Tensor,
        *,
        sparsity: float | None = None,
        n_m: tuple[int, int] | None = None,
    ) -> Tensor:
        if n_m is None:
            return ~self._run(method, weight, sparsity).W_mask
        # Its n is the number of weights that are pruned.
        shape = {"prune_n": n_m[1] - n_m[0], "prune_m": n_m[1]}
        return ~self._run(method, weight, 0.5, **shape).W_mask

    def _run(self, method: str, weight: Tensor, sparsity: float | None, **shape: int) -> Any:
        if method != "magnitude":
            raise NotImplementedError(f"no {method}")
        return self._clone.run("prune_magnitude", weight, sparsity_ratio=sparsity, **shape)
