r"""What rounding may have made of a score, as an interval of exact numbers.

Whoever made a mask computed |W|·‖x‖ in some floating-point format. With its unit roundoff u and
half its smallest subnormal η, each operation gives (x ∘ y)(1 + δ) + ε with |δ| ≤ u and |ε| ≤ η:

- the weight, read from a wider format: within |W|·u + η of |W|;
- sums, taken in float32 at least and in any order: within the factor 1 ± γ_n, γ_n = n·v/(1 − n·v),
  v = min(u, 2⁻²⁴), and one rounding to the format;
- each quotient: a factor 1 ± u, and η, since relative importances are small;
- the product with the norm: a factor 1 ± u. Norms are unknown here, so nothing can be said about
  products below the smallest normal number or beyond the largest: it is assumed that those of the
  weights in question are neither.

The same formulas serve whole tensors of float64 and the exact fractions of a certificate.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import torch

ACCUMULATION = Fraction(1, 2**24)
"""The largest unit roundoff of a sum: float32's."""
DOUBLE = Fraction(1, 2**53)


@dataclass(frozen=True)
class Rounding:
    """The arithmetic in which somebody computed scores.

    Attributes:
        name: its format.
        u: unit roundoff.
        eta: half the smallest subnormal number.
    """

    name: str
    u: Fraction
    eta: Fraction

    def shrunk(self, share: Fraction) -> Rounding:
        """A part of the errors only: what holds with it holds with all of them, and room left."""
        return Rounding(self.name, self.u * share, self.eta * share)

    def gamma(self, n: int) -> Fraction:
        """γ_n, the relative error of a sum of n numbers of one sign in any order."""
        v = n * min(self.u, ACCUMULATION)
        return v / (1 - v)


FLOAT64 = Rounding("float64", DOUBLE, Fraction(1, 2**1075))
FLOAT32 = Rounding("float32", Fraction(1, 2**24), Fraction(1, 2**150))
FLOAT16 = Rounding("float16", Fraction(1, 2**11), Fraction(1, 2**25))
BFLOAT16 = Rounding("bfloat16", Fraction(1, 2**8), Fraction(1, 2**134))
ANY = Rounding("bfloat16 or float16", BFLOAT16.u, FLOAT16.eta)
"""The coarsest that implementations compute scores in: the errors of both half precisions."""

FINER = (FLOAT64, FLOAT32, FLOAT16, BFLOAT16)
"""From the finest to the coarsest."""


def rounding_of(dtype: torch.dtype | None) -> Rounding:
    """The arithmetic of a dtype; `ANY` for None.

    Raises:
        ValueError: scores are computed in none such.

    Example:
        >>> rounding_of(torch.float32).name, rounding_of(None).name
        ('float32', 'bfloat16 or float16')
    """
    if dtype is None:
        return ANY
    for each in FINER:
        if str(dtype) == f"torch.{each.name}":
            return each
    names = ", ".join(each.name for each in FINER)
    raise ValueError(f"computed_in must be one of {names} or None, got {dtype!r}")


def of_weight(w: Any, rounding: Rounding) -> tuple[Any, Any]:
    """Ends of what is multiplied by the norm in Wanda's score, and of that product's rounding.

    Args:
        w: |W|, a tensor of float64 or a fraction.
        rounding: of the score.
    """
    u, eta = _numbers(rounding, w)
    return (w * (1 - u) - eta) * (1 - u), (w * (1 + u) + eta) * (1 + u)


def of_relative_importance(
    w: Any, norms: tuple[tuple[Any, int], ...], rounding: Rounding
) -> tuple[Any, Any]:
    """The same for RIA: the sum of quotients |W|/‖·‖₁.

    Args:
        w: |W|, a tensor of float64 or a fraction.
        norms: the input's, the output's or both, as float64 sums, each with its number of terms.
        rounding: of the score.
    """
    u, eta = _numbers(rounding, w)
    low = high = 0
    for norm, n in norms:
        gamma, own = (_number(each, w) for each in (rounding.gamma(n), (n + 1) * DOUBLE))
        least = (norm * (1 - u) * (1 - own) - n * eta) * (1 - gamma) * (1 - u)
        most = (norm * (1 + u) * (1 + own) + n * eta) * (1 + gamma) * (1 + u)
        low = low + _not_negative((w * (1 - u) - eta) / most * (1 - u) - eta)
        high = high + _quotient(w * (1 + u) + eta, least) * (1 + u) + eta
    # The sum of the quotients, and its product with the norm.
    return low * (1 - u) ** 2, high * (1 + u) ** 2


def _numbers(rounding: Rounding, like: Any) -> tuple[Any, Any]:
    return _number(rounding.u, like), _number(rounding.eta, like)


def _number(value: Fraction, like: Any) -> Any:
    return value if isinstance(like, Fraction) else float(value)


def _not_negative(value: Any) -> Any:
    return max(value, Fraction(0)) if isinstance(value, Fraction) else value.clamp(min=0)


def _quotient(top: Any, bottom: Any) -> Any:
    """A quotient without an upper end where the divisor may be 0."""
    if isinstance(bottom, Fraction):
        return top / bottom if bottom > 0 else Fraction(2**1100)
    return torch.where(bottom > 0, top / bottom, torch.inf)
