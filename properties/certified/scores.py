r"""The closed form of every score, written with numbers that carry their error bounds.

The names, arguments and conventions are those of `pruneproof.reference`; the formulas are those
of `pruneproof.symbolic.scores`, which the claims are about and with which the tests compare
these exactly. Evaluated on :class:`~pruneproof.properties.certified.bounds.Bounded` arrays a
formula gives the exact scores together with their certified bounds. ``rounded()`` marks where
another arrangement of the same formula takes one rounding more.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from torch import Tensor

from pruneproof.properties.certified.bounds import Bounded
from pruneproof.properties.certified.centred import centred_norm
from pruneproof.reference.methods import INPUTS, OUTPUTS, SCORES

Samples = tuple[Tensor, Tensor]
STATISTICS: dict[str, Callable[[Bounded], Bounded]] = {
    "x_norm": lambda X: X.norm(2, axis=0),
    "a_norm": lambda A: A.norm(2, axis=0),
    "x_centred_norm": centred_norm,
    "y_norm": lambda Y: Y.norm(2, axis=1),
    "b_norm": lambda B: B.norm(2, axis=1),
}
"""What scores take of activations, by the names of the arguments."""


def statistics(method: str, X: Bounded | None, Y: Bounded | None) -> dict[str, Bounded]:
    """What a score takes of the activations that are given."""
    activations = {INPUTS: X, OUTPUTS: Y}
    return {
        name: STATISTICS[name](given)
        for name, statistic in SCORES[method].statistics.items()
        if (given := activations[statistic.of]) is not None
    }


def magnitude(W: Bounded) -> Bounded:
    """|W_jk|."""
    return abs(W)


def wanda(W: Bounded, x_norm: Bounded, alpha: float = 1.0) -> Bounded:
    """|W_jk|·‖X_:j‖₂^α, Corollary 3.2."""
    return abs(W) * x_norm[:, None] ** alpha


def owanda(W: Bounded, y_norm: Bounded) -> Bounded:
    """|W_jk|·‖Y_k:‖₂, Corollary 3.3."""
    return abs(W) * y_norm


def symwanda(W: Bounded, x_norm: Bounded, y_norm: Bounded) -> Bounded:
    """|W_jk|·(‖X_:j‖₂ + ‖Y_k:‖₂), Lemma 3.1."""
    return abs(W) * (x_norm[:, None] + y_norm)


def symwanda_squared(W: Bounded, x_norm: Bounded, y_norm: Bounded) -> Bounded:
    """|W_jk|·√(‖X_:j‖₂² + ‖Y_k:‖₂²), Appendix B.

    Or the weight is multiplied with each norm before a library joins them, which rounds twice
    where it underflows.
    """
    joined = (abs(W) * x_norm[:, None]).hypot(abs(W) * y_norm, squaring=False)
    return (abs(W) * x_norm[:, None].hypot(y_norm)).or_as(joined)


def symmetric(W: Bounded) -> Bounded:
    """|W_jk|·(‖W_j:‖₂ + ‖W_:k‖₂), Corollary 3.4."""
    return symwanda(W, W.norm(2, axis=1), W.norm(2, axis=0))


def symmetric_squared(W: Bounded) -> Bounded:
    """|W_jk|·√(‖W_j:‖₂² + ‖W_:k‖₂²), Appendix B and Table 1."""
    return symwanda_squared(W, W.norm(2, axis=1), W.norm(2, axis=0))


def relative(W: Bounded, r: Bounded, q: Bounded, terms: str = "both") -> Bounded:
    """|W_jk|·(1/r_j + 1/q_k), or one of the two terms."""
    of_input, of_output = abs(W) / r[:, None], abs(W) / q
    if terms == "both":
        return (of_input + of_output).rounded()
    return (of_input if terms == "input" else of_output).rounded()


def ri(W: Bounded, terms: str = "both") -> Bounded:
    """|W_jk|·(1/‖W_j:‖₁ + 1/‖W_:k‖₁), Theorem 3.5."""
    return relative(W, W.norm(1, axis=1), W.norm(1, axis=0), terms)


def ria(W: Bounded, x_norm: Bounded, alpha: float = 0.5, terms: str = "both") -> Bounded:
    """RI_jk·‖X_:j‖₂^α, Eq. (2)."""
    return ri(W, terms) * x_norm[:, None] ** alpha


def general_diagonal(W: Bounded, a_norm: Bounded, b_norm: Bounded) -> Bounded:
    """|W_jk|·(‖A_:j‖₂/‖W_j:‖₁ + ‖B_k:‖₂/‖W_:k‖₁), Lemma 3.7."""
    r, q = W.norm(1, axis=1), W.norm(1, axis=0)
    return abs(W) / r[:, None] * a_norm[:, None] + abs(W) / q * b_norm


def lp(
    W: Bounded,
    p: float = 1.0,
    strategy: str = "S1",
    x_norm: Bounded | None = None,
    alpha: float = 0.0,
) -> Bounded:
    """The ℓp scores: S1 is Eq. (3), S2 to S4 are Appendix C.3; each times ‖X_:j‖₂^α."""
    r, q = W.norm(p, axis=1)[:, None], W.norm(p, axis=0)
    if strategy == "S1":
        return _activated(relative(W, r[:, 0], q), x_norm, alpha)
    if strategy == "S2":
        return _activated((abs(W) / (r + q)).rounded(), x_norm, alpha)
    activated = _activated(abs(W), x_norm, alpha)
    if strategy == "S3":
        return activated * (r + q)
    one = W.constant(1)
    return (activated / (one / r + one / q)).rounded()


def stochria(
    W: Bounded,
    samples: Samples,
    x_norm: Bounded | None = None,
    alpha: float = 0.0,
    length_corrected: bool = False,
) -> Bounded:
    """|W_jk|·(1/‖W_j:S_j‖₁ + 1/‖W_S_k:k‖₁)·‖X_:j‖₂^α, Eq. (4), for the given samples."""
    of_inputs, of_outputs = sampled(W, samples)
    r, q = of_inputs.norm(1, axis=1), of_outputs.norm(1, axis=0)
    if length_corrected:
        b, c = W.value.shape
        tau = W.constant(of_inputs.value.shape[1])
        r, q = r * (W.constant(c) / tau), q * (W.constant(b) / tau)
    return _activated(relative(W, r, q), x_norm, alpha)


def stade(W: Bounded, x_centred_norm: Bounded) -> Bounded:
    """|W_jk|·‖X_:j − μ_j‖₂, beyond the paper."""
    return abs(W) * x_centred_norm[:, None]


def sampled(W: Bounded, samples: Samples) -> tuple[Bounded, Bounded]:
    """W_j:S_j, b × τ, and W_S_k:k, τ × c."""
    of_inputs, of_outputs = (sample.numpy() for sample in samples)
    b, c = W.value.shape
    return W[np.arange(b)[:, None], of_inputs], W[of_outputs, np.arange(c)]


def _activated(S: Bounded, x_norm: Bounded | None, alpha: float) -> Bounded:
    return S if x_norm is None else S * x_norm[:, None] ** alpha
