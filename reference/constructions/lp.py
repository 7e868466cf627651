"""The two constructions that give relative importance with ℓp norms (strategy S1)."""

import torch
from jaxtyping import Float
from torch import Tensor

from pruneproof.reference.checks import check_floating, check_integer, check_matrix
from pruneproof.reference.constructions.reciprocals import check_constructed
from pruneproof.reference.norms import input_norms, output_norms
from pruneproof.reference.precision import accumulation_dtype, to_accumulation
from pruneproof.reference.scores.relative import divisors


def lp_aligned(
    W: Float[Tensor, "b c"], p: float = 1.0
) -> tuple[Float[Tensor, "c b"], Float[Tensor, "c b"]]:
    r"""Make each column of X parallel to its input's weights, each row of Y to its output's.

    .. math::
        X_{:j} = \frac{W_{j:}^\top}{\lVert W_{j:} \rVert_p \lVert W_{j:} \rVert_2}, \qquad
        Y_{k:} = \frac{W_{:k}^\top}{\lVert W_{:k} \rVert_p \lVert W_{:k} \rVert_2}

    Args:
        W: weights, in_features × out_features, of any two sizes.
        p: any number from 0 to ``math.inf``.

    Returns:
        X and Y, both c × b, so a = c and d = b, which the lemma leaves out; zero where W's norm
        is zero.

    Raises:
        ValueError: W is not a finite floating-point matrix, p is not in [0, inf], or norms of W
            or the quotients leave float64's range.

    Example:
        >>> X, Y = lp_aligned(torch.tensor([[2.0], [0.0]]), p=2)
        >>> X.tolist(), Y.tolist()
        ([[0.5, 0.0]], [[0.5, 0.0]])

    Source: Lemma 3.8.
    """
    check_matrix("W", W)
    weights = to_accumulation(W)
    # The entries of a unit vector first: the product of two norms could leave the range.
    X = (weights / divisors(input_norms(W, 2))[:, None] / divisors(input_norms(W, p))[:, None]).T
    Y = (weights / divisors(output_norms(W, 2)) / divisors(output_norms(W, p))).T
    return check_constructed(X, Y)


def lp_unit_vectors(
    W: Float[Tensor, "b c"],
    p: float = 1.0,
    u: Float[Tensor, " a"] | None = None,
    v: Float[Tensor, " d"] | None = None,
    seed: int = 0,
) -> tuple[Float[Tensor, "a b"], Float[Tensor, "c d"]]:
    r"""Make all columns of X parallel to one unit vector and all rows of Y to another.

    .. math:: X_{:j} = \frac{u}{\lVert W_{j:} \rVert_p}, \qquad
        Y_{k:} = \frac{v^\top}{\lVert W_{:k} \rVert_p}

    Args:
        W: weights, in_features × out_features, of any two sizes.
        p: any number from 0 to ``math.inf``.
        u: a unit vector of any length; by default a random one of length b.
        v: a unit vector of any length; by default a random one of length c.
        seed: of the random unit vectors, drawn on the CPU; they are uniform on the sphere.

    Returns:
        X, a × b, and Y, c × d, where a and d are the lengths of u and v; zero where W's norm is
        zero.

    Raises:
        ValueError: W is not a finite floating-point matrix, p is not in [0, inf], u or v is not
            a unit vector up to rounding, the seed is negative, or norms of W or the quotients
            leave float64's range.

    Example:
        >>> u, v = torch.tensor([1.0]), torch.tensor([0.0, -1.0])
        >>> X, Y = lp_unit_vectors(torch.tensor([[2.0], [4.0]]), p=float("inf"), u=u, v=v)
        >>> X.tolist(), Y.tolist()
        ([[0.5, 0.25]], [[0.0, -0.25]])

    Source: Lemma 3.9; no randomness is needed.
    """
    check_matrix("W", W)
    check_integer("seed", seed, 0, 2**63 - 1)
    generator = torch.Generator().manual_seed(seed)
    u = _unit_vector("u", u, W, W.shape[0], generator)
    v = _unit_vector("v", v, W, W.shape[1], generator)
    X = u[:, None] / divisors(input_norms(W, p))
    Y = v / divisors(output_norms(W, p))[:, None]
    return check_constructed(X, Y)


def _unit_vector(
    name: str, given: Tensor | None, W: Tensor, length: int, generator: torch.Generator
) -> Tensor:
    if given is None:
        direction = torch.randn(1, length, dtype=torch.float64, generator=generator)
        unit = direction.squeeze(0) / input_norms(direction, 2)
        return unit.to(W.device, accumulation_dtype(W.device))
    check_floating(name, given, (None,), device=W.device)
    norm = input_norms(given.unsqueeze(0), 2).item()
    # What normalising in the given dtype may be off by: the sum of the squares, root, quotient.
    tolerance = torch.finfo(given.dtype).eps * (1 + given.shape[0])
    if not abs(norm - 1) <= tolerance:
        raise ValueError(f"{name} must be a unit vector, got norm {norm}")
    return to_accumulation(given)
