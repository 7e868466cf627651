"""Relative importance with ℓp norms, and its three re-weighted variants."""

from typing import Literal

from jaxtyping import Float
from torch import Tensor

from pruneproof.reference.blocks import score_in_blocks
from pruneproof.reference.checks import check_choice, check_matrix
from pruneproof.reference.norms import input_norms, output_norms
from pruneproof.reference.scores.activation import activation_factor
from pruneproof.reference.scores.relative import divisors, relative_score

STRATEGIES = ("S1", "S2", "S3", "S4")


def lp(
    W: Float[Tensor, "b c"],
    p: float = 1.0,
    strategy: Literal["S1", "S2", "S3", "S4"] = "S1",
    x_norm: Float[Tensor, " b"] | None = None,
    alpha: float = 0.0,
) -> Float[Tensor, "b c"]:
    r"""Weight re-weighted by the ℓp norms of its input and its output; larger means keep.

    With :math:`r_j = \lVert W_{j:} \rVert_p` and :math:`q_k = \lVert W_{:k} \rVert_p`,

    .. math::
        \begin{aligned}
        S1: S_{jk} &= |W_{jk}| \,(r_j^{-1} + q_k^{-1}), & S2: S_{jk} &= |W_{jk}| / (r_j + q_k), \\
        S3: S_{jk} &= |W_{jk}| \,(r_j + q_k), & S4: S_{jk} &= |W_{jk}| / (r_j^{-1} + q_k^{-1}),
        \end{aligned}

    each times :math:`\lVert X_{:j} \rVert_2^{\alpha}`.

    Args:
        W: weights, in_features × out_features.
        p: 0 counts the non-zeros, ``math.inf`` takes the largest, 1 makes S1 RI.
        strategy: ``"S1"`` (Eq. (3)), ``"S2"``, ``"S3"`` or ``"S4"``.
        x_norm: ‖X_:j‖₂, needed where alpha is not 0.
        alpha: power of the activation norm.

    Returns:
        S, non-negative, in float64 for float64 weights, else float32; 0 in an input or output
        without a weight, whatever the strategy. For p near 0 norms grow as n^(1/p): with 2048
        weights and p = 0.08 the quotients of S1 and S2 fall below float32's normal numbers, and
        for smaller p to 0. Pass float64 weights there.

    Raises:
        ValueError: a length that does not match, a negative or non-finite norm or alpha, p not
            in [0, inf], norms of W beyond float64's range, or strategy is another word.

    Example:
        >>> import torch
        >>> W = torch.tensor([[3.0, 4.0], [0.0, 0.0]])
        >>> lp(W, p=float("inf")).tolist()
        [[1.75, 2.0], [0.0, 0.0]]
        >>> lp(W, p=2, strategy="S3").tolist()
        [[24.0, 36.0], [0.0, 0.0]]

    Source: Eq. (3), §3.5.1; S2 to S4, Appendix C.3. Constructions: Lemmas 3.8 and 3.9. Proof:
    pruneproof.symbolic.claims.lp, lp_order and lp_strategies.
    """
    check_matrix("W", W)
    check_choice("strategy", strategy, STRATEGIES)
    factor = activation_factor(W, x_norm, alpha)
    r, q = input_norms(W, p), output_norms(W, p)
    if strategy == "S1":
        return relative_score(W, r, q, factor)

    # A norm of 0 stands next to weights of 0 only: 0/(1/0 + …) is 0 as it should be, 0/(0 + 0)
    # needs a divisor. S3 and S4 multiply by the factor first, lest inf meets a factor of 0.
    def rule(magnitude: Tensor, j: slice, k: slice) -> Tensor:
        rows, columns = r[j, None], q[k]
        if strategy == "S2":
            return magnitude / divisors(rows + columns) * factor[j, None]
        magnitude *= factor[j, None]
        if strategy == "S3":
            return magnitude * (rows + columns)
        return magnitude / (1 / rows + 1 / columns)

    return score_in_blocks(W, rule)
