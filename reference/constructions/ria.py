"""The construction that gives RIA, for one weight at a time."""

import torch
from jaxtyping import Float
from torch import Tensor

from pruneproof.reference.checks import check_integer, check_matrix
from pruneproof.reference.constructions.reciprocals import check_constructed
from pruneproof.reference.norms import input_norms, output_norms
from pruneproof.reference.scores.activation import activation_factor
from pruneproof.reference.scores.relative import divisors


def ria_pointwise(
    W: Float[Tensor, "b c"], c_norm: Float[Tensor, " b"], j: int, k: int, alpha: float = 0.5
) -> tuple[Float[Tensor, "b b"], Float[Tensor, "c c"]]:
    r"""Make X and Y zero but for one entry each, which give the RIA score of weight (j, k).

    .. math::
        X_{jj} = \frac{\lVert C_{:j} \rVert_2^{\alpha}}{\lVert W_{j:} \rVert_1}, \qquad
        Y_{kk} = \frac{\lVert C_{:j} \rVert_2^{\alpha}}{\lVert W_{:k} \rVert_1}

    Y depends on j, so this (X, Y) gives the score of no other weight of output k: one pair for
    all weights of a W without zeros exists only if all powers of the activation norms are equal,
    or all column norms of W.

    Args:
        W: weights, in_features × out_features.
        c_norm: ‖C_:j‖₂, the activation norms.
        j: the weight's input.
        k: the weight's output.
        alpha: power of the activation norm.

    Returns:
        X, b × b, and Y, c × c; zero throughout where W's norm is zero.

    Raises:
        ValueError: a length that does not match, a negative or non-finite norm or alpha, an index
            out of range, or norms of W that leave float64's range, as may their reciprocals.

    Example:
        >>> W, c_norm = torch.tensor([[1.0, 3.0], [1.0, 1.0]]), torch.tensor([4.0, 1.0])
        >>> X, Y = ria_pointwise(W, c_norm, 0, 1)
        >>> X.tolist(), Y.tolist()
        ([[0.5, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.5]])

    Source: Lemma 3.6 with its free indices chosen, p = j and s = k: with others the score that
    Lemma 3.1 takes from X's columns and Y's rows is 0.
    """
    check_matrix("W", W)
    b, c = W.shape
    check_integer("j", j, 0, b - 1)
    check_integer("k", k, 0, c - 1)
    factor = activation_factor(W, c_norm, alpha)
    X = torch.zeros(b, b, dtype=factor.dtype, device=factor.device)
    Y = torch.zeros(c, c, dtype=factor.dtype, device=factor.device)
    X[j, j] = factor[j] / divisors(input_norms(W, 1))[j]
    Y[k, k] = factor[j] / divisors(output_norms(W, 1))[k]
    return check_constructed(X, Y)
