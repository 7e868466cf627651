"""`torch.nn.utils.prune`: |W| within the layer; `round(n * sparsity)` weights are pruned."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils import prune


class Adapter:
    """`l1_unstructured`; the scores that it can be given are not its own, and are not judged."""

    name = "torch.nn.utils.prune"
    version = torch.__version__.partition("+")[0]
    conventions = {"group": "layer", "count": "round"}

    def keep_mask(self, method: str, weight: Tensor, *, sparsity: float) -> Tensor:
        """The buffer `weight_mask`."""
        if method != "magnitude":
            raise NotImplementedError(f"no {method}")
        layer = nn.Linear(weight.shape[1], weight.shape[0], bias=False)
        layer.weight = nn.Parameter(weight)
        prune.l1_unstructured(layer, "weight", amount=sparsity)
        return layer.get_buffer("weight_mask").bool()
