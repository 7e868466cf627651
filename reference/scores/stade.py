"""STADE."""

from jaxtyping import Float
from torch import Tensor

from pruneproof.reference.blocks import score_in_blocks
from pruneproof.reference.checks import check_matrix, check_norms
from pruneproof.reference.precision import to_accumulation


def stade(W: Float[Tensor, "b c"], x_centred_norm: Float[Tensor, " b"]) -> Float[Tensor, "b c"]:
    r"""Weight magnitude times the norm of the centred input feature; larger means keep.

    .. math:: S_{jk} = |W_{jk}| \cdot \lVert X_{:j} - \mu_j \rVert_2, \qquad
        \mu_j = \frac1a \sum_i X_{ij}

    What removing the weight costs an output whose bias takes over its mean. A feature that never
    varies scores 0: the bias can replace it altogether. Where no bias is adjusted, Wanda's norm
    about 0 is what it costs.

    Args:
        W: weights, in_features × out_features.
        x_centred_norm: ‖X_:j − μ_j‖₂ over all calibration tokens, not averaged; from
            :func:`~pruneproof.reference.statistics.centred_activation_norms`.

    Returns:
        S, non-negative, in float64 for float64 weights, else float32.

    Raises:
        ValueError: a length that does not match, or a negative or non-finite norm.

    Example:
        >>> import torch
        >>> stade(torch.tensor([[1.0], [-2.0]]), torch.tensor([3.0, 0.5])).tolist()
        [[3.0], [1.0]]

    Source: beyond the paper: Lemma 3.1 with centred inputs and Y = 0. Coello de Portugal Mecke et
    al. (2025), *STADE: Standard Deviation as a Pruning Metric*, arXiv:2503.22451, take the standard
    deviation, ‖X_:j − μ_j‖₂/√a: one positive constant a layer, so the order is the same. Proof:
    pruneproof.symbolic.claims.stade.
    """
    check_matrix("W", W)
    check_norms("x_centred_norm", x_centred_norm, W.shape[0], W.device)
    factor = to_accumulation(x_centred_norm)
    return score_in_blocks(W, lambda magnitude, j, k: magnitude.mul_(factor[j, None]))
