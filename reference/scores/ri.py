"""Relative importance."""

from typing import Literal

from jaxtyping import Float
from torch import Tensor

from pruneproof.reference.checks import check_choice, check_matrix
from pruneproof.reference.norms import input_norms, output_norms
from pruneproof.reference.scores.activation import activation_factor
from pruneproof.reference.scores.relative import TERMS, relative_score


def ri(
    W: Float[Tensor, "b c"], terms: Literal["both", "input", "output"] = "both"
) -> Float[Tensor, "b c"]:
    r"""Share of the weight in its input's ℓ1 norm plus its share in its output's.

    .. math::
        S_{jk} = \frac{|W_{jk}|}{\lVert W_{j:} \rVert_1} + \frac{|W_{jk}|}{\lVert W_{:k} \rVert_1}

    Larger means keep. Multiplying W by a power of two changes nothing.

    Args:
        W: weights, in_features × out_features.
        terms: ``"both"``, or only the ``"input"`` term 1/‖W_j:‖₁ or the ``"output"`` term
            1/‖W_:k‖₁.

    Returns:
        S in [0, 2], in float64 for float64 weights, else float32; 0 in an input or output
        without a weight.

    Raises:
        ValueError: W is not a finite floating-point matrix, its norms leave float64's range, or
            terms is another word.

    Example:
        >>> import torch
        >>> W = torch.tensor([[1.0, -3.0], [1.0, 1.0]])
        >>> ri(W).tolist(), ri(W, "input").tolist()
        ([[0.75, 1.5], [1.0, 0.75]], [[0.25, 0.75], [0.5, 0.5]])

    Source: §3.3; the terms apart, Table 3. Construction: Theorem 3.5. Proof:
    pruneproof.symbolic.
    """
    check_matrix("W", W)
    check_choice("terms", terms, TERMS)
    ones = activation_factor(W, None, 0)
    return relative_score(W, input_norms(W, 1), output_norms(W, 1), ones, terms)
