"""The power of the activation norm, which most scores can be multiplied by."""

import torch
from jaxtyping import Float
from torch import Tensor

from pruneproof.reference.checks import check_norms, check_number
from pruneproof.reference.precision import accumulation_dtype, to_accumulation


def activation_factor(
    W: Float[Tensor, "b c"], x_norm: Float[Tensor, " b"] | None, alpha: float
) -> Float[Tensor, " b"]:
    r"""Activation norm of each input to the power α.

    .. math:: \lVert X_{:j} \rVert_2^{\alpha}

    Args:
        W: weights, in_features × out_features.
        x_norm: ‖X_:j‖₂; None is allowed with α = 0.
        alpha: α, at least 0.

    Returns:
        One number an input, in the accumulation dtype. 0⁰ is 1: with α = 0 activations do not
        count, not even dead ones.

    Raises:
        ValueError: x_norm is missing while α is not 0, does not match W, is negative or not
            finite; α is negative or not finite; or a power exceeds half of float64's range.

    Example:
        >>> W, x_norm = torch.ones(3, 1), torch.tensor([0.0, 4.0, 9.0])
        >>> activation_factor(W, x_norm, 0.5).tolist(), activation_factor(W, None, 0).tolist()
        ([0.0, 2.0, 3.0], [1.0, 1.0, 1.0])

    Source: Eq. (2), Table 3.
    """
    check_number("alpha", alpha, 0, open_high=True)
    if x_norm is None:
        if alpha != 0:
            raise ValueError(f"x_norm must be given where alpha is not 0, got None and {alpha}")
        return torch.ones(W.shape[0], dtype=accumulation_dtype(W.device), device=W.device)
    check_norms("x_norm", x_norm, W.shape[0], W.device)
    factor = to_accumulation(x_norm).pow(alpha)
    check_norms(f"x_norm to the power alpha = {alpha}", factor, W.shape[0], W.device)
    return factor
