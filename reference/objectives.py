"""What pruning costs: the reconstruction errors that the paper minimises."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pruneproof.reference.blocks import row_blocks
from pruneproof.reference.checks import (
    check_batch,
    check_floating,
    check_mask,
    check_matrix,
)
from pruneproof.reference.norms import input_norms
from pruneproof.reference.precision import accumulation_dtype, summable_limit, to_accumulation


def input_reconstruction(
    W: Float[Tensor, "b c"], W_pruned: Float[Tensor, "b c"], X: Float[Tensor, "a b"]
) -> Float[Tensor, ""]:
    r"""Squared error of the layer's outputs on the calibration inputs.

    .. math:: f(\widetilde W) = \lVert X (\widetilde W - W) \rVert_F^2

    Args:
        W: weights, in_features × out_features.
        W_pruned: weights after pruning, of the same shape.
        X: calibration inputs, tokens × in_features.

    Returns:
        f, a scalar in the accumulation dtype.

    Raises:
        ValueError: shapes or devices that do not match, a number that is not finite, or an error
            beyond float64's range.

    Example:
        >>> W = torch.tensor([[3.0], [1.0]])
        >>> input_reconstruction(W, torch.tensor([[0.0], [1.0]]), torch.eye(2)).item()
        9.0

    Source: (InpRecon), §3.1.
    """
    return _input_error(W, W_pruned, X).square()


def symmetric_objective(
    W: Float[Tensor, "b c"],
    W_pruned: Float[Tensor, "b c"],
    X: Float[Tensor, "a b"],
    Y: Float[Tensor, "c d"],
) -> Float[Tensor, ""]:
    r"""Error seen from the inputs plus error seen from the outputs.

    .. math::
        g(\widetilde W) = \lVert X (\widetilde W - W) \rVert_F
            + \lVert (\widetilde W - W) Y \rVert_F

    Args:
        W: weights, in_features × out_features.
        W_pruned: weights after pruning, of the same shape.
        X: calibration inputs, tokens × in_features.
        Y: output calibration, out_features × d.

    Returns:
        g, a scalar in the accumulation dtype.

    Raises:
        ValueError: shapes or devices that do not match, a number that is not finite, or an error
            beyond float64's range.

    Example:
        >>> W = torch.tensor([[3.0], [1.0]])
        >>> X, Y = 2 * torch.eye(2), torch.tensor([[4.0]])
        >>> symmetric_objective(W, torch.tensor([[0.0], [1.0]]), X, Y).item()
        18.0

    Source: (Sym), §3.2.
    """
    return _input_error(W, W_pruned, X) + _output_error(W, W_pruned, Y)


def squared_objective(
    W: Float[Tensor, "b c"],
    W_pruned: Float[Tensor, "b c"],
    X: Float[Tensor, "a b"],
    Y: Float[Tensor, "c d"],
) -> Float[Tensor, ""]:
    r"""Squared error seen from the inputs plus squared error seen from the outputs.

    .. math::
        g'(\widetilde W) = \lVert X (\widetilde W - W) \rVert_F^2
            + \lVert (\widetilde W - W) Y \rVert_F^2

    Args:
        W: weights, in_features × out_features.
        W_pruned: weights after pruning, of the same shape.
        X: calibration inputs, tokens × in_features.
        Y: output calibration, out_features × d.

    Returns:
        g′, a scalar in the accumulation dtype.

    Raises:
        ValueError: shapes or devices that do not match, a number that is not finite, or an error
            beyond float64's range.

    Example:
        >>> W = torch.tensor([[3.0], [1.0]])
        >>> X, Y = 2 * torch.eye(2), torch.tensor([[4.0]])
        >>> squared_objective(W, torch.tensor([[0.0], [1.0]]), X, Y).item()
        180.0

    Source: Appendix B.
    """
    return _input_error(W, W_pruned, X).square() + _output_error(W, W_pruned, Y).square()


def gram(X: Float[Tensor, "... b"]) -> Float[Tensor, "b b"]:
    r"""Inner products of the features over all tokens; batches add up.

    .. math:: X^\top X = \sum_i X_{i:}^\top X_{i:}

    Args:
        X: one batch, any shape [..., in_features]. The Gram matrix of several is
            ``sum(gram(batch) for batch in batches)``; that of the output side, YYᵀ, is
            ``gram(Y.T)``.

    Returns:
        XᵀX, in the accumulation dtype. Squares of float64 numbers beyond 1e±154 leave its range.

    Raises:
        ValueError: not floating-point, no dimension, or a number that is not finite.

    Example:
        >>> gram(torch.tensor([[[1.0, 2.0]], [[0.0, 3.0]]]))
        tensor([[ 1.,  2.],
                [ 2., 13.]], dtype=torch.float64)

    Source: (Sym), with ‖XΔ‖_F² = tr(Δᵀ XᵀX Δ).
    """
    check_batch("X", X)
    features = X.shape[-1]
    tokens = X.reshape(X.shape[:-1].numel(), features)
    G = torch.zeros(features, features, dtype=accumulation_dtype(X.device), device=X.device)
    for rows in row_blocks(*tokens.shape):
        block = to_accumulation(tokens[rows].contiguous())
        G.addmm_(block.T, block)
    return G


def removal_cost(
    W: Float[Tensor, "b c"],
    removed: Bool[Tensor, "b c"],
    x_gram: Float[Tensor, "b b"] | None = None,
    y_gram: Float[Tensor, "c c"] | None = None,
) -> Float[Tensor, ""]:
    r"""The symmetric objective after removing a set of weights, from Gram matrices alone.

    .. math::
        g = \sqrt{\operatorname{tr}(\Delta^\top X^\top X\, \Delta)}
            + \sqrt{\operatorname{tr}(\Delta\, Y Y^\top \Delta^\top)},
        \qquad \Delta_{jk} = W_{jk} \text{ where removed, else } 0

    Neither X nor a product of X's size is formed, so any number of tokens will do.

    Args:
        W: weights, in_features × out_features.
        removed: True where the weight is removed (the opposite of a keep mask).
        x_gram: XᵀX, see :func:`gram`; None for X = 0.
        y_gram: YYᵀ, which is ``gram(Y.T)``; None for Y = 0.

    Returns:
        g, a scalar in the accumulation dtype. A trace that rounding has made negative counts
        as 0.

    Raises:
        TypeError: removed is not boolean.
        ValueError: shapes or devices that do not match, a number that is not finite, a negative
            number on a Gram matrix's diagonal, or a squared error beyond float64's range.

    Example:
        >>> W, removed = torch.tensor([[3.0], [4.0]]), torch.tensor([[True], [True]])
        >>> removal_cost(W, removed, x_gram=gram(torch.eye(2))).item()
        5.0

    Source: (Sym), §3.2.
    """
    check_matrix("W", W)
    check_mask("removed", removed, W.shape, device=W.device)
    cost = torch.zeros((), dtype=accumulation_dtype(W.device), device=W.device)
    if x_gram is not None:
        _check_gram("x_gram", x_gram, W, W.shape[0])
        cost += _root_of_trace("x_gram", W.T, removed.T, x_gram)
    if y_gram is not None:
        _check_gram("y_gram", y_gram, W, W.shape[1])
        cost += _root_of_trace("y_gram", W, removed, y_gram)
    return cost


def _input_error(W: Tensor, W_pruned: Tensor, X: Tensor) -> Tensor:
    change = _change(W, W_pruned)
    check_floating("X", X, (None, W.shape[0]), device=W.device)
    return _norm_of_product("X", X, change)


def _output_error(W: Tensor, W_pruned: Tensor, Y: Tensor) -> Tensor:
    change = _change(W, W_pruned)
    check_floating("Y", Y, (W.shape[1], None), device=W.device)
    return _norm_of_product("Y", Y.T, change.T)


def _change(W: Tensor, W_pruned: Tensor) -> Tensor:
    check_matrix("W", W)
    check_floating("W_pruned", W_pruned, W.shape, device=W.device)
    return to_accumulation(W_pruned) - to_accumulation(W)


def _norm_of_product(name: str, A: Tensor, B: Tensor) -> Tensor:
    # The Frobenius norm is the norm of the norms of the rows.
    B = B.contiguous()
    norms = torch.zeros(1, A.shape[0], dtype=B.dtype, device=B.device)
    for rows in row_blocks(A.shape[0], max(A.shape[1], B.shape[1])):
        product = to_accumulation(A[rows].contiguous()) @ B
        limit = summable_limit(B.dtype)
        check_floating(f"{name} times the change of W", product, (None, None), limit=limit)
        norms[0, rows] = input_norms(product, 2)
    return input_norms(norms, 2).squeeze(0)


def _check_gram(name: str, G: Tensor, W: Tensor, length: int) -> None:
    check_floating(name, G, (length, length), device=W.device)
    if (G.diagonal() < 0).any():
        raise ValueError(f"{name} must have a non-negative diagonal, got {G.diagonal().min()}")


def _root_of_trace(name: str, A: Tensor, chosen: Tensor, G: Tensor) -> Tensor:
    # tr(D G Dᵀ) by blocks of D's rows, where D = A where chosen, else 0.
    G = to_accumulation(G.contiguous())
    trace = torch.zeros((), dtype=G.dtype, device=G.device)
    for rows in row_blocks(*A.shape):
        D = to_accumulation(A[rows].contiguous()) * chosen[rows]
        trace += ((D @ G) * D).sum()
    check_floating(f"the trace of Δ with {name}", trace, ())
    return trace.clamp(min=0).sqrt()
