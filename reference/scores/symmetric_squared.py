"""The symmetric score of the weights alone, for squared errors."""

from jaxtyping import Float
from torch import Tensor

from pruneproof.reference.norms import input_norms, output_norms
from pruneproof.reference.scores.symwanda_squared import symwanda_squared


def symmetric_squared(W: Float[Tensor, "b c"]) -> Float[Tensor, "b c"]:
    r"""Weight magnitude times the joint norm of its input and its output; larger means keep.

    .. math:: S_{jk} = |W_{jk}| \sqrt{\lVert W_{j:} \rVert_2^2 + \lVert W_{:k} \rVert_2^2}

    Args:
        W: weights, in_features × out_features.

    Returns:
        S, non-negative, in float64 for float64 weights, else float32.

    Raises:
        ValueError: W is not a finite floating-point matrix, or its norms leave float64's range.

    Example:
        >>> import torch
        >>> symmetric_squared(torch.tensor([[2.0, 0.0], [1.0, 0.0]]))[0].tolist()
        [6.0, 0.0]

    Source: Table 1, row "Symmetric", and Appendix B, case 3. Proof:
    pruneproof.symbolic.claims.squared_objective.
    """
    return symwanda_squared(W, input_norms(W, 2), output_norms(W, 2))
