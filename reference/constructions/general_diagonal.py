"""The construction with diagonal matrices."""

from jaxtyping import Float
from torch import Tensor

from pruneproof.reference.checks import check_floating, check_matrix
from pruneproof.reference.constructions.reciprocals import check_constructed
from pruneproof.reference.norms import input_norms, output_norms
from pruneproof.reference.precision import to_accumulation
from pruneproof.reference.scores.relative import divisors


def general_diagonal(
    W: Float[Tensor, "b c"], A: Float[Tensor, "a b"], B: Float[Tensor, "c d"]
) -> tuple[Float[Tensor, "a b"], Float[Tensor, "c d"]]:
    r"""Divide each column of A and each row of B by the ℓ1 norm of its weights.

    .. math::
        X = A D_X, \quad Y = D_Y B, \quad (D_X)_{jj} = \lVert W_{j:} \rVert_1^{-1}, \quad
        (D_Y)_{kk} = \lVert W_{:k} \rVert_1^{-1}

    Args:
        W: weights, in_features × out_features.
        A: any matrix of b columns.
        B: any matrix of c rows.

    Returns:
        X, of A's shape, and Y, of B's; zero where W's norm is zero.

    Raises:
        ValueError: shapes or devices that do not match, a number that is not finite, or norms of
            W that leave float64's range, as may the quotients.

    Example:
        >>> import torch
        >>> W = torch.tensor([[1.0, 3.0]])
        >>> X, Y = general_diagonal(W, torch.tensor([[2.0]]), torch.tensor([[5.0], [6.0]]))
        >>> X.tolist(), Y.tolist()
        ([[0.5]], [[5.0], [2.0]])

    Source: Lemma 3.7.
    """
    check_matrix("W", W)
    check_floating("A", A, (None, W.shape[0]), device=W.device)
    check_floating("B", B, (W.shape[1], None), device=W.device)
    X = to_accumulation(A) / divisors(input_norms(W, 1))
    Y = to_accumulation(B) / divisors(output_norms(W, 1)).unsqueeze(1)
    return check_constructed(X, Y)
