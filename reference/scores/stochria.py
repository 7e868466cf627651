"""Stochastic relative importance."""

from jaxtyping import Float
from torch import Tensor

from pruneproof.reference.checks import check_matrix
from pruneproof.reference.norms import input_norms, output_norms
from pruneproof.reference.scores.activation import activation_factor
from pruneproof.reference.scores.relative import relative_score
from pruneproof.reference.scores.stochria_sampling import sampled_entries, sampled_weights


def stochria(
    W: Float[Tensor, "b c"],
    ratio: float = 0.1,
    seed: int = 0,
    x_norm: Float[Tensor, " b"] | None = None,
    alpha: float = 0.0,
    length_corrected: bool = False,
) -> Float[Tensor, "b c"]:
    r"""Relative importance whose norms see a random sample of each input and output.

    .. math::
        S_{jk} = \left( \frac{|W_{jk}|}{\lVert W_{j:S_j} \rVert_1}
            + \frac{|W_{jk}|}{\lVert W_{S_k:k} \rVert_1} \right) \lVert X_{:j} \rVert_2^{\alpha}

    Larger means keep. S_j and S_k are drawn by
    :func:`~pruneproof.reference.scores.stochria_sampling.sampled_entries`.

    Args:
        W: weights, in_features × out_features.
        ratio: β in (0, 1]; τ = max(1, ⌊β · min(b, c)⌋) entries are sampled (0.1 is the
            default of Appendix C.4).
        seed: of the samples; one seed gives the same scores on every device.
        x_norm: ‖X_:j‖₂, needed where alpha is not 0.
        alpha: power of the activation norm.
        length_corrected: multiply an input's sampled norm by c/τ and an output's by b/τ, which
            makes them unbiased. As printed (False), both are norms of τ weights, so the two
            terms are out of proportion by c/b, even at β = 1.

    Returns:
        S, non-negative, in float64 for float64 weights, else float32. A sample whose norm is 0
        contributes 0, also to a weight that is not 0.

    Raises:
        ValueError: W is empty, ratio outside (0, 1], a negative seed, a length that does not
            match, a negative or non-finite norm or alpha, or norms of W beyond float64's range.

    Example:
        >>> import torch
        >>> W = torch.tensor([[1.0, 1.0], [1.0, 1.0], [2.0, 2.0], [4.0, 4.0]])
        >>> stochria(W[:2], ratio=1.0).tolist()
        [[1.0, 1.0], [1.0, 1.0]]
        >>> stochria(W, ratio=1.0, length_corrected=True).shape
        torch.Size([4, 2])

    Source: Eq. (4), §3.5.2. Construction: Lemma 3.10. Proof:
    pruneproof.symbolic.claims.stochria.
    """
    check_matrix("W", W)
    b, c = W.shape
    factor = activation_factor(W, x_norm, alpha)
    of_inputs, of_outputs = sampled_weights(W, sampled_entries(b, c, ratio, seed))
    r, q = input_norms(of_inputs, 1), output_norms(of_outputs, 1)
    if length_corrected:
        tau = of_inputs.shape[1]
        r, q = r * (c / tau), q * (b / tau)
    return relative_score(W, r, q, factor)
