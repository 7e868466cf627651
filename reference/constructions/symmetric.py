"""The construction that gives the symmetric scores."""

from jaxtyping import Float
from torch import Tensor

from pruneproof.reference.checks import check_matrix
from pruneproof.reference.precision import to_accumulation


def symmetric(W: Float[Tensor, "b c"]) -> tuple[Float[Tensor, "c b"], Float[Tensor, "c b"]]:
    r"""Make both the inputs and the outputs the transposed weights.

    .. math:: X = Y = W^\top

    By Lemma 3.1 this gives :math:`|W_{jk}| (\lVert W_{j:} \rVert_2 + \lVert W_{:k} \rVert_2)`, by
    Appendix B the same with the root of the sum of squares.

    Args:
        W: weights, in_features × out_features, of any two sizes.

    Returns:
        X and Y, both c × b: here a = c and d = b.

    Raises:
        ValueError: W is not a finite floating-point matrix.

    Example:
        >>> import torch
        >>> X, Y = symmetric(torch.tensor([[1.0, 2.0]]))
        >>> X.tolist(), Y.tolist()
        ([[1.0], [2.0]], [[1.0], [2.0]])

    Source: Corollary 3.4 and Appendix B, case 3.
    """
    check_matrix("W", W)
    transposed = to_accumulation(W).T
    return transposed.clone(), transposed.clone()
