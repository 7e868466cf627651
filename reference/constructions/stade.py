"""The construction that gives STADE."""

import torch
from jaxtyping import Float
from torch import Tensor

from pruneproof.reference.checks import check_floating, check_matrix
from pruneproof.reference.precision import summable_limit, to_accumulation
from pruneproof.reference.statistics import centred


def stade(
    X: Float[Tensor, "a b"], W: Float[Tensor, "b c"]
) -> tuple[Float[Tensor, "a b"], Float[Tensor, "c 1"]]:
    r"""Centre the calibration inputs and make the outputs zero.

    .. math:: \widetilde X_{ij} = X_{ij} - \mu_j, \quad Y = 0 \quad\Rightarrow\quad
        S_{jk} = |W_{jk}| \lVert X_{:j} - \mu_j \rVert_2

    Args:
        X: calibration inputs, tokens × in_features.
        W: weights, in_features × out_features; only its shape matters.

    Returns:
        X less the mean of each feature, and Y, c × 1.

    Raises:
        ValueError: shapes or devices that do not match, a number that is not finite, or one so
            large (float64 only) that a sum over the tokens could overflow.

    Example:
        >>> X, Y = stade(torch.tensor([[5.0, 6.0], [7.0, 6.0]]), torch.ones(2, 1))
        >>> X.tolist(), Y.tolist()
        ([[-1.0, 0.0], [1.0, 0.0]], [[0.0]])

    Source: beyond the paper; Corollary 3.2 with centred inputs.
    """
    check_matrix("W", W)
    limit = summable_limit(torch.float64)
    check_floating("X", X, (None, W.shape[0]), device=W.device, limit=limit)
    _, X = centred(to_accumulation(X))
    return X, torch.zeros(W.shape[1], 1, dtype=X.dtype, device=X.device)
