"""The two constructions that give relative importance."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from pruneproof.reference.checks import check_integer, check_matrix
from pruneproof.reference.constructions.reciprocals import check_constructed
from pruneproof.reference.norms import input_norms, output_norms
from pruneproof.reference.scores.relative import divisors


def ri_constant(
    W: Float[Tensor, "b c"], a: int | None = None, d: int | None = None
) -> tuple[Float[Tensor, "a b"], Float[Tensor, "c d"]]:
    r"""Make each column of X and each row of Y constant.

    .. math::
        X_{ij} = \frac{1}{\sqrt a\, \lVert W_{j:} \rVert_1}, \qquad
        Y_{kl} = \frac{1}{\sqrt d\, \lVert W_{:k} \rVert_1}

    Args:
        W: weights, in_features × out_features, of any two sizes.
        a: number of tokens, at least 1; b by default. The theorem asks for a = b, but any will
            do with √a for its √b.
        d: width of Y, at least 1; c by default.

    Returns:
        X, a × b, and Y, c × d; zero where W's norm is zero.

    Raises:
        ValueError: W is not a finite floating-point matrix, its norms or their reciprocals leave
            float64's range, or a or d is below 1.

    Example:
        >>> X, Y = ri_constant(torch.tensor([[4.0, -4.0]]), a=4, d=1)
        >>> X.tolist(), Y.T.tolist()
        ([[0.0625], [0.0625], [0.0625], [0.0625]], [[0.25, 0.25]])

    Source: Theorem 3.5, first strategy, without its a = b and c = d.
    """
    check_matrix("W", W)
    b, c = W.shape
    a, d = b if a is None else a, c if d is None else d
    check_integer("a", a, 1)
    check_integer("d", d, 1)
    r, q = divisors(input_norms(W, 1)), divisors(output_norms(W, 1))
    X = (1 / (math.sqrt(a) * r)).repeat(a, 1)
    Y = (1 / (math.sqrt(d) * q)).repeat(d, 1).T
    return check_constructed(X, Y)


def ri_diagonal(W: Float[Tensor, "b c"]) -> tuple[Float[Tensor, "b b"], Float[Tensor, "c c"]]:
    r"""Make X and Y diagonal.

    .. math::
        X = \operatorname{Diag}(\lVert W_{1:} \rVert_1^{-1}, \dots, \lVert W_{b:} \rVert_1^{-1}),
        \qquad
        Y = \operatorname{Diag}(\lVert W_{:1} \rVert_1^{-1}, \dots, \lVert W_{:c} \rVert_1^{-1})

    Args:
        W: weights, in_features × out_features, of any two sizes.

    Returns:
        X, b × b, and Y, c × c; zero where W's norm is zero.

    Raises:
        ValueError: W is not a finite floating-point matrix, or its norms or their reciprocals
            leave float64's range.

    Example:
        >>> X, Y = ri_diagonal(torch.tensor([[1.0, -3.0], [1.0, 1.0]]))
        >>> X.diagonal().tolist(), Y.diagonal().tolist()
        ([0.25, 0.5], [0.5, 0.25])

    Source: Theorem 3.5, second strategy, with ‖W_:k‖ in Y where ‖W_1:‖ is printed.
    """
    r, q = divisors(input_norms(W, 1)), divisors(output_norms(W, 1))
    return check_constructed(torch.diag(1 / r), torch.diag(1 / q))
