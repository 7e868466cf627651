"""R²-DSnoT."""

from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pruneproof.reference.checks import check_choice, check_number
from pruneproof.reference.norms import input_norms, output_norms
from pruneproof.reference.precision import to_accumulation
from pruneproof.reference.refinements.swaps import Limits, check_refinement, swap
from pruneproof.reference.scores.activation import activation_factor


def r2_dsnot(
    W: Float[Tensor, "b c"],
    keep: Bool[Tensor, "b c"],
    mean: Float[Tensor, " b"],
    var: Float[Tensor, " b"],
    x_norm: Float[Tensor, " b"],
    *,
    p: float = 2,
    gamma_grow: float = 0.0,
    gamma_prune: float = 1e-4,
    relative_grow: bool = True,
    relative_prune: bool = False,
    alpha: float = 0.5,
    form: Literal["printed", "repaired"] = "repaired",
    max_cycles: int = 50,
    update_threshold: float = 0.1,
    same_sign: bool = False,
    guard: bool = False,
    m: int | None = None,
) -> Bool[Tensor, "b c"]:
    r"""DSnoT with relative importance and a regularised decision boundary.

    Of output k, grow the pruned input i and prune the kept input j. As printed, Eqs. (5) and (6):

    .. math::
        i &= \arg\max_r\ \operatorname{sign}(\mathbb{E}[\epsilon_k])\, D_{rk}\,
             \mathbb{E}[X_r] / \operatorname{Var}(X_r) + \gamma_1 \lVert \widetilde W_{:k} \rVert_p
             \\
        j &= \arg\min_{r:\,\Delta(k, r) < 0}\ |W_{rk}|\, D_{rk}\, \lVert X_r \rVert_2^\alpha
             + \gamma_2 \lVert \widetilde W_{:k} \rVert_p \\
        D_{rk} &= 1 / \lVert \widetilde W_{:k} \rVert_1 + 1 / \lVert \widetilde W_{r:} \rVert_1

    The repaired form has DSnoT's :math:`W_{rk}` in the first line, without which the choice does
    not see the weight that it grows, and no :math:`\gamma` terms: constant in r, they change no
    choice. Without ``relative_grow`` or ``relative_prune`` the line has 1 for D.

    W̃ is W under ``keep`` as given; D is not updated by swaps, which would make an output depend on
    the others. An input or output with nothing left leaves its term of D out. Candidates, limits,
    groups, ties and inputs that never vary are as in :func:`dsnot`; Δ is the same with D or
    without, since D > 0.

    Args:
        W: weights, in_features × out_features, before pruning.
        keep: True where the weight survives so far.
        mean: E[X_j] over all calibration tokens.
        var: population variance of X_j over all calibration tokens.
        x_norm: ‖X_j‖₂ over all calibration tokens.
        p: order of the regulariser's norm (Table 10, Wanda: best).
        gamma_grow: γ₁ (Table 10, Wanda: best).
        gamma_prune: γ₂ (Table 10, Wanda: best).
        relative_grow: D in the growing line (Table 10, Wanda: best; the reverse for RIA).
        relative_prune: D in the pruning line (Table 10, Wanda: best; the reverse for RIA).
        alpha: power of the activation norm (Table 5).
        form: ``printed`` or ``repaired``. In the repaired form p and γ are checked, not used.
        max_cycles: as in :func:`dsnot` (Appendix C.1).
        update_threshold: as in :func:`dsnot` (Appendix C.1).
        same_sign: as in :func:`dsnot`.
        guard: as in :func:`dsnot`.
        m: as in :func:`dsnot`.

    Returns:
        A new mask with as many kept for each output, or each group of m, as in ``keep``.

    Raises:
        TypeError: as in :func:`dsnot`.
        ValueError: as in :func:`dsnot`; a negative p, γ or alpha; form is neither word.

    Example:
        >>> W = torch.tensor([[1.0], [-1.0], [2.0]])
        >>> ones = torch.ones(3)
        >>> r2_dsnot(W, torch.tensor([[True], [True], [False]]), ones, ones, ones)[:, 0].tolist()
        [True, False, True]

    Source: §3.6, Appendix C.1 and C.5; the paper's indices q of X mean r.
    """
    limits = Limits(max_cycles, update_threshold, same_sign, guard, m)
    check_refinement(W, keep, mean, var, x_norm, limits)
    check_number("p", p, 0)
    check_number("gamma_grow", gamma_grow, 0, open_high=True)
    check_number("gamma_prune", gamma_prune, 0, open_high=True)
    check_choice("form", form, ("printed", "repaired"))
    expectation, variance = to_accumulation(mean), to_accumulation(var)
    factor = activation_factor(W, x_norm, alpha)
    remaining = torch.where(keep, W, torch.zeros_like(W))
    of_input = _inverse(input_norms(remaining, 1))
    of_output = _inverse(output_norms(remaining, 1))[:, None]
    if form == "printed":
        regulariser = output_norms(remaining, p)[:, None]
    else:
        regulariser = torch.zeros_like(of_output)

    def gain(contribution: Tensor, outputs: slice, sign: int) -> Tensor:
        numerator = contribution if form == "repaired" else expectation.expand_as(contribution)
        if relative_grow:
            numerator = numerator * (of_output[outputs] + of_input)
        ratio = torch.nan_to_num(sign * numerator / variance)
        return ratio + gamma_grow * regulariser[outputs]

    def cost(weight: Tensor, outputs: slice) -> Tensor:
        loss = weight.abs()
        if relative_prune:
            loss = loss * (of_output[outputs] + of_input)
        return loss * factor + gamma_prune * regulariser[outputs]

    return swap(W, keep, mean, gain, cost, limits)


def _inverse(norms: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
    return torch.where(norms > 0, 1 / norms, 0)
