"""The construction that gives Wanda."""

import torch
from jaxtyping import Float
from torch import Tensor

from pruneproof.reference.checks import check_floating, check_matrix
from pruneproof.reference.precision import to_accumulation


def wanda(
    X: Float[Tensor, "a b"], W: Float[Tensor, "b c"]
) -> tuple[Float[Tensor, "a b"], Float[Tensor, "c 1"]]:
    r"""Keep the calibration inputs and make the outputs zero.

    .. math:: Y = 0 \quad\Rightarrow\quad S_{jk} = |W_{jk}| \lVert X_{:j} \rVert_2

    Args:
        X: calibration inputs, tokens × in_features.
        W: weights, in_features × out_features; only its shape matters.

    Returns:
        A copy of X, and Y, c × 1.

    Raises:
        ValueError: shapes or devices that do not match, or a number that is not finite.

    Example:
        >>> X, Y = wanda(torch.tensor([[5.0, 6.0]]), torch.ones(2, 3))
        >>> X.tolist(), Y.tolist()
        ([[5.0, 6.0]], [[0.0], [0.0], [0.0]])

    Source: Corollary 3.2; any width of Y will do.
    """
    check_matrix("W", W)
    check_floating("X", X, (None, W.shape[0]), device=W.device)
    X = to_accumulation(X).clone()
    return X, torch.zeros(W.shape[1], 1, dtype=X.dtype, device=X.device)
