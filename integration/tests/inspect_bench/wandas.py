"""Masks that are Wanda's: many calibrations, every dtype, the arithmetic of several libraries."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from inspect_bench.case import Made, saved_dense
from inspect_bench.dense import MATRICES, Arrays, as_torch, llama, norms, rounded, save

KINDS = ("lognormal", "heavy", "outlier", "dead")
DTYPES = ("F32", "BF16", "F16")
PATTERNS = {"half": 0.5, "seven tenths": 0.7, "2:4": (2, 4), "4:8": (4, 8)}
Pattern = float | tuple[int, int]
Formula = Callable[[Tensor, Tensor], Tensor]


def official(weight: Tensor, x: Tensor) -> Tensor:
    """The sum of squares stays in float32, so that scores are float32 of any dtype of weights."""
    squares = (x * x).reshape(1, -1)
    return weight.abs() * torch.sqrt(squares)


def in_dtype(weight: Tensor, x: Tensor) -> Tensor:
    """Norms and scores in the weights' own dtype, with many ties."""
    return weight.abs() * x.to(weight.dtype)


def mean_of_squares(weight: Tensor, x: Tensor) -> Tensor:
    """Divided by the number of tokens under the root, as others have it."""
    return weight.float().abs() * torch.sqrt(x * x / 4096)


FORMULAS: dict[str, Formula] = {
    "official": official, "in its dtype": in_dtype, "mean of squares": mean_of_squares,
}  # fmt: skip


def pruned(S: Tensor, pattern: Pattern) -> Tensor:
    """True where a weight goes, by a stable sort of each output or the least of each n:m group."""
    gone = torch.zeros_like(S, dtype=torch.bool)
    if isinstance(pattern, float):
        return gone.scatter_(1, S.sort(dim=1, stable=True)[1][:, : int(S.shape[1] * pattern)], True)
    n, m = pattern
    groups = S.float().reshape(-1, m)
    least = groups.topk(m - n, dim=1, largest=False)[1]
    return gone.reshape(-1, m).scatter_(1, least, True).reshape(S.shape)


def wandas(
    folder: Path,
    dtype: str,
    formula: Formula,
    pattern: Pattern,
    seed: int = 0,
    kinds: tuple[str, ...] = KINDS,
) -> Made:
    """A model of Wanda's masks, each block by a calibration of its own kind, and its dense one."""
    dense = rounded(llama(seed), dtype)
    tensors: Arrays = dict(dense)
    for number, name in enumerate(MATRICES):
        weight = as_torch(dense[name], dtype)
        x = torch.from_numpy(norms(name, kinds[number // 7 % len(kinds)], seed))
        # Beyond what a dtype holds no library computes anything.
        x = x.clamp(max=1e4)
        gone = pruned(formula(weight, x), pattern)
        tensors[name] = np.where(gone.numpy(), np.float32(0), dense[name])
    return Made(save(folder / "it", tensors, dtype), ("--dense", saved_dense(folder, dense, dtype)))
