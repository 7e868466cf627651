"""One table of scores, each with its formula for a single weight in exact arithmetic."""

import math
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from pruneproof import reference
from pruneproof.reference import blocks
from pruneproof.reference.scores.relative import relative_score


class Entry(NamedTuple):
    """What the score of one weight may depend on, as exact numbers."""

    w: Decimal
    r: Decimal
    q: Decimal
    x: Decimal
    y: Decimal


class Case(NamedTuple):
    score: Callable[[Tensor, Tensor, Tensor], Tensor]
    exact: Callable[[Entry], Decimal]
    p: float = 1


def part(weight: Decimal, norm: Decimal) -> Decimal:
    return weight / norm if norm else Decimal(0)


def power(x: Decimal, alpha: float) -> Decimal:
    return x ** Decimal(alpha) if alpha else Decimal(1)


def ri_exact(e: Entry, terms: str = "both") -> Decimal:
    of_input = part(e.w, e.r) if terms != "output" else Decimal(0)
    of_output = part(e.w, e.q) if terms != "input" else Decimal(0)
    return of_input + of_output


def lp_exact(e: Entry, strategy: str) -> Decimal:
    if not e.w:
        return Decimal(0)
    total, reciprocals = e.r + e.q, 1 / e.r + 1 / e.q
    return {
        "S1": e.w * reciprocals,
        "S2": e.w / total,
        "S3": e.w * total,
        "S4": e.w / reciprocals,
    }[strategy]


CASES = {
    "magnitude": Case(lambda W, x, y: reference.magnitude(W), lambda e: e.w),
    "owanda": Case(lambda W, x, y: reference.owanda(W, y), lambda e: e.w * e.y),
    "stade": Case(lambda W, x, y: reference.stade(W, x), lambda e: e.w * e.x),
    "symwanda": Case(reference.symwanda, lambda e: e.w * (e.x + e.y)),
    "symwanda_squared": Case(
        reference.symwanda_squared, lambda e: e.w * (e.x * e.x + e.y * e.y).sqrt()
    ),
    "symmetric": Case(lambda W, x, y: reference.symmetric(W), lambda e: e.w * (e.r + e.q), p=2),
    "symmetric_squared": Case(
        lambda W, x, y: reference.symmetric_squared(W),
        lambda e: e.w * (e.r * e.r + e.q * e.q).sqrt(),
        p=2,
    ),
    "ria_default": Case(
        lambda W, x, y: reference.ria(W, x), lambda e: ri_exact(e) * power(e.x, 0.5)
    ),
    "general_diagonal": Case(
        reference.general_diagonal, lambda e: part(e.w, e.r) * e.x + part(e.w, e.q) * e.y
    ),
    "lp_default": Case(lambda W, x, y: reference.lp(W), ri_exact),
}
for alpha in (0, 0.5, 1, 2):
    CASES[f"wanda-{alpha}"] = Case(
        lambda W, x, y, alpha=alpha: reference.wanda(W, x, alpha),
        lambda e, alpha=alpha: e.w * power(e.x, alpha),
    )
for terms in ("both", "input", "output"):
    CASES[f"ri-{terms}"] = Case(
        lambda W, x, y, terms=terms: reference.ri(W, terms),
        lambda e, terms=terms: ri_exact(e, terms),
    )
    CASES[f"ria-{terms}"] = Case(
        lambda W, x, y, terms=terms: reference.ria(W, x, 2, terms),
        lambda e, terms=terms: ri_exact(e, terms) * power(e.x, 2),
    )
for strategy in ("S1", "S2", "S3", "S4"):
    for p in (0, 0.5, 1, 2, 3, math.inf) if strategy == "S1" else (0, 0.5, 2):
        CASES[f"lp-{strategy}-{p}"] = Case(
            lambda W, x, y, p=p, strategy=strategy: reference.lp(W, p, strategy, x, 0.5),
            lambda e, strategy=strategy: lp_exact(e, strategy) * power(e.x, 0.5),
            p=p,
        )


@pytest.fixture(params=CASES)
def case(request) -> Case:
    return CASES[request.param]


def activations(W: Tensor) -> tuple[Tensor, Tensor]:
    """Norms of every scale, the first output's and the last input's 0."""
    b, c = W.shape
    x = torch.tensor([3.0, 0.1, 5e4, 1e-6])[:b].double()
    y = torch.tensor([0.0, 2.0, 0.7, 1e3])[:c].float()
    x[-1] = 0 if b > 1 else 3
    return x.to(W.device), y.to(W.device)


def roundings(W: Tensor, p: float) -> float:
    """Of two norms and the few operations after them, as derived in test_norms.py.

    A subnormal norm is rounded to a multiple of the smallest number, which is many roundings.
    """
    numbers = W.double()[W.double() != 0].abs()
    if numbers.numel() == 0:
        return 0
    n = max(W.shape)
    norm = 2 * (n + 3)
    if p not in (0, 1, 2, math.inf):
        largest = numbers.log().abs().max().item()
        norm = 2 * (10 * (largest + math.log(n) / p) + (n + 8) / p + 8)
    return 2 * norm + 20 + 4 * 2.0**-1021 / numbers.min().item()


def test_a_score_is_its_formula_and_a_dead_weight_scores_zero(
    case, W, decimals, p_norm, assert_close
):
    x, y = activations(W)
    rows, x_exact, y_exact = decimals(W), decimals(x), decimals(y)
    r = [p_norm(row, case.p) for row in rows]
    q = [p_norm(list(column), case.p) for column in zip(*rows, strict=True)]
    S = case.score(W, x, y)
    assert S.shape == W.shape
    assert S.device == W.device
    assert S.dtype == (torch.float64 if W.dtype == torch.float64 else torch.float32)
    entries = [
        Entry(abs(w), r[j], q[k], x_exact[j], y_exact[k])
        for j, row in enumerate(rows)
        for k, w in enumerate(row)
    ]
    assert_close(S, [case.exact(entry) for entry in entries], roundings(W, case.p))
    assert not S.signbit().any()
    assert (S[W.double() == 0] == 0).all()


def test_strides_change_no_bit_and_arguments_are_left_alone(case):
    generator = torch.Generator().manual_seed(3)
    W = torch.randn(9, 5, dtype=torch.float64, generator=generator)
    x, y = torch.rand(9, generator=generator), torch.rand(5, generator=generator)
    spaced = torch.zeros(18, 10, dtype=torch.float64)
    spaced[::2, ::2] = W
    every_other = torch.stack([x, -x], dim=1)[:, 0]
    arguments = (W, x, y, spaced, every_other)
    before = [argument.clone() for argument in arguments]
    S = case.score(W, x, y)
    assert torch.equal(case.score(W.T.contiguous().T, x, y), S)
    assert torch.equal(case.score(spaced[::2, ::2], every_other, y), S)
    for argument, copy in zip(arguments, before, strict=True):
        assert torch.equal(argument, copy)


def test_the_result_lies_as_the_weights_do_and_is_of_no_autograd_graph(case):
    W = torch.ones(4, 3, requires_grad=True)
    S = case.score(W.T, torch.ones(3, requires_grad=True), torch.ones(4, requires_grad=True))
    assert S.T.is_contiguous()
    assert not S.requires_grad


@pytest.mark.parametrize("block_elements", [1, 10])
def test_blocks_change_nothing_but_roundings(case, block_elements, monkeypatch):
    # Powers of two and a p that needs no logarithm would not round at all; these do.
    W = torch.randn(9, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    x, y = torch.arange(9.0), torch.arange(5.0)
    whole = case.score(W, x, y)
    monkeypatch.setattr(blocks, "block_size", lambda _: block_elements)
    bound = 2 * (roundings(W, case.p) + 2) * 2.0**-53
    assert ((case.score(W, x, y) - whole).abs() <= bound * whole).all()


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_an_empty_matrix_has_empty_scores(case, shape):
    W = torch.zeros(shape)
    assert case.score(W, torch.ones(shape[0]), torch.ones(shape[1])).shape == shape


def test_a_dead_input_scores_zero_under_every_strategy():
    W = torch.tensor([[0.0, 0.0], [0.0, 5.0]])
    for strategy in ("S1", "S2", "S3", "S4"):
        for p in (0, 0.5, 1, 2, math.inf):
            S = reference.lp(W, p, strategy)
            assert S.flatten()[:3].tolist() == [0.0, 0.0, 0.0]
            assert S[1, 1] > 0


def test_relative_importance_adds_up_to_the_number_of_live_inputs_and_outputs():
    W = torch.tensor([[1.0, 3.0, 0.0], [0.0, 0.0, 0.0], [7.0, 1.0, 0.0]])
    assert reference.ri(W, "input").sum().item() == 2
    assert reference.ri(W, "output").sum().item() == 2
    assert reference.ri(W).sum().item() == 4


def test_relative_importance_of_a_hand_computed_matrix():
    W = torch.tensor([[1.0, -3.0], [-3.0, 5.0]])
    assert reference.ri(W).tolist() == [[0.5, 1.125], [1.125, 1.25]]


def test_with_alpha_0_activations_do_not_count_not_even_dead_ones():
    W, x = torch.tensor([[1.0, -3.0], [-3.0, 5.0]]), torch.tensor([0.0, 7.0])
    assert torch.equal(reference.ria(W, x, alpha=0), reference.ri(W))
    assert torch.equal(reference.wanda(W, x, alpha=0), reference.magnitude(W))
    assert torch.equal(reference.lp(W, 2, "S1", x, 0), reference.lp(W, 2))


def test_the_product_of_half_precision_numbers_does_not_overflow():
    W, x = torch.tensor([[60000.0]], dtype=torch.float16), torch.tensor([4096.0])
    assert reference.wanda(W, x).item() == 60000 * 4096
    assert reference.wanda(W, x.half()).item() == 60000 * 4096


def test_an_infinite_quotient_does_not_meet_a_factor_of_zero():
    W = torch.tensor([[1e300, 1e-300], [1e-300, 1e-300]], dtype=torch.float64)
    dead = torch.zeros(2)
    for strategy in ("S1", "S2", "S3", "S4"):
        assert reference.lp(W, 1, strategy, dead, 1).tolist() == [[0.0, 0.0], [0.0, 0.0]]
    tiny = torch.full((2,), 1e-300, dtype=torch.float64)
    assert relative_score(W, tiny, tiny, dead.double()).tolist() == [[0.0, 0.0], [0.0, 0.0]]
