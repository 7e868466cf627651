"""The general solution with diagonal matrices."""

from jaxtyping import Float
from torch import Tensor

from pruneproof.reference.blocks import score_in_blocks
from pruneproof.reference.checks import check_matrix, check_norms
from pruneproof.reference.norms import input_norms, output_norms
from pruneproof.reference.precision import to_accumulation
from pruneproof.reference.scores.relative import divisors


def general_diagonal(
    W: Float[Tensor, "b c"], a_norm: Float[Tensor, " b"], b_norm: Float[Tensor, " c"]
) -> Float[Tensor, "b c"]:
    r"""Relative importance with a weight of its own for each input and each output.

    .. math::
        S_{jk} = \frac{|W_{jk}|}{\lVert W_{j:} \rVert_1} \lVert A_{:j} \rVert_2
            + \frac{|W_{jk}|}{\lVert W_{:k} \rVert_1} \lVert B_{k:} \rVert_2

    Larger means keep.

    Args:
        W: weights, in_features × out_features.
        a_norm: ‖A_:j‖₂, one an input.
        b_norm: ‖B_k:‖₂, one an output.

    Returns:
        S, non-negative, in float64 for float64 weights, else float32; 0 in an input or output
        without a weight.

    Raises:
        ValueError: a length that does not match, a negative or non-finite norm, or norms of W
            beyond float64's range.

    Example:
        >>> import torch
        >>> W = torch.tensor([[1.0, -3.0], [1.0, 1.0]])
        >>> general_diagonal(W, torch.tensor([4.0, 2.0]), torch.tensor([2.0, 0.0])).tolist()
        [[2.0, 3.0], [2.0, 1.0]]

    Source: Lemma 3.7. Proof:
    pruneproof.symbolic.claims.general_diagonal.
    """
    check_matrix("W", W)
    check_norms("a_norm", a_norm, W.shape[0], W.device)
    check_norms("b_norm", b_norm, W.shape[1], W.device)
    a, b = to_accumulation(a_norm), to_accumulation(b_norm)
    r, q = divisors(input_norms(W, 1)), divisors(output_norms(W, 1))
    return score_in_blocks(
        W, lambda magnitude, j, k: magnitude / r[j, None] * a[j, None] + magnitude / q[k] * b[k]
    )
