"""`nncf.prune`: |W|, within the layer; `int((n - 1) * ratio) + 1` weights are pruned."""

from __future__ import annotations

import nncf
import torch
from torch import Tensor, nn


class Adapter:
    name = "nncf"
    version = nncf.__version__
    conventions = {"group": "layer"}

    def keep_mask(self, method: str, weight: Tensor, *, sparsity: float) -> Tensor:
        """The buffer `binary_mask`."""
        if method != "magnitude":
            raise NotImplementedError(f"no {method}")
        token = torch.ones(1, weight.shape[1], dtype=weight.dtype)
        mode = nncf.PruneMode.UNSTRUCTURED_MAGNITUDE_LOCAL
        pruned = nncf.prune(_Net(weight), mode, ratio=sparsity, examples_inputs=token)
        (mask,) = pruned.buffers()
        return mask


class _Net(nn.Module):
    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.linear = nn.Linear(1, 1, bias=False)
        self.linear.weight = nn.Parameter(weight, requires_grad=False)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.linear(tokens)
