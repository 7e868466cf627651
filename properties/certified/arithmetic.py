"""What a bound has to know about an implementation's floating-point arithmetic, and no more."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from flint import arb, ctx

# python-flint has one precision for everything. Bounds lie near 2^-53, so what 256 bits add to
# them is nothing, and it is on the safe side whatever the number of bits.
ctx.prec = 256


@dataclass(frozen=True)
class Arithmetic:
    """The facts from which every bound of `pruneproof.properties.certified.bounds` is derived.

    Args:
        accumulate: the dtype in which norms, sums and the score itself are computed; arguments
            of a wider dtype are rounded to it first. Half-precision products that are summed
            in float32, as a matrix unit does, count as float32.
        result: the dtype to which each score is rounded once, at the end. Where it equals
            `accumulate` nothing is rounded again.
        function_ulps: error of one power, exponential, logarithm or hypotenuse, in units in the
            last place. torch documents none; CUDA's guide lists at most 4 (`powf`) and SLEEF,
            which torch uses on CPUs, at most 1.
        scaled_norms: whether norms are scaled by an exact power of two before they are summed,
            so that no square underflows. Without it the bound allows for squares that vanish.
        block_elements: a larger matrix is taken in blocks of rows, and the norm of a column is
            the norm of its blocks' norms; None where that never happens.

    Example:
        >>> Arithmetic(torch.float32, torch.float32).gamma(2) > 2**-23
        True
    """

    accumulate: torch.dtype = torch.float64
    result: torch.dtype = torch.float32
    function_ulps: int = 4
    scaled_norms: bool = True
    block_elements: int | None = None

    @property
    def u(self) -> arb:
        """Unit roundoff of the accumulation dtype."""
        return unit_roundoff(self.accumulate)

    @property
    def function_error(self) -> arb:
        """Largest relative error of one elementary function; an ulp is at most 2u of its value."""
        return 2 * self.function_ulps * self.u

    def gamma(self, n: int) -> arb:
        r"""Relative error of n roundings in a row, or of a sum of n + 1 numbers of one sign.

        .. math:: \gamma_n = \frac{n u}{1 - n u}

        Returns:
            γ_n, infinite where n·u reaches 1.

        Source: Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd ed., Lemma 3.1 and
        Section 4.2, where it is shown to hold for every order of summation.
        """
        total = n * self.u
        return total / (1 - total) if total < 1 else arb("inf")

    def holds(self, dtype: torch.dtype) -> bool:
        """Whether the accumulation dtype holds every number of this dtype exactly."""
        return torch.promote_types(dtype, self.accumulate) == self.accumulate


def unit_roundoff(dtype: torch.dtype) -> arb:
    """Half the distance from 1 to the next number: u, with fl(x) = x(1 + δ) and |δ| ≤ u.

    Example:
        >>> unit_roundoff(torch.float16) == 2**-11
        True
    """
    return arb(torch.finfo(dtype).eps) / 2


def subnormal_error(dtype: torch.dtype) -> arb:
    """Half the distance between subnormal numbers, which is what underflow adds to an error.

    Example:
        >>> subnormal_error(torch.float32) == 2**-150
        True
    """
    info = torch.finfo(dtype)
    return arb(info.smallest_normal) * info.eps / 2
