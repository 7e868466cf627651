"""DSnoT."""

from jaxtyping import Bool, Float
from torch import Tensor

from pruneproof.reference.precision import to_accumulation
from pruneproof.reference.refinements.swaps import Limits, check_refinement, swap


def dsnot(
    W: Float[Tensor, "b c"],
    keep: Bool[Tensor, "b c"],
    mean: Float[Tensor, " b"],
    var: Float[Tensor, " b"],
    x_norm: Float[Tensor, " b"],
    *,
    max_cycles: int = 50,
    update_threshold: float = 0.1,
    same_sign: bool = False,
    guard: bool = False,
    m: int | None = None,
) -> Bool[Tensor, "b c"]:
    r"""Swap pruned for kept weights until each output's expected error is small.

    Of output k, grow the pruned input i and prune the kept input j, with
    :math:`\mathbb{E}[\epsilon_k] = \sum_{r\ \text{pruned}} W_{rk}\,\mathbb{E}[X_r]`:

    .. math::
        i &= \arg\max_r\ \operatorname{sign}(\mathbb{E}[\epsilon_k])\, W_{rk}\,
             \mathbb{E}[X_r] / \operatorname{Var}(X_r) \\
        j &= \arg\min_{r:\,\Delta(k, r) < 0}\ |W_{rk}|\, \lVert X_r \rVert_2, \qquad
        \Delta(k, r) = \operatorname{sign}(\mathbb{E}[\epsilon_k])\, W_{rk}\, \mathbb{E}[X_r]

    :mod:`pruneproof.reference.refinements.swaps` is the algorithm, case by case. An input that
    never varies (Var = 0) has the gain's limit: the largest number, with its sign, or 0 where
    the contribution is 0.

    A pruned weight that is 0, as in a model that was pruned before, never grows: that would give
    the output nothing back for the weight that is pruned in exchange.

    With ``m`` an n:m mask stays one, since i and j are of the same m consecutive inputs: i is the
    best of the inputs whose group has a j, and j the cheapest there.

    Args:
        W: weights, in_features × out_features, before pruning.
        keep: True where the weight survives so far.
        mean: E[X_j] over all calibration tokens.
        var: population variance of X_j over all calibration tokens.
        x_norm: ‖X_j‖₂ over all calibration tokens.
        max_cycles: most swaps for an output (Appendix C.1).
        update_threshold: an output stops once |E[ε_k]| is not above it (Appendix C.1).
        same_sign: stop before a swap that changes the sign of E[ε_k]. Off by default, as in the
            official code (``--without_same_sign``) for unstructured sparsity.
        guard: stop before a swap that does not lower |E[ε_k]|, that is unless
            0 < sign(E[ε_k])·(W_ik E[X_i] − W_jk E[X_j]) < 2|E[ε_k]|. The paper has none.
        m: swap within groups of so many consecutive inputs; None for anywhere in an output.

    Returns:
        A new mask with as many kept for each output, or each group of m, as in ``keep``.

    Raises:
        TypeError: keep is not boolean, or another argument is of the wrong type.
        ValueError: a shape or device that does not match, a number that is not finite, a negative
            variance, norm or threshold, a negative number of cycles, or an m that is below 2 or
            does not divide in_features.

    Example:
        >>> import torch
        >>> W = torch.tensor([[1.0], [-1.0], [2.0]])
        >>> ones = torch.ones(3)
        >>> dsnot(W, torch.tensor([[True], [True], [False]]), ones, ones, ones)[:, 0].tolist()
        [True, False, True]
        >>> W = torch.tensor([[3.0], [1.0], [-1.0], [2.0]])
        >>> keep, ones = torch.tensor([[False], [True], [True], [False]]), torch.ones(4)
        >>> dsnot(W, keep, ones, ones, ones)[:, 0].tolist()
        [True, True, False, False]
        >>> dsnot(W, keep, ones, ones, ones, m=2)[:, 0].tolist()
        [False, True, False, True]

    Source: §3.6 and Appendix C.1; the paper's indices q of X mean r, and growth is restricted to
    what is pruned and not 0. Other code: zyxxmu/DSnoT measures E[X_j] as a sum over tokens divided
    by the number of sequences, so its threshold of 0.1 is 0.1 ÷ (tokens a sequence) here; when it
    runs out of candidates it goes on with weights that are none, so that zeros grow and the number
    kept drifts. For n:m, of which the paper says nothing, it grows the best of the output and
    prunes the cheapest by the mask's own score in that group, whatever its Δ, and always with
    ``same_sign``.
    """
    limits = Limits(max_cycles, update_threshold, same_sign, guard, m)
    check_refinement(W, keep, mean, var, x_norm, limits)
    variance, norm = to_accumulation(var), to_accumulation(x_norm)

    def gain(contribution: Tensor, outputs: slice, sign: int) -> Tensor:
        return (sign * contribution).div_(variance).nan_to_num_()

    def cost(weight: Tensor, outputs: slice) -> Tensor:
        return weight.abs().mul_(norm)

    return swap(W, keep, mean, gain, cost, limits)
