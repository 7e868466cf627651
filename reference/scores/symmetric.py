"""The symmetric score of the weights alone."""

from jaxtyping import Float
from torch import Tensor

from pruneproof.reference.norms import input_norms, output_norms
from pruneproof.reference.scores.symwanda import symwanda


def symmetric(W: Float[Tensor, "b c"]) -> Float[Tensor, "b c"]:
    r"""Weight magnitude times the sum of its input's and its output's norm; larger means keep.

    .. math:: S_{jk} = |W_{jk}| \left( \lVert W_{j:} \rVert_2 + \lVert W_{:k} \rVert_2 \right)

    Args:
        W: weights, in_features × out_features.

    Returns:
        S, non-negative, in float64 for float64 weights, else float32.

    Raises:
        ValueError: W is not a finite floating-point matrix, or its norms leave float64's range.

    Example:
        >>> import torch
        >>> symmetric(torch.tensor([[3.0, -4.0]])).tolist()
        [[24.0, 36.0]]

    Source: Corollary 3.4, with a sum where Table 1 prints a root of a sum of squares (that is
    :func:`~pruneproof.reference.scores.symmetric_squared.symmetric_squared`; they rank
    differently). Proof:
    pruneproof.symbolic.claims.symmetric.
    """
    return symwanda(W, input_norms(W, 2), output_norms(W, 2))
