r"""The statistics of inputs, exactly, and how far an honest computation may lie from them.

Take n tokens of one feature, X = max |x_i|, σ² their variance and u the unit roundoff. Honest are
sums in any order, Welford's updates and the merging of batches in any tree (Chan, Golub and
LeVeque, *Algorithms for computing the sample variance: analysis and recommendations*, 1983).

- *Mean.* A sum is within :math:`\gamma_n X`. A merge m + (m′ − m)·n′/n takes a convex combination
  of two errors and adds at most u·X for the addition and 6u·X for the other three operations, so n
  merges are within 7n·u·X to first order. A weighted sum costs a token 5n roundings. All are
  below :math:`E = \gamma_{8n + 8} X`, with 8 for rounding the input and the result.
- *Variance.* About a mean that is wrong by e, a batch has the squared deviations S + n·e². A merge
  adds w(d + ε)² for w·d², where w = n₁n₂/(n₁ + n₂) and |ε| ≤ 2E. The exact parts add up to nσ²,
  hence by Cauchy and Schwarz all merges together are wrong by at most
  :math:`4E\sqrt{\sum w \cdot n\sigma^2} + 4E^2 \sum w`, and Σw ≤ n·L, L = max(1, ½·log₂ n), since w
  is below the smaller part. Welford's update is the merge with one token, and its two factors
  differ from their exact values by E each: no more. Each term takes at most 2n + 9 roundings. With
  X ≈ κσ this is the nuκ of the source for updates, and E² the n²u²κ² of its two passes; the
  difference E[x²] − E[x]² is wrong by nuκ².
- Sums of squares about one of the tokens, or the mean of some (*shifted data*), are at most n + 1
  times what they are about the mean, which costs :math:`2(n + 1)\gamma_{2n + 9}\sigma^2`.
- *Norm.* Roots of sums of squares, of running means of squares and n hypotenuses of 8u each are
  within :math:`\gamma_{16n + 16}` of themselves; so is n(σ² + mean²) for n ≤ 16. For more tokens
  its square is wrong by n times what σ² and mean² are, and a root by less than that over the norm.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import torch
from torch import Tensor

FEW_TOKENS = 16
"""For which one bound holds for every way to the norm."""


@dataclass(frozen=True)
class Moment:
    """One statistic of each feature.

    Attributes:
        value: as the nearest doubles.
        bound: an honest result lies no farther from them.
    """

    value: list[float]
    bound: list[float]


def moments(tokens: Tensor, result: torch.dtype, *, double: bool) -> dict[str, Moment]:
    """The norm, mean and population variance of each feature.

    Args:
        tokens: n × in_features, n at least 1.
        result: dtype of the statistics that will be compared.
        double: whether no less than float64 is asked of the computation; else it is float32.
    """
    if not len(tokens):
        raise ValueError("tokens must be at least 1, got 0")
    u = 2.0**-53 if double else 2.0**-24
    features = [_moments(column, u) for column in tokens.double().T.tolist()]
    found = {}
    for at, key in enumerate(("norm", "mean", "var")):
        pairs = [feature[at] for feature in features]
        bounds = [_stored(value, bound, result) for value, bound in pairs]
        found[key] = Moment([value for value, _ in pairs], bounds)
    return found


def _moments(numbers: list[float], u: float) -> tuple[tuple[float, float], ...]:
    exact, n = [Fraction(number) for number in numbers], len(numbers)
    mean = sum(exact, Fraction(0)) / n
    var = float(sum(((x - mean) ** 2 for x in exact), Fraction(0)) / n)
    norm = math.sqrt(sum((x * x for x in exact), Fraction(0)))
    E, L = _gamma(8 * n + 8, u) * max(map(abs, numbers)), max(1.0, math.log2(n) / 2)
    rounding = _gamma(2 * n + 9, u)
    of_var = (1 + rounding) * (4 * math.sqrt(L * var) * E + (1 + 4 * L) * E**2)
    of_var += 2 * (n + 1) * rounding * var
    of_norm = norm * _gamma(16 * n + 16, u)
    if n > FEW_TOKENS and norm > 0:
        of_norm += n * (of_var + (2 * abs(float(mean)) + E) * E) / norm
    return (norm, of_norm), (float(mean), E), (var, of_var)


def _gamma(n: int, u: float) -> float:
    return n * u / (1 - n * u)


def _stored(value: float, bound: float, result: torch.dtype) -> float:
    """With the rounding of the result in half precision, and that of the bound itself."""
    if result in (torch.float16, torch.bfloat16):
        info = torch.finfo(result)
        bound += (abs(value) + bound) * info.eps / 2 + info.smallest_normal * info.eps / 2
    return (bound + abs(value) * 2.0**-52) * (1 + 2.0**-40)
