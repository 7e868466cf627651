"""`qsparse`: |W| within the layer; keeps all from the next after the int(n·s)-th smallest on."""

from __future__ import annotations

from importlib.metadata import version

from qsparse import MagnitudePruningCallback, prune
from torch import Tensor, nn


class Adapter:
    """`prune` of a layer, once and at the first step; running averages are for training."""

    name = "qsparse"
    version = version("qsparse")
    conventions = {"group": "layer"}

    def keep_mask(self, method: str, weight: Tensor, *, sparsity: float) -> Tensor:
        if method != "magnitude":
            raise NotImplementedError(f"no {method}")
        layer = nn.Linear(weight.shape[1], weight.shape[0], bias=False, dtype=weight.dtype)
        layer.weight = nn.Parameter(weight)
        at_once = MagnitudePruningCallback(running_average=False)
        pruned = prune(layer, sparsity, {0, 1}, callback=at_once, start=0, interval=1, repetition=1)
        # Masks are made when the weight is used.
        _ = pruned.weight
        return pruned.prune.mask.detach()
