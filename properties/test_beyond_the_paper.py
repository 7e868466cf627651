"""What the theory leaves to numbers: checks on data, not proofs."""

from fractions import Fraction

import pytest
import torch
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from pruneproof.properties.exact.rationals import Matrix, rational_matrices, small_sizes
from pruneproof.reference import keep_mask, ri, stochria

ORDERS = st.fractions(Fraction(1, 4), 8, max_denominator=4)


def overlap(first: torch.Tensor, second: torch.Tensor) -> float:
    """The share of one mask's kept weights that the other keeps too."""
    return ((first & second).sum() / first.sum()).item()


@pytest.mark.parametrize("ratio", [1.0, 0.5, 0.1])
def test_corrected_sample_lengths_bring_the_mask_closer_to_ri(ratio: float) -> None:
    """With sampled norms scaled to full length, StochRIA at 50 % keeps more of what RI keeps.

    A numerical check on one layer, 400 inputs and 1075 outputs of log-normal scales, one seed.
    Statement: one_sample_size_distorts_the_balance_by_c_over_b. Level: MAY.
    """
    generator = torch.Generator().manual_seed(0)
    scales = [torch.randn(size, generator=generator).exp() for size in (400, 1075)]
    W = torch.randn(400, 1075, generator=generator) * scales[0][:, None] * scales[1]
    wanted = keep_mask(ri(W), 0.5)
    printed, corrected = (
        overlap(keep_mask(stochria(W, ratio, length_corrected=choice), 0.5), wanted)
        for choice in (False, True)
    )
    assert printed < corrected <= 1


def enclosed_scores(W: Matrix, p: Fraction) -> list[arb]:
    """Balls that contain |W_jk|·(1/‖W_j:‖_p + 1/‖W_:k‖_p) of the weights that are not zero."""
    order = arb(fmpq(p.numerator, p.denominator))
    sizes = [[arb(fmpq(abs(w).numerator, abs(w).denominator)) for w in row] for row in W]

    def norm(line: list[arb]) -> arb:
        return sum((entry**order for entry in line if entry != 0), arb(0)) ** (1 / order)

    return [
        size / norm(row) + size / norm([other[k] for other in sizes])
        for row in sizes
        for k, size in enumerate(row)
        if size != 0
    ]


@given(st.data(), ORDERS, ORDERS)
def test_the_lp_score_does_not_fall_as_p_grows(
    data: st.DataObject, first: Fraction, second: Fraction
) -> None:
    """S1 with a larger p is nowhere certainly smaller, for any two orders and not only doubles.

    A certified numerical check: the balls would have to lie apart to refute it.
    Statement: doubling_p_lowers_no_score. Level: MUST.
    """
    W = data.draw(rational_matrices(data.draw(small_sizes()), data.draw(small_sizes())))
    low, high = sorted((first, second))
    pairs = zip(enclosed_scores(W, low), enclosed_scores(W, high), strict=True)
    assert not any(at_high < at_low for at_low, at_high in pairs)
