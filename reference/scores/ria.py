"""Relative importance and activations."""

from typing import Literal

from jaxtyping import Float
from torch import Tensor

from pruneproof.reference.checks import check_choice, check_matrix
from pruneproof.reference.norms import input_norms, output_norms
from pruneproof.reference.scores.activation import activation_factor
from pruneproof.reference.scores.relative import TERMS, relative_score


def ria(
    W: Float[Tensor, "b c"],
    x_norm: Float[Tensor, " b"] | None,
    alpha: float = 0.5,
    terms: Literal["both", "input", "output"] = "both",
) -> Float[Tensor, "b c"]:
    r"""Relative importance times a power of the activation norm; larger means keep.

    .. math::
        S_{jk} = \left( \frac{|W_{jk}|}{\lVert W_{j:} \rVert_1}
            + \frac{|W_{jk}|}{\lVert W_{:k} \rVert_1} \right) \lVert X_{:j} \rVert_2^{\alpha}

    Args:
        W: weights, in_features × out_features.
        x_norm: ‖X_:j‖₂ over all calibration tokens, not averaged; None is allowed with alpha 0.
        alpha: power of the activation norm (½ is best throughout Table 3; 0 is RI).
        terms: ``"both"``, or only the ``"input"`` term 1/‖W_j:‖₁ or the ``"output"`` term
            1/‖W_:k‖₁.

    Returns:
        S, non-negative, in float64 for float64 weights, else float32; 0 in an input or output
        without a weight.

    Raises:
        ValueError: a length that does not match, a negative or non-finite norm or alpha, norms
            of W beyond float64's range, or terms is another word.

    Example:
        >>> import torch
        >>> W, x_norm = torch.tensor([[1.0, -3.0], [1.0, 1.0]]), torch.tensor([4.0, 16.0])
        >>> ria(W, x_norm).tolist(), ria(W, x_norm, terms="output").tolist()
        ([[1.5, 3.0], [4.0, 3.0]], [[1.0, 1.5], [2.0, 1.0]])

    Source: Eq. (2). No X and Y give it for all weights at once unless all x_norm or all column
    norms are equal (Lemma 3.6 repaired). Proof:
    pruneproof.symbolic.claims.ria.
    """
    check_matrix("W", W)
    check_choice("terms", terms, TERMS)
    factor = activation_factor(W, x_norm, alpha)
    return relative_score(W, input_norms(W, 1), output_norms(W, 1), factor, terms)
