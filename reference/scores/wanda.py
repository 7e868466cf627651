"""Wanda."""

from jaxtyping import Float
from torch import Tensor

from pruneproof.reference.blocks import score_in_blocks
from pruneproof.reference.checks import check_matrix
from pruneproof.reference.scores.activation import activation_factor


def wanda(
    W: Float[Tensor, "b c"], x_norm: Float[Tensor, " b"] | None, alpha: float = 1.0
) -> Float[Tensor, "b c"]:
    r"""Weight magnitude times the norm of the input feature; larger means keep.

    .. math:: S_{jk} = |W_{jk}| \cdot \lVert X_{:j} \rVert_2^{\alpha}

    Args:
        W: weights, in_features × out_features.
        x_norm: ‖X_:j‖₂ over all calibration tokens, not averaged; None is allowed with alpha 0.
        alpha: power of the activation norm (Table 3; 1 is Wanda, 0 is magnitude).

    Returns:
        S, non-negative, in float64 for float64 weights, else float32.

    Raises:
        ValueError: a length that does not match, a negative or non-finite norm or alpha.

    Example:
        >>> import torch
        >>> wanda(torch.tensor([[1.0], [-2.0]]), torch.tensor([3.0, 0.5])).tolist()
        [[3.0], [1.0]]

    Source: Corollary 3.2. Proof:
    pruneproof.symbolic.claims.wanda. Other code: locuslab/wanda divides
    ‖X_:j‖² by the number of sequences, one positive constant a layer, so the order is the same.
    """
    check_matrix("W", W)
    factor = activation_factor(W, x_norm, alpha)
    return score_in_blocks(W, lambda magnitude, j, k: magnitude.mul_(factor[j, None]))
