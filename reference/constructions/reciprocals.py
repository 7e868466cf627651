"""What all constructions that divide by norms share."""

from jaxtyping import Float
from torch import Tensor


def check_constructed(
    X: Float[Tensor, "a b"], Y: Float[Tensor, "c d"]
) -> tuple[Float[Tensor, "a b"], Float[Tensor, "c d"]]:
    """Hand on a construction, unless the reciprocal of a norm left float64's range.

    Args:
        X: the constructed inputs.
        Y: the constructed output calibration.

    Returns:
        (X, Y).

    Raises:
        ValueError: an entry is not finite, as with a norm of subnormal float64 weights.

    Example:
        >>> import torch
        >>> check_constructed(torch.ones(1, 1), torch.tensor([[torch.inf]]))
        Traceback (most recent call last):
        ValueError: W must have norms whose reciprocals torch.float32 holds; scale W
    """
    if not (X.isfinite().all() and Y.isfinite().all()):
        raise ValueError(f"W must have norms whose reciprocals {X.dtype} holds; scale W")
    return X, Y
