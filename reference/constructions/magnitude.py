"""The construction that gives magnitude pruning."""

import torch
from jaxtyping import Float
from torch import Tensor

from pruneproof.reference.checks import check_matrix
from pruneproof.reference.precision import accumulation_dtype


def magnitude(W: Float[Tensor, "b c"]) -> tuple[Float[Tensor, "b b"], Float[Tensor, "c 1"]]:
    r"""Make the inputs the identity and the outputs zero.

    .. math:: X = I, \quad Y = 0 \quad\Rightarrow\quad S_{jk} = |W_{jk}|

    Args:
        W: weights, in_features × out_features; only its shape and device matter.

    Returns:
        X, b × b, and Y, c × 1.

    Raises:
        ValueError: W is not a finite floating-point matrix.

    Example:
        >>> X, Y = magnitude(torch.ones(2, 3))
        >>> X.tolist(), Y.tolist()
        ([[1.0, 0.0], [0.0, 1.0]], [[0.0], [0.0], [0.0]])

    Source: Table 1, row "Marginal".
    """
    check_matrix("W", W)
    b, c = W.shape
    dtype = accumulation_dtype(W.device)
    X = torch.eye(b, dtype=dtype, device=W.device)
    return X, torch.zeros(c, 1, dtype=dtype, device=W.device)
