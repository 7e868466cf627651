"""The two constructions that give stochastic relative importance."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from pruneproof.reference.checks import check_matrix
from pruneproof.reference.constructions.reciprocals import check_constructed
from pruneproof.reference.norms import input_norms, output_norms
from pruneproof.reference.precision import to_accumulation
from pruneproof.reference.scores.relative import divisors
from pruneproof.reference.scores.stochria_sampling import Samples, sampled_weights


def stochria_indicator(
    W: Float[Tensor, "b c"], samples: Samples
) -> tuple[Float[Tensor, "c b"], Float[Tensor, "c b"]]:
    r"""Make each column of X and row of Y constant on its sample, zero elsewhere.

    .. math::
        X_{ij} = \frac{\mathbf 1\{i \in S_j\}}{\sqrt\tau\, \lVert W_{j:S_j} \rVert_1}, \qquad
        Y_{ki} = \frac{\mathbf 1\{i \in S_k\}}{\sqrt\tau\, \lVert W_{S_k:k} \rVert_1}

    Args:
        W: weights, in_features × out_features, of any two sizes.
        samples: τ distinct entries of each input and of each output, see
            :func:`~pruneproof.reference.scores.stochria_sampling.sampled_entries`.

    Returns:
        X and Y, both c × b, so that a = c and d = b hold all indices; zero where a sampled norm
        is zero.

    Raises:
        ValueError: W is not a finite floating-point matrix, the samples do not fit, or the
            sampled norms or their reciprocals leave float64's range.

    Example:
        >>> W = torch.tensor([[1.0, 2.0], [4.0, 8.0]])
        >>> samples = Samples(torch.tensor([[0], [1]]), torch.tensor([[1, 0]]))
        >>> X, Y = stochria_indicator(W, samples)
        >>> X.tolist(), Y.tolist()
        ([[1.0, 0.0], [0.0, 0.125]], [[0.0, 0.25], [0.5, 0.0]])

    Source: Lemma 3.10.
    """
    check_matrix("W", W)
    of_inputs, of_outputs = sampled_weights(W, samples)
    r, q = divisors(input_norms(of_inputs, 1)), divisors(output_norms(of_outputs, 1))
    on_inputs = (1 / (math.sqrt(of_inputs.shape[1]) * r))[:, None].expand(of_inputs.shape)
    on_outputs = (1 / (math.sqrt(of_outputs.shape[0]) * q)).expand(of_outputs.shape)
    return check_constructed(*_on_samples(on_inputs, on_outputs, samples, W))


def stochria_aligned(
    W: Float[Tensor, "b c"], samples: Samples
) -> tuple[Float[Tensor, "c b"], Float[Tensor, "c b"]]:
    r"""Make each column of X and row of Y parallel to its sampled weights, zero elsewhere.

    .. math::
        X_{:j} = \frac{W_{j:S_j}^\top}{\lVert W_{j:S_j} \rVert_1 \lVert W_{j:S_j} \rVert_2},
        \qquad
        Y_{k:} = \frac{W_{S_k:k}^\top}{\lVert W_{S_k:k} \rVert_1 \lVert W_{S_k:k} \rVert_2}

    Args:
        W: weights, in_features × out_features, of any two sizes.
        samples: as in :func:`stochria_indicator`.

    Returns:
        X and Y, both c × b; zero where a sampled norm is zero.

    Raises:
        ValueError: as in :func:`stochria_indicator`.

    Example:
        >>> W = torch.tensor([[1.0, -2.0], [4.0, 8.0]])
        >>> samples = Samples(torch.tensor([[1], [1]]), torch.tensor([[1, 0]]))
        >>> X, Y = stochria_aligned(W, samples)
        >>> X.tolist(), Y.tolist()
        ([[0.0, 0.0], [-0.5, 0.125]], [[0.0, 0.25], [-0.5, 0.0]])

    Source: Lemma 3.10, "alternative construction" of Appendix A.6.
    """
    check_matrix("W", W)
    of_inputs, of_outputs = sampled_weights(W, samples)
    r1, r2 = divisors(input_norms(of_inputs, 1)), divisors(input_norms(of_inputs, 2))
    q1, q2 = divisors(output_norms(of_outputs, 1)), divisors(output_norms(of_outputs, 2))
    on_inputs = to_accumulation(of_inputs) / r2[:, None] / r1[:, None]
    on_outputs = to_accumulation(of_outputs) / q2 / q1
    return check_constructed(*_on_samples(on_inputs, on_outputs, samples, W))


def _on_samples(
    on_inputs: Tensor, on_outputs: Tensor, samples: Samples, W: Tensor
) -> tuple[Tensor, Tensor]:
    X = torch.zeros(W.shape, dtype=on_inputs.dtype, device=W.device)
    Y = torch.zeros(W.shape, dtype=on_outputs.dtype, device=W.device)
    X.scatter_(1, samples.of_inputs.to(W.device), on_inputs)
    Y.scatter_(0, samples.of_outputs.to(W.device), on_outputs)
    return X.T, Y.T
