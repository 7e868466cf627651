"""Output Wanda."""

from jaxtyping import Float
from torch import Tensor

from pruneproof.reference.blocks import score_in_blocks
from pruneproof.reference.checks import check_matrix, check_norms
from pruneproof.reference.precision import to_accumulation


def owanda(W: Float[Tensor, "b c"], y_norm: Float[Tensor, " c"]) -> Float[Tensor, "b c"]:
    r"""Weight magnitude times the norm of the output's calibration row; larger means keep.

    .. math:: S_{jk} = |W_{jk}| \cdot \lVert Y_{k:} \rVert_2

    Args:
        W: weights, in_features × out_features.
        y_norm: ‖Y_k:‖₂, one an output.

    Returns:
        S, non-negative, in float64 for float64 weights, else float32.

    Raises:
        ValueError: a length that does not match, or a negative or non-finite norm.

    Example:
        >>> import torch
        >>> owanda(torch.tensor([[1.0, -2.0]]), torch.tensor([3.0, 0.5])).tolist()
        [[3.0, 1.0]]

    Source: Corollary 3.3. Proof:
    pruneproof.symbolic.claims.owanda.
    """
    check_matrix("W", W)
    check_norms("y_norm", y_norm, W.shape[1], W.device)
    factor = to_accumulation(y_norm)
    return score_in_blocks(W, lambda magnitude, j, k: magnitude.mul_(factor[k]))
