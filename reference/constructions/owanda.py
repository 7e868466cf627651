"""The construction that gives output Wanda."""

import torch
from jaxtyping import Float
from torch import Tensor

from pruneproof.reference.checks import check_floating, check_matrix
from pruneproof.reference.precision import to_accumulation


def owanda(
    W: Float[Tensor, "b c"], Y: Float[Tensor, "c d"]
) -> tuple[Float[Tensor, "1 b"], Float[Tensor, "c d"]]:
    r"""Make the inputs zero and keep the output calibration.

    .. math:: X = 0 \quad\Rightarrow\quad S_{jk} = |W_{jk}| \lVert Y_{k:} \rVert_2

    Args:
        W: weights, in_features × out_features; only its shape matters.
        Y: output calibration, out_features × d.

    Returns:
        X, 1 × b, and a copy of Y.

    Raises:
        ValueError: shapes or devices that do not match, or a number that is not finite.

    Example:
        >>> X, Y = owanda(torch.ones(3, 2), torch.tensor([[5.0], [6.0]]))
        >>> X.tolist(), Y.tolist()
        ([[0.0, 0.0, 0.0]], [[5.0], [6.0]])

    Source: Corollary 3.3; any number of rows of X will do.
    """
    check_matrix("W", W)
    check_floating("Y", Y, (W.shape[1], None), device=W.device)
    Y = to_accumulation(Y).clone()
    return torch.zeros(1, W.shape[0], dtype=Y.dtype, device=Y.device), Y
