"""Layers and masks of known origin, by code that shares nothing with what judges them."""

from __future__ import annotations

import torch
from torch import Tensor


def layer(outputs: int, inputs: int, seed: int) -> tuple[Tensor, Tensor]:
    """Weights, out × in, and activation norms of the inputs, both spread as in language models."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    spread = torch.exp(0.3 * normal(outputs, 1) + 0.3 * normal(1, inputs))
    return 0.02 * normal(outputs, inputs) * spread, torch.exp(normal(inputs))


def lowest_pruned(
    S: Tensor,
    sparsity: float = 0.5,
    group: str = "output",
    n_m: tuple[int, int] | None = None,
    ties: int | None = None,
) -> Tensor:
    """The mask that prunes the lowest scores; equal ones in an order drawn with the seed `ties`."""
    outputs, inputs = S.shape
    if n_m is not None:
        blocks = [
            lowest_pruned(part, 1 - n_m[0] / n_m[1], ties=ties) for part in S.split(n_m[1], 1)
        ]
        return torch.cat(blocks, 1)
    if group == "layer":
        return lowest_pruned(S.reshape(1, -1), sparsity, ties=ties).reshape(S.shape)
    order = torch.arange(inputs).expand(outputs, inputs)
    if ties is not None:
        generator = torch.Generator().manual_seed(ties)
        order = torch.rand(outputs, inputs, generator=generator).argsort(1)
    ranked = order.gather(1, S.gather(1, order).sort(dim=1, stable=True).indices)
    keep = torch.ones(outputs, inputs, dtype=torch.bool)
    return keep.scatter(1, ranked[:, : int(inputs * sparsity)], False)


def relative_importance(W: Tensor) -> Tensor:
    """RI, out × in."""
    w = W.abs()
    return w / w.sum(0) + w / w.sum(1, keepdim=True)


def sparsegpt(W: Tensor, X: Tensor, sparsity: float = 0.5, width: int = 16) -> Tensor:
    """SparseGPT's mask: blocks of inputs one after the other, the weights behind them updated."""
    inputs = W.shape[1]
    H = (X.T @ X).double()
    H += 0.01 * H.diagonal().mean() * torch.eye(inputs)
    upper = torch.linalg.cholesky(torch.cholesky_inverse(torch.linalg.cholesky(H)), upper=True)
    W, keep = W.double().clone(), torch.ones(W.shape, dtype=torch.bool)
    for start in range(0, inputs, width):
        columns = slice(start, start + width)
        importance = W[:, columns] ** 2 / upper.diagonal()[columns] ** 2
        threshold = importance.flatten().sort().values[int(importance.numel() * sparsity)]
        keep[:, columns] = importance >= threshold
        for i in range(start, min(inputs, start + width)):
            error = W[:, i] * ~keep[:, i] / upper[i, i]
            W[:, i:] -= error[:, None] * upper[i, i:]
    return keep
