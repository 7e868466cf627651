"""`zyxxmu/DSnoT`, DSnoT's official code: its swaps, and its mean, variance and norm of inputs.

`prune_DSnoT` and `WrappedGPT` in the clone that PRUNEPROOF_DSNOT names. `prune_DSnoT` makes the
mask that it refines itself, and each output of it loses as many weights as the others. To have it
refine any mask, each output is refined alone, as a layer of its own, with the pruned inputs first:
with `--initial_method sparsegpt` this version's Hessian is zero, so that all weights are equal and
the first ones are pruned.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from pruneproof.properties.peers.clone import Clone

OPTIONS: dict[str, Any] = {
    "pow_of_var_regrowing": 1,
    "without_same_sign": True,
    "without_DSnoT": False,
    "skip_layer": "mlp",
    "skip_sub_layer": "no_skip",
    "get_time_overhead": False,
}


class Adapter:
    name = "zyxxmu/DSnoT"
    # `--without_same_sign` is on by default.
    conventions = {"refine_sign_check": "off", "refine_guard": "off"}

    def __init__(self) -> None:
        self._clone = Clone("PRUNEPROOF_DSNOT")
        self.version = self._clone.version

    def activation_statistics(self, batches: Iterable[Tensor]) -> dict[str, Any]:
        taken = list(batches)
        linear = nn.Linear(taken[0].shape[-1], 1, bias=False)
        layer = self._clone.prune.WrappedGPT(linear)
        for batch in taken:
            layer.add_batch(batch, None)
        return {
            "norm": (layer.scaler_row * layer.nsamples).sqrt(),
            "mean": layer.mean.flatten(),
            "var": layer.var.flatten(),
            "tokens": layer.ntokens,
        }

    def refine(
        self,
        method: str,
        weight: Tensor,
        keep: Tensor,
        inputs: Tensor,
        *,
        max_cycles: int = 50,
        update_threshold: float = 0.1,
    ) -> Tensor:
        if method != "dsnot":
            raise NotImplementedError(f"no {method}")
        refined = torch.empty_like(keep)
        for k, row in enumerate(keep):
            order, kept = torch.argsort(row.int(), stable=True), int(row.sum())
            refined[k, order] = ~self._clone.run(
                "prune_DSnoT",
                weight[k : k + 1, order],
                inputs[None, :, order],
                initial_method="sparsegpt",
                # Half a weight more than are pruned, since the product is rounded down.
                sparsity_ratio=(len(row) - kept + 0.5) / len(row),
                # More cycles than there are kept weights end in a RuntimeError.
                max_cycle_time=min(max_cycles, kept),
                update_threshold=update_threshold,
                **OPTIONS,
            ).weight_mask[0]
        return refined

    def wanda_refined(
        self, weight: Tensor, inputs: Tensor, n: int, m: int, max_cycles: int
    ) -> tuple[Tensor, Tensor]:
        """Return Wanda's mask that keeps n of every m, and what its refinement makes of it."""
        found = self._clone.run(
            "prune_DSnoT",
            weight,
            inputs[None],
            prune_n=m - n,
            prune_m=m,
            initial_method="wanda",
            max_cycle_time=max_cycles,
            update_threshold=0.1,
            **OPTIONS,
        )
        keep = torch.ones_like(found.weight_mask)
        keep.scatter_(1, found.initial_prune_indices, False)
        return keep, ~found.weight_mask
