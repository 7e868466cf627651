r"""X and Y of every construction, written with numbers that carry their error bounds.

As `pruneproof.properties.certified.scores`, for `pruneproof.reference.constructions`; the formulas
are those of `pruneproof.symbolic.constructions`. Where a norm of W is zero, so are the column
of X and the row of Y that it would divide.
"""

from __future__ import annotations

import numpy as np

from pruneproof.properties.certified.bounds import Bounded
from pruneproof.properties.certified.centred import centred
from pruneproof.properties.certified.scores import Samples, sampled

Pair = tuple[Bounded, Bounded]


def magnitude(W: Bounded) -> Pair:
    """X = I, Y = 0 (Table 1)."""
    b, c = W.value.shape
    return W.constant(1).broadcast((b, b)).masked(np.eye(b, dtype=bool)), _zeros(W, c, 1)


def wanda(X: Bounded, W: Bounded) -> Pair:
    """X given, Y = 0 (Corollary 3.2)."""
    return X, _zeros(W, W.value.shape[1], 1)


def stade(X: Bounded, W: Bounded) -> Pair:
    """X less the mean of each feature, Y = 0 (beyond the paper)."""
    return centred(X), _zeros(W, W.value.shape[1], 1)


def owanda(W: Bounded, Y: Bounded) -> Pair:
    """X = 0, Y given (Corollary 3.3)."""
    return _zeros(W, 1, W.value.shape[0]), Y


def symmetric(W: Bounded) -> Pair:
    """X = Y = Wᵀ (Corollary 3.4)."""
    return W.T, W.T


def ri_constant(W: Bounded, a: int, d: int) -> Pair:
    """Constant columns of X and rows of Y (Theorem 3.5, first)."""
    b, c = W.value.shape
    one, r, q = W.constant(1), W.norm(1, axis=1), W.norm(1, axis=0)
    X = (one / (W.constant(a).sqrt() * r)).broadcast((a, b))
    Y = (one / (W.constant(d).sqrt() * q)).broadcast((d, c)).T
    return X, Y


def ri_diagonal(W: Bounded) -> Pair:
    """Diagonal X and Y (Theorem 3.5, second)."""
    one = W.constant(1)
    return _diagonal(one / W.norm(1, axis=1)), _diagonal(one / W.norm(1, axis=0))


def ria_pointwise(W: Bounded, c_norm: Bounded, j: int, k: int, alpha: float = 0.5) -> Pair:
    """Lemma 3.6 with p = j and s = k: right for the weight (j, k) only."""
    b, c = W.value.shape
    activation = c_norm[j] ** alpha
    X = _diagonal(activation.broadcast((b,)) / W.norm(1, axis=1))
    Y = _diagonal(activation.broadcast((c,)) / W.norm(1, axis=0))
    return X.masked((np.arange(b) == j)[None, :]), Y.masked((np.arange(c) == k)[:, None])


def general_diagonal(W: Bounded, A: Bounded, B: Bounded) -> Pair:
    """X = A·D_X and Y = D_Y·B (Lemma 3.7)."""
    return A / W.norm(1, axis=1), B / W.norm(1, axis=0)[:, None]


def lp_aligned(W: Bounded, p: float = 1.0) -> Pair:
    """X_:j along W_j:, Y_k: along W_:k (Lemma 3.8)."""
    X = (W / W.norm(2, axis=1)[:, None] / W.norm(p, axis=1)[:, None]).T
    return X, (W / W.norm(2, axis=0) / W.norm(p, axis=0)).T


def lp_unit_vectors(W: Bounded, p: float, u: Bounded, v: Bounded) -> Pair:
    """X_:j along a unit vector u, Y_k: along v (Lemma 3.9)."""
    return u[:, None] / W.norm(p, axis=1), v / W.norm(p, axis=0)[:, None]


def stochria_indicator(W: Bounded, samples: Samples) -> Pair:
    """Constant on the samples, zero elsewhere (Lemma 3.10)."""
    b, c = W.value.shape
    of_inputs, of_outputs = sampled(W, samples)
    root = W.constant(of_inputs.value.shape[1]).sqrt()
    X = W.constant(1) / (root * of_inputs.norm(1, axis=1))
    Y = W.constant(1) / (root * of_outputs.norm(1, axis=0))
    of_inputs_mask, of_outputs_mask = _indicators(samples, b, c)
    return (
        X[:, None].broadcast((b, c)).masked(of_inputs_mask).T,
        Y.broadcast((b, c)).masked(of_outputs_mask).T,
    )


def stochria_aligned(W: Bounded, samples: Samples) -> Pair:
    """Along the sampled weights themselves (Lemma 3.10, second)."""
    of_inputs, of_outputs = sampled(W, samples)
    X = W / of_inputs.norm(2, axis=1)[:, None] / of_inputs.norm(1, axis=1)[:, None]
    Y = W / of_outputs.norm(2, axis=0) / of_outputs.norm(1, axis=0)
    of_inputs_mask, of_outputs_mask = _indicators(samples, *W.value.shape)
    return X.masked(of_inputs_mask).T, Y.masked(of_outputs_mask).T


def _indicators(samples: Samples, b: int, c: int) -> tuple[np.ndarray, np.ndarray]:
    of_inputs, of_outputs = (sample.numpy() for sample in samples)
    sampled_by_input = (of_inputs[:, :, None] == np.arange(c)).any(1)
    sampled_by_output = (of_outputs == np.arange(b)[:, None, None]).any(1)
    return sampled_by_input, sampled_by_output


def _diagonal(entries: Bounded) -> Bounded:
    (n,) = entries.value.shape
    return entries.broadcast((n, n)).masked(np.eye(n, dtype=bool))


def _zeros(W: Bounded, rows: int, columns: int) -> Bounded:
    return W.constant(0).broadcast((rows, columns))
