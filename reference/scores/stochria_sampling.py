"""Which entries of each input and each output StochRIA looks at."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from pruneproof.reference.checks import check_integer, check_number


class Samples(NamedTuple):
    """τ distinct entries of each input and of each output of a b × c weight matrix.

    Attributes:
        of_inputs: b × τ; row j holds S_j, the outputs at which input j's weights are sampled.
        of_outputs: τ × c; column k holds S_k, the inputs at which output k's are sampled.
    """

    of_inputs: Int[Tensor, "b tau"]
    of_outputs: Int[Tensor, "tau c"]


def sampled_entries(b: int, c: int, ratio: float, seed: int) -> Samples:
    r"""Draw τ entries of every input and of every output, uniformly and independently.

    .. math:: \tau = \max(1, \lfloor \beta \min(b, c) \rfloor)

    Every subset of τ entries is equally likely. The indices are drawn on the CPU, so one seed
    means one sample on every device.

    Args:
        b: in_features.
        c: out_features.
        ratio: β in (0, 1]; the product β · min(b, c) is rounded to a double before the floor.
        seed: of the generator.

    Returns:
        The :class:`Samples`, int64, on the CPU; in no particular order.

    Raises:
        ValueError: b or c below 1, ratio outside (0, 1], or a negative seed.

    Example:
        >>> of_inputs, of_outputs = sampled_entries(4, 6, ratio=0.5, seed=0)
        >>> of_inputs.shape, of_outputs.shape
        (torch.Size([4, 2]), torch.Size([2, 6]))

    Source: §3.5.2 and Appendix C.4 for τ. Algorithm: Floyd's, in Bentley and Floyd (1987), *A
    sample of brilliance*: τ draws a sample, without replacement.
    """
    check_integer("b", b, 1)
    check_integer("c", c, 1)
    check_number("ratio", ratio, 0, 1, open_low=True)
    check_integer("seed", seed, 0, 2**63 - 1)
    generator = torch.Generator().manual_seed(seed)
    tau = max(1, int(ratio * min(b, c)))
    of_inputs = _distinct(b, c, tau, generator)
    of_outputs = _distinct(c, b, tau, generator).T
    return Samples(of_inputs, of_outputs)


def sampled_weights(
    W: Float[Tensor, "b c"], samples: Samples
) -> tuple[Float[Tensor, "b tau"], Float[Tensor, "tau c"]]:
    r"""Look up the sampled weights of each input and of each output.

    .. math:: W_{j:S_j} \qquad W_{S_k:k}

    Args:
        W: weights, in_features × out_features.
        samples: see :func:`sampled_entries`.

    Returns:
        The weights of each input's sample, b × τ, and of each output's, τ × c.

    Raises:
        ValueError: samples of another shape, out of range, or with an index twice.

    Example:
        >>> W = torch.tensor([[1.0, 2.0], [4.0, 8.0]])
        >>> samples = Samples(torch.tensor([[0], [1]]), torch.tensor([[1, 0]]))
        >>> sampled_weights(W, samples)
        (tensor([[1.],
                [8.]]), tensor([[4., 2.]]))

    Source: Eq. (4).
    """
    of_inputs, of_outputs = samples
    b, c = W.shape
    tau = of_inputs.shape[-1]
    _check_sample("samples.of_inputs", of_inputs, b, tau, c)
    _check_sample("samples.of_outputs", of_outputs.T, c, tau, b)
    # Indexing, where gather would do: torch gathers no float8.
    j = torch.arange(b, device=W.device).unsqueeze(1)
    k = torch.arange(c, device=W.device)
    return W[j, of_inputs.to(W.device)], W[of_outputs.to(W.device), k]


def _distinct(rows: int, length: int, tau: int, generator: torch.Generator) -> Tensor:
    # Floyd's algorithm for all rows at once: the i-th draw is from 0 … length - τ + i, and one
    # that was drawn before is replaced by the last of these, which cannot have been.
    row = torch.arange(rows)
    taken = torch.zeros(rows, length, dtype=torch.bool)
    sample = torch.empty(rows, tau, dtype=torch.int64)
    for i, last in enumerate(range(length - tau, length)):
        # The remainder of 62 random bits: its bias is below 2^-30 for any matrix there is.
        drawn = torch.randint(2**62, (rows,), generator=generator) % (last + 1)
        drawn = torch.where(taken[row, drawn], last, drawn)
        taken[row, drawn] = True
        sample[:, i] = drawn
    return sample


def _check_sample(name: str, sample: Tensor, rows: int, tau: int, length: int) -> None:
    if tuple(sample.shape) != (rows, tau):
        raise ValueError(
            f"{name} must hold {tau} indices for each of {rows}, got shape {tuple(sample.shape)}"
        )
    ordered = sample.sort(1).values
    if sample.numel() == 0 or ordered.min() < 0 or ordered.max() >= length:
        raise ValueError(f"{name} must hold indices from 0 to {length - 1}, got others or none")
    if (ordered[:, 1:] == ordered[:, :-1]).any():
        raise ValueError(f"{name} must hold distinct indices, got one twice")
