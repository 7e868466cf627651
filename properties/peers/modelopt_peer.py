"""`modelopt.torch.sparsity`, "sparse_magnitude": |W|, 2:4 alone.

It leaves layers dense whose sizes are not multiples of 8 × 16, so that smaller ones are judged as
a corner of a layer of zeros. Its SparseGPT is none of the scores that are judged.
"""

from __future__ import annotations

from contextlib import redirect_stdout
from io import StringIO

import modelopt
import modelopt.torch.sparsity as mts
import torch
from torch import Tensor, nn

ROWS, COLUMNS = 8, 16


class Adapter:
    name = "nvidia-modelopt"
    version = modelopt.__version__

    def keep_mask(self, method: str, weight: Tensor, *, n_m: tuple[int, int]) -> Tensor:
        """The buffer `_weight_mask`."""
        if method != "magnitude" or n_m != (2, 4):
            raise NotImplementedError(f"no {method} with {n_m}")
        rows, columns = weight.shape
        if columns % n_m[1]:
            raise NotImplementedError("such a layer is left dense")
        whole = torch.zeros(-(-rows // ROWS) * ROWS, -(-columns // COLUMNS) * COLUMNS)
        whole = whole.to(weight.dtype)
        whole[:rows, :columns] = weight
        layer = nn.Linear(1, 1, bias=False)
        layer.weight = nn.Parameter(whole)
        layer.out_features, layer.in_features = whole.shape
        with redirect_stdout(StringIO()):
            pruned = mts.sparsify(nn.Sequential(layer), "sparse_magnitude")
        return pruned[0].get_buffer("_weight_mask")[:rows, :columns]
