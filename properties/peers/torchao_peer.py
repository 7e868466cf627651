"""`torchao`: |W|·‖X‖², where Wanda is |W|·‖X‖, within the layer; or m/2:m, such as 2:4."""

from __future__ import annotations

import warnings
from importlib.metadata import version

from torch import Tensor, nn
from torchao.sparsity import WandaSparsifier


class Adapter:
    """`WandaSparsifier`: prepare, calibrate, step. It has no scores to ask for."""

    name = "torchao"
    version = version("torchao")
    conventions = {"group": "layer", "count": "floor"}

    def keep_mask(
        self,
        method: str,
        weight: Tensor,
        inputs: Tensor,
        *,
        sparsity: float = 0.5,
        n_m: tuple[int, int] | None = None,
    ) -> Tensor:
        if method != "wanda":
            raise NotImplementedError(f"no {method}")
        if n_m is not None and 2 * n_m[0] != n_m[1]:
            raise NotImplementedError("half of a block is pruned")
        with warnings.catch_warnings():
            # That the sparsity of a block is fixed, and that torch.ao.quantization moves.
            warnings.simplefilter("ignore")
            sparsifier = WandaSparsifier(sparsity, n_m and n_m[1])
            layer = nn.Linear(weight.shape[1], weight.shape[0], bias=False)
            layer.weight = nn.Parameter(weight)
            model = nn.Sequential(layer)
            sparsifier.prepare(model, None)
        model(inputs)
        sparsifier.step()
        return model[0].parametrizations.weight[0].mask.bool()
