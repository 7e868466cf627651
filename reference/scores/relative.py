"""What all relative-importance scores share: a weight's part in its input and in its output."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from pruneproof.reference.blocks import score_in_blocks

TERMS = ("both", "input", "output")


def divisors(norms: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """Make norms fit to divide by: 0 becomes inf, so that what is divided by it becomes 0.

    The input or output of a norm 0 holds no weight, and 0/0 is meant to be 0.

    Example:
        >>> divisors(torch.tensor([2.0, 0.0])).tolist()
        [2.0, inf]
    """
    return norms.masked_fill(norms == 0, math.inf)


def relative_score(
    W: Float[Tensor, "b c"],
    input_norm: Float[Tensor, " b"],
    output_norm: Float[Tensor, " c"],
    factor: Float[Tensor, " b"],
    terms: str = "both",
) -> Float[Tensor, "b c"]:
    r"""Weight relative to the norm of its input plus relative to that of its output.

    .. math:: S_{jk} = \left( \frac{|W_{jk}|}{r_j} + \frac{|W_{jk}|}{q_k} \right) f_j

    Args:
        W: weights, in_features × out_features.
        input_norm: r; where it is 0 the first term is 0.
        output_norm: q; where it is 0 the second term is 0.
        factor: f, such as a power of the activation norm.
        terms: ``"both"``, or the one with ``"input"`` (r) or ``"output"`` (q) norms alone.

    Returns:
        S, non-negative, in float64 for float64 weights, else float32. A sum of quotients beyond
        float64's range counts as its largest number, whatever the factor.

    Example:
        >>> W, ones = torch.tensor([[1.0, 3.0]]), torch.ones(1)
        >>> relative_score(W, torch.tensor([4.0]), torch.tensor([1.0, 0.0]), ones).tolist()
        [[1.25, 0.75]]

    Source: Eqs. (2), (3) and (4).
    """
    r, q = divisors(input_norm), divisors(output_norm)
    # A sampled norm can be far smaller than the weight: a quotient of inf times 0 would be nan.
    limit = torch.finfo(factor.dtype).max

    def rule(magnitude: Tensor, j: slice, k: slice) -> Tensor:
        if terms == "input":
            relative = magnitude / r[j, None]
        elif terms == "output":
            relative = magnitude / q[k]
        else:
            relative = (magnitude / r[j, None]).add_(magnitude.div_(q[k]))
        return relative.clamp_(max=limit).mul_(factor[j, None])

    return score_in_blocks(W, rule)
