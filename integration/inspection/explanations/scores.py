r"""Scores of the weights alone, and how far an implementation's may be from them.

Every such score is |W_ki| times a function of the ℓp norms r_i of the input's weights and q_k of
the output's. With u, η and γ_n as in
:mod:`~pruneproof.integration.inspection.explanations.rounding`, N bounds the relative error of a
norm:

- p = 1: (1 + u)(1 + γ_n)(1 + u) − 1, the weights, their sum, and its rounding;
- p = 2: the same, with γ_{n+2} for squares, sum and root, of which the root halves the most;
- p = 0 and ∞: u, no sum;
- other p: powers, exponentials and logarithms are taken to be right to 4 units. The sum of powers
  is off by E = pΛv + 4v + γ_n, where Λ bounds \|ln\|W\|\| and v is the unit of the sum, and its
  root by exp(E/p + v(Λ + ln n/p) + 4v);
- weights that fall below the normal numbers add η each: nη/r for p = 1, n^{1/p}η/r for p ≥ 1, and
  for p < 1 what n·ηᵖ adds to rᵖ. Small inputs and outputs have an error of their own.

A score's roundings multiply: (1 + u)³/(1 − N) for RI, S1 and S2, (1 + u)³(1 + N) for S3 and
Symmetric, (1 + u)⁶(1 + N) for squares and their root, (1 + u)⁵(1 + N)²/(1 − N) for S4. Quotients
and products below the normal numbers add 3η. What leaves the format's range is not covered.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

from pruneproof import reference
from pruneproof.integration.inspection.explanations.rounding import FLOAT64, Rounding

WITHOUT_DATA = ("magnitude", "symmetric", "symmetric_squared", "ri", "lp")
"""Methods that need none, whatever their other parameters are."""
POWERS = {"wanda": 1.0, "ria": 0.5, "lp": 0.0}
"""The default power of the activation norm; without data where it is 0."""


def needs_no_data(method: str, **parameters: Any) -> bool:
    """Whether the weights alone decide this method's scores.

    `stochria` is not among them: what it samples depends on somebody's generator.

    Example:
        >>> needs_no_data("ri", terms="input"), needs_no_data("ria"), needs_no_data("ria", alpha=0)
        (True, False, True)
    """
    if method in POWERS:
        return parameters.get("alpha", POWERS[method]) == 0
    return method in WITHOUT_DATA


@dataclass(frozen=True)
class Formula:
    """One of the scores.

    Attributes:
        kind: `magnitude`, `relative` (S1), `S2`, `S3`, `S4` or `squares`.
        p: of the norms.
        terms: `both`, or of S1 the `input` or the `output` term alone.
    """

    kind: str
    p: float = 1.0
    terms: str = "both"

    def of(self, w: Fraction, r: Fraction, q: Fraction) -> Fraction:
        """The score of a weight |W| = w > 0, or its square for `squares`."""
        if self.kind == "magnitude":
            return w
        if self.kind == "relative":
            return sum((w / n for n, term in ((r, "input"), (q, "output")) if self.has(term)))
        if self.kind == "squares":
            return w * w * (r * r + q * q)
        return {"S2": w / (r + q), "S3": w * (r + q), "S4": w / (1 / r + 1 / q)}[self.kind]

    def has(self, term: str) -> bool:
        """Whether a term is there."""
        return self.terms in ("both", term)

    def in_words(self, w: float, r: float, q: float) -> str:
        """The score's calculation."""
        w, r, q = (f"{number:.9g}" for number in (w, r, q))
        if self.kind == "relative":
            parts = [n for n, term in ((r, "input"), (q, "output")) if self.has(term)]
            return f"{w} · ({' + '.join(f'1/{n}' for n in parts)})"
        return {
            "magnitude": w,
            "S2": f"{w} / ({r} + {q})",
            "S3": f"{w} · ({r} + {q})",
            "S4": f"{w} / (1/{r} + 1/{q})",
            "squares": f"{w} · √({r}² + {q}²)",
        }[self.kind]


def formula(method: str, parameters: Mapping[str, Any]) -> Formula:
    """Which of them a method is.

    Raises:
        ValueError: it needs data.
    """
    if not needs_no_data(method, **parameters):
        raise ValueError(
            f"method must be one whose scores need no data, got {method!r} with {dict(parameters)}"
        )
    if method in ("magnitude", "wanda"):
        return Formula("magnitude")
    if method in ("ri", "ria"):
        return Formula("relative", 1.0, parameters.get("terms", "both"))
    if method == "lp":
        strategy = parameters.get("strategy", "S1")
        kind = "relative" if strategy == "S1" else strategy
        return Formula(kind, float(parameters.get("p", 1.0)))
    return Formula("S3" if method == "symmetric" else "squares", 2.0)


@dataclass(frozen=True)
class Scored:
    """Exact scores, but for the rounding of float64, which the bounds include.

    Attributes:
        W: out × in.
        S: scores, float64.
        formula: of them.
        r: ℓp norms of the weights that leave each input.
        q: of those that enter each output.
        largest_logarithm: Λ.
    """

    W: Tensor
    S: Tensor
    formula: Formula
    r: Tensor
    q: Tensor
    largest_logarithm: float

    def ends(self, rounding: Rounding, rows: slice) -> tuple[Tensor, Tensor]:
        """Between which numbers an implementation's scores of some outputs lie."""
        relative = self._relative(rounding, rows) + self._relative(FLOAT64, rows)
        eta = float(rounding.eta)
        S, w = self.S[rows], self.W[rows].double().abs()
        small = torch.where(w > 0, eta / w, 0.0)
        low = S * (1 - relative) * (1 - small).clamp(min=0) - 3 * eta
        return low.clamp(min=0), S * (1 + relative) * (1 + small) + 3 * eta

    def _relative(self, rounding: Rounding, rows: slice) -> Tensor:
        u, kind = float(rounding.u), self.formula.kind
        if kind == "magnitude":
            return torch.tensor(u, dtype=torch.float64)
        n_in, n_out = self.W.shape[0], self.W.shape[1]
        N_in = self._of_norms(rounding, self.r, n_in)
        N_out = self._of_norms(rounding, self.q[rows], n_out)
        N = torch.maximum(N_in, N_out[:, None]).clamp(max=0.5)
        if kind in ("relative", "S2"):
            return (1 + u) ** 3 / (1 - N) - 1
        if kind == "S3":
            return (1 + u) ** 3 * (1 + N) - 1
        if kind == "S4":
            return (1 + u) ** 5 * (1 + N) ** 2 / (1 - N) - 1
        return (1 + u) ** 6 * (1 + N) - 1

    def _of_norms(self, rounding: Rounding, norms: Tensor, n: int) -> Tensor:
        """N, one number a norm."""
        u, eta, p = float(rounding.u), float(rounding.eta), self.formula.p
        v = min(u, 2.0**-24)
        gamma = float(rounding.gamma(n + 2))
        alive = torch.where(norms > 0, norms, math.inf)
        if p in (0, math.inf):
            return torch.expm1(torch.full_like(norms, 2 * u)) + (eta / alive if p else 0)
        lost = (
            n ** (1 / p) * eta / alive
            if p >= 1
            else torch.expm1(torch.log1p(n * eta**p / alive**p) / p)
        )
        if p in (1, 2):
            return (1 + u) ** 2 * (1 + gamma) * (1 + lost) - 1
        E, L = p * self.largest_logarithm * v + 4 * v + gamma, self.largest_logarithm
        root = math.exp(E / p + v * (L + math.log(max(1, n)) / p) + 4 * v)
        return (1 + u) ** 2 * root * (1 + lost) - 1


def scored(W: Tensor, method: str, parameters: Mapping[str, Any]) -> Scored:
    """A layer's scores.

    Args:
        W: out × in.
        method: one that needs no data.
        parameters: of the method.

    Raises:
        ValueError: it needs data; a parameter is outside its range; or norms of W leave
            float64's.
    """
    rule = formula(method, parameters)
    weights = W.double().T
    known = {"x_norm": weights.new_ones(len(weights))} if method in ("wanda", "ria") else {}
    S = getattr(reference, method)(weights, **known, **parameters).T
    magnitudes = W[W != 0].abs()
    ends = [float(magnitudes.max()), float(magnitudes.min())] if len(magnitudes) else [1.0]
    return Scored(
        W,
        S,
        rule,
        reference.input_norms(weights, rule.p),
        reference.output_norms(weights, rule.p),
        max(abs(math.log(end)) for end in ends) + 1,
    )
