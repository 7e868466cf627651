"""The symmetric score for squared errors."""

import torch
from jaxtyping import Float
from torch import Tensor

from pruneproof.reference.blocks import score_in_blocks
from pruneproof.reference.checks import check_matrix, check_norms
from pruneproof.reference.precision import to_accumulation


def symwanda_squared(
    W: Float[Tensor, "b c"], x_norm: Float[Tensor, " b"], y_norm: Float[Tensor, " c"]
) -> Float[Tensor, "b c"]:
    r"""Root of the rise of g′ when this one weight is removed; larger means keep.

    .. math::
        S_{jk} = |W_{jk}| \sqrt{\lVert X_{:j} \rVert_2^2 + \lVert Y_{k:} \rVert_2^2}

    Args:
        W: weights, in_features × out_features.
        x_norm: ‖X_:j‖₂, one an input.
        y_norm: ‖Y_k:‖₂, one an output.

    Returns:
        S, non-negative, in float64 for float64 weights, else float32.

    Raises:
        ValueError: a length that does not match, or a negative or non-finite norm.

    Example:
        >>> x_norm, y_norm = torch.tensor([3.0, 0.0]), torch.tensor([4.0])
        >>> symwanda_squared(torch.tensor([[1.0], [-2.0]]), x_norm, y_norm).tolist()
        [[5.0], [8.0]]

    Source: Appendix B. Proof:
    pruneproof.symbolic.claims.squared_objective.
    """
    check_matrix("W", W)
    check_norms("x_norm", x_norm, W.shape[0], W.device)
    check_norms("y_norm", y_norm, W.shape[1], W.device)
    x, y = to_accumulation(x_norm), to_accumulation(y_norm)
    return score_in_blocks(W, lambda magnitude, j, k: magnitude.mul_(torch.hypot(x[j, None], y[k])))
