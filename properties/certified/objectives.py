r"""The objectives, written with numbers that carry their error bounds.

As `pruneproof.properties.certified.scores`, for `pruneproof.reference.objectives`. The Frobenius
norm is taken as the norm of the norms of the rows, as the reference does; summing all entries
at once would need a γ of their number.
"""

from __future__ import annotations

import numpy as np

from pruneproof.properties.certified.bounds import Bounded


def input_reconstruction(W: Bounded, W_pruned: Bounded, X: Bounded) -> Bounded:
    """‖X(W̃ − W)‖_F²."""
    error = _frobenius(X @ (W_pruned - W))
    return error * error


def symmetric_objective(W: Bounded, W_pruned: Bounded, X: Bounded, Y: Bounded) -> Bounded:
    """‖X(W̃ − W)‖_F + ‖(W̃ − W)Y‖_F."""
    change = W_pruned - W
    return _frobenius(X @ change) + _frobenius((change @ Y).T)


def squared_objective(W: Bounded, W_pruned: Bounded, X: Bounded, Y: Bounded) -> Bounded:
    """‖X(W̃ − W)‖_F² + ‖(W̃ − W)Y‖_F²."""
    change = W_pruned - W
    from_inputs, from_outputs = _frobenius(X @ change), _frobenius((change @ Y).T)
    return from_inputs * from_inputs + from_outputs * from_outputs


def gram(X: Bounded) -> Bounded:
    """XᵀX."""
    return X.T @ X


def removal_cost(W: Bounded, removed: np.ndarray, X: Bounded, Y: Bounded) -> Bounded:
    """√tr(ΔᵀXᵀXΔ) + √tr(ΔYYᵀΔᵀ), Δ = W where removed, from Gram matrices that are rounded."""
    change = W.masked(removed)
    return _root_of_form(change.T, X) + _root_of_form(change, Y.T)


def _root_of_form(D: Bounded, X: Bounded) -> Bounded:
    # tr(D XᵀX Dᵀ). As a sum of squares its exact value is enclosed without cancellation.
    product = D @ gram(X)
    n = D.value.size
    computed = (product.reshape(1, n) @ D.reshape(n, 1)).reshape()
    exact = X.value @ D.value.T
    square = Bounded((exact * exact).sum(), computed.relative, computed.absolute, D.arithmetic)
    return square.sqrt()


def _frobenius(A: Bounded) -> Bounded:
    return A.norm(2, axis=1).norm(2, axis=0)
