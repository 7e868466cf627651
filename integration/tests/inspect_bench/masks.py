"""Scores and masks in NumPy, outputs × inputs, and whether any norms could explain a mask.

Written from the formulas alone. `keep` is True where a weight survives.
"""

from __future__ import annotations

from math import ceil, floor

import numpy as np

DATA_FREE = ("magnitude", "ri", "symmetric", "symmetric_squared")


def scores(method: str, W: np.ndarray, x: np.ndarray, seed: int = 0) -> np.ndarray:
    """Scores of a matrix in float64; larger means keep.

    Args:
        method: its name.
        W: outputs × inputs.
        x: norms of its inputs.
        seed: of `random` and `stochria`, and of the outputs' norms of `symwanda` and `owanda`.
    """
    A, x = np.abs(W.astype(np.float64)), x.astype(np.float64)
    draw = np.random.default_rng(seed)
    y = draw.lognormal(0, 1, len(A))[:, None]
    relative = A / A.sum(0) + A / A.sum(1, keepdims=True)
    if method == "stochria":
        size = max(1, min(A.shape) // 4)
        columns = np.stack([draw.choice(row, size, replace=False).sum() for row in A])
        rows = np.stack([draw.choice(column, size, replace=False).sum() for column in A.T])
        return A / rows + A / columns[:, None]
    return {
        "magnitude": lambda: A,
        "wanda": lambda: A * x,
        "owanda": lambda: A * y,
        "symwanda": lambda: A * (x + y),
        "symmetric": lambda: A * (np.sqrt((A**2).sum(0)) + np.sqrt((A**2).sum(1, keepdims=True))),
        "symmetric_squared": lambda: A**2 * ((A**2).sum(0) + (A**2).sum(1, keepdims=True)),
        "ri": lambda: relative,
        "ria": lambda: relative * np.sqrt(x),
        "random": lambda: draw.random(A.shape),
    }[method]()


def how_many(total: int, sparsity: float, count: str) -> int:
    """How many of so many a convention prunes."""
    share = total * sparsity
    return {
        "floor": floor(share),
        "ceil": ceil(share),
        "round": round(share),
        "one_more": floor(share) + 1,
    }[count]


def keep(S: np.ndarray, sparsity: float, group: str = "output", count: str = "floor") -> np.ndarray:
    """What an unstructured mask keeps of each output's, or of the layer's, weights."""
    flat = S.reshape(1, -1) if group == "layer" else S
    order = np.argsort(flat, axis=1, kind="stable")[:, : how_many(flat.shape[1], sparsity, count)]
    kept = np.ones(flat.shape, bool)
    np.put_along_axis(kept, order, False, axis=1)
    return kept.reshape(S.shape)


def keep_n_of_m(S: np.ndarray, n: int, m: int, tail: str = "dense") -> np.ndarray:
    """n of every m neighbouring inputs; what is left over stays dense or keeps n at most."""
    kept = np.ones(S.shape, bool)
    whole = S.shape[1] // m * m
    groups = S[:, :whole].reshape(-1, m)
    order = np.argsort(groups, axis=1, kind="stable")[:, : m - n]
    some = np.ones(groups.shape, bool)
    np.put_along_axis(some, order, False, axis=1)
    kept[:, :whole] = some.reshape(len(S), whole)
    if tail == "partial" and (rest := S.shape[1] - whole) > n:
        order = np.argsort(S[:, whole:], axis=1, kind="stable")[:, : rest - n]
        np.put_along_axis(kept[:, whole:], order, False, axis=1)
    return kept


def sparsegpt(W: np.ndarray, x: np.ndarray, sparsity: float, seed: int = 0) -> np.ndarray:
    """Weights after a SparseGPT in one block: kept ones take over what removed ones did.

    Args:
        W: outputs × inputs.
        x: norms of the inputs, which are correlated.
        sparsity: share of the weights that is removed.
        seed: of the inputs.
    """
    draw = np.random.default_rng(seed)
    inputs = W.shape[1]
    X = (draw.normal(size=(4 * inputs, inputs)) + draw.normal(size=(4 * inputs, 1))) * x
    H = X.T @ X
    H += np.eye(inputs) * 0.01 * H.diagonal().mean()
    U = np.linalg.cholesky(np.linalg.inv(H)).T
    W = W.astype(np.float64)
    saliency = W**2 / U.diagonal() ** 2
    pruned = ~keep(saliency, sparsity, "layer")
    for column in range(inputs):
        error = np.where(pruned[:, column], W[:, column], 0) / U[column, column]
        W[:, column:] -= np.outer(error, U[column, column:])
        W[pruned[:, column], column] = 0
    # What was pruned gets its share of later errors no more.
    W[pruned] = 0
    return W.astype(np.float32)


def worst_cycle(W: np.ndarray, kept: np.ndarray) -> float:
    """Mean logarithm of the ratios of a cycle of inputs above 0, if there is one, else at most 0.

    Norms that explain a mask within outputs exist if and only if no cycle has a product above 1;
    the mean over the edges of the worst cycle is found by Karp's algorithm in float64.

    Args:
        W: dense weights, outputs × the inputs that compare with each other.
        kept: the mask.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        L = np.log(np.abs(W.astype(np.float64)))
        # What is pruned loses nothing, so that it is -inf where it is 0 already.
        above = np.where(~kept, L, -np.inf)[:, :, None] - np.where(kept, L, np.inf)[:, None]
        return _cycle_mean(np.nan_to_num(above, nan=-np.inf, neginf=-np.inf).max(0))


def _cycle_mean(edges: np.ndarray) -> float:
    count = len(edges)
    longest = np.full((count + 1, count), -np.inf)
    longest[0] = 0
    for step in range(count):
        longest[step + 1] = (longest[step][:, None] + edges).max(0)
    last = longest[count]
    if not np.isfinite(last).any():
        return -np.inf
    with np.errstate(invalid="ignore"):
        means = (last - longest[:-1]) / (count - np.arange(count))[:, None]
    means[~np.isfinite(longest[:-1])] = np.inf
    return float(np.where(np.isfinite(last), means.min(0), -np.inf).max())
