"""Magnitude pruning."""

from jaxtyping import Float
from torch import Tensor

from pruneproof.reference.blocks import score_in_blocks
from pruneproof.reference.checks import check_matrix


def magnitude(W: Float[Tensor, "b c"]) -> Float[Tensor, "b c"]:
    r"""Weight magnitude; larger means keep.

    .. math:: S_{jk} = |W_{jk}|

    Args:
        W: weights, in_features × out_features.

    Returns:
        S, non-negative, in float64 for float64 weights, else float32.

    Raises:
        ValueError: W is not a finite floating-point matrix.

    Example:
        >>> import torch
        >>> magnitude(torch.tensor([[1.0, -2.0]])).tolist()
        [[1.0, 2.0]]

    Source: Table 1, row "Marginal". Proof:
    pruneproof.symbolic.claims.magnitude.
    """
    check_matrix("W", W)
    return score_in_blocks(W, lambda magnitude, j, k: magnitude)
