"""`torch.ao.pruning`: W² within the layer or within m inputs; `round(n * sparsity)` are pruned."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.ao.pruning import WeightNormSparsifier


class Adapter:
    """`WeightNormSparsifier`, with blocks of one weight, or n:m within blocks of m inputs."""

    name = "torch.ao.pruning"
    version = torch.__version__.partition("+")[0]
    conventions = {"group": "layer", "count": "round", "tail": "error"}

    def keep_mask(
        self,
        method: str,
        weight: Tensor,
        *,
        sparsity: float | None = None,
        n_m: tuple[int, int] | None = None,
    ) -> Tensor:
        """The mask of the parametrization."""
        if method != "magnitude":
            raise NotImplementedError(f"no {method}")
        if n_m is None:
            sparsifier = WeightNormSparsifier(sparsity, (1, 1))
        else:
            sparsifier = WeightNormSparsifier(1.0, (1, n_m[1]), n_m[1] - n_m[0])
        layer = nn.Linear(weight.shape[1], weight.shape[0], bias=False)
        layer.weight = nn.Parameter(weight)
        model = nn.Sequential(layer)
        sparsifier.prepare(model, [{"tensor_fqn": "0.weight"}])
        sparsifier.step()
        # A mask that does not fit the weight is found here, as in the layer's forward.
        _ = layer.weight
        return layer.parametrizations.weight[0].mask.bool()
