"""Each construction, put into Lemma 3.1 and into the objective itself, gives its score."""

import math

import pytest
import torch

from pruneproof import reference
from pruneproof.reference import constructions
from pruneproof.reference.scores.stochria_sampling import Samples

X = torch.tensor([[1.0, -2.0, 0.0, 0.5], [3.0, 1.0, 0.0, -4.0]])
Y = torch.tensor([[1.0, 0.3], [-7.0, 1.0], [0.0, 0.0], [2.0, 5.0]])


def samples(W):
    return reference.sampled_entries(*W.shape, ratio=0.5, seed=7)


def x_of(W):
    return X[:, : W.shape[0]]


def y_of(W):
    return Y[: W.shape[1]]


def l2(A, dim):
    return A.double().square().sum(dim).sqrt()


# name: (construction, score, length of a, length of d)
CASES = {
    "magnitude": (constructions.magnitude, reference.magnitude, "b", 1),
    "wanda": (
        lambda W: constructions.wanda(x_of(W), W),
        lambda W: reference.wanda(W, l2(x_of(W), 0)),
        2,
        1,
    ),
    "stade": (
        lambda W: constructions.stade(x_of(W), W),
        lambda W: reference.stade(W, l2(x_of(W) - x_of(W).mean(0), 0)),
        2,
        1,
    ),
    "owanda": (
        lambda W: constructions.owanda(W, y_of(W)),
        lambda W: reference.owanda(W, l2(y_of(W), 1)),
        1,
        2,
    ),
    "symmetric": (constructions.symmetric, reference.symmetric, "c", "b"),
    "ri_constant": (constructions.ri_constant, reference.ri, "b", "c"),
    "ri_constant_of_other_sizes": (
        lambda W: constructions.ri_constant(W, a=5, d=7),
        reference.ri,
        5,
        7,
    ),
    "ri_diagonal": (constructions.ri_diagonal, reference.ri, "b", "c"),
    "general_diagonal": (
        lambda W: constructions.general_diagonal(W, x_of(W), y_of(W)),
        lambda W: reference.general_diagonal(W, l2(x_of(W), 0), l2(y_of(W), 1)),
        2,
        2,
    ),
    "lp_unit_vectors_given": (
        lambda W: constructions.lp_unit_vectors(
            W, 2, u=torch.tensor([0.6, -0.8, 0.0]), v=torch.tensor([1.0])
        ),
        lambda W: reference.lp(W, 2),
        3,
        1,
    ),
    "stochria_indicator": (
        lambda W: constructions.stochria_indicator(W, samples(W)),
        lambda W: reference.stochria(W, 0.5, 7),
        "c",
        "b",
    ),
    "stochria_aligned": (
        lambda W: constructions.stochria_aligned(W, samples(W)),
        lambda W: reference.stochria(W, 0.5, 7),
        "c",
        "b",
    ),
}
for p in (0, 0.5, 1, 2, 3, math.inf):
    CASES[f"lp_aligned-{p}"] = (
        lambda W, p=p: constructions.lp_aligned(W, p),
        lambda W, p=p: reference.lp(W, p),
        "c",
        "b",
    )
    CASES[f"lp_unit_vectors-{p}"] = (
        lambda W, p=p: constructions.lp_unit_vectors(W, p, seed=3),
        lambda W, p=p: reference.lp(W, p),
        "b",
        "c",
    )
NO_REDUCTION_OF_W = {"stade", "magnitude", "wanda", "owanda", "symmetric"}


@pytest.fixture(params=CASES)
def name(request) -> str:
    return request.param


@pytest.fixture(params=[torch.float32, torch.bfloat16, torch.float8_e4m3fn], ids=str)
def dtype(request) -> torch.dtype:
    return request.param


def bound(W, A, B, name="") -> float:
    """Relative error of a score that passed through norms of sizes up to these, twice.

    The norms of p = ½ and 3 take logarithms, here of at most 200 (see test_norms.py). Three
    entries of a unit vector that is given in float32 have been rounded in float32.
    """
    roundings = 8 * (sum(W.shape) + A.shape[0] + B.shape[1] + 4)
    if name.endswith(("-0.5", "-3")):
        roundings += 8 * 10 * 200
    return roundings * 2.0**-53 + (2.0**-24 if name.endswith("given") else 0)


def removed(W, j, k):
    without = W.clone()
    without[j, k] = 0
    return without


def test_lemma_3_1_gives_the_score(name, W):
    construct, score, a, d = CASES[name]
    weights = W.double()
    A, B = construct(W.cpu())
    sizes = dict(zip("bc", W.shape, strict=True))
    assert A.shape == (sizes.get(a, a), W.shape[0])
    assert B.shape == (W.shape[1], sizes.get(d, d))
    assert A.dtype == B.dtype == torch.float64
    lemma = weights.abs() * (l2(A, 0)[:, None] + l2(B, 1))
    expected = score(weights.cpu())
    relative = bound(W, A, B, name)
    assert ((lemma - expected).abs() <= relative * expected).all()


def test_removing_one_weight_costs_its_score(name):
    construct, score, _, _ = CASES[name]
    W = torch.tensor([[1.0, -3.0, 0.0], [0.0, 0.0, 0.0], [2.0, 7.0, 0.0], [0.5, 1.0, 0.0]])
    A, B = construct(W)
    expected = score(W.double())
    relative = bound(W, A, B, name)
    for j in range(4):
        for k in range(3):
            cost = reference.symmetric_objective(W, removed(W, j, k), A, B)
            assert abs(cost - expected[j, k]) <= relative * expected[j, k]


def test_the_squared_variant_of_the_symmetric_construction():
    W = torch.tensor([[1.0, -3.0, 0.5], [2.0, 7.0, 0.0]])
    A, B = constructions.symmetric(W)
    expected = reference.symmetric_squared(W.double())
    for j in range(2):
        for k in range(3):
            cost = reference.squared_objective(W, removed(W, j, k), A, B)
            assert abs(cost.sqrt() - expected[j, k]) <= bound(W, A, B) * expected[j, k]


@pytest.mark.parametrize("alpha", [0, 0.5, 1, 2])
def test_ria_pointwise_gives_the_score_of_its_own_weight(alpha):
    W = torch.tensor([[1.0, -3.0, 0.0], [0.0, 0.0, 0.0], [2.0, 7.0, 0.0]])
    c_norm = torch.tensor([3.0, 2.0, 0.1])
    expected = reference.ria(W.double(), c_norm, alpha)
    for j in range(3):
        for k in range(3):
            A, B = constructions.ria_pointwise(W, c_norm, j, k, alpha)
            assert A.shape == (3, 3)
            cost = reference.symmetric_objective(W, removed(W, j, k), A, B)
            assert abs(cost - expected[j, k]) <= bound(W, A, B) * expected[j, k]
            assert A.count_nonzero() == (j != 1)
            assert B.count_nonzero() == (k != 2)


def test_ria_pointwise_takes_alpha_one_half_by_default_as_the_score_does():
    W, c_norm = torch.tensor([[1.0, 3.0]]), torch.tensor([16.0])
    A, _ = constructions.ria_pointwise(W, c_norm, 0, 0)
    assert A.tolist() == [[1.0]]


def test_an_input_or_output_without_a_weight_gets_zeros(name):
    if name in NO_REDUCTION_OF_W:
        W = torch.zeros(2, 2)
        assert CASES[name][1](W).tolist() == [[0.0, 0.0], [0.0, 0.0]]
        return
    W = torch.tensor([[1.0, 0.0], [0.0, 0.0]])
    A, B = CASES[name][0](W)
    assert A[:, 1].tolist() == [0.0] * A.shape[0]
    assert B[1].tolist() == [0.0] * B.shape[1]


def test_random_unit_vectors_follow_their_seed():
    W = torch.ones(4, 3)
    first, again = (constructions.lp_unit_vectors(W, seed=5) for _ in range(2))
    other = constructions.lp_unit_vectors(W, seed=6)
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[0], other[0])
    assert not torch.equal(first[1], other[1])


def test_a_unit_vector_may_be_off_by_the_roundings_of_normalising_it():
    W, u = torch.ones(2, 2), torch.full((64,), 0.125)
    constructions.lp_unit_vectors(W, u=u * (1 + 60 * 2.0**-23))
    with pytest.raises(ValueError, match="u must be a unit vector"):
        constructions.lp_unit_vectors(W, u=u * (1 + 70 * 2.0**-23))


def test_the_lp_constructions_take_p_1_by_default_as_the_score_does():
    W = torch.tensor([[1.0, -3.0]])
    assert constructions.lp_aligned(W)[0].norm().item() == pytest.approx(0.25, rel=1e-15)
    assert constructions.lp_unit_vectors(W)[0].norm().item() == pytest.approx(0.25, rel=1e-15)


def test_the_norms_of_stochria_are_those_of_the_samples():
    W = torch.tensor([[1.0, -3.0, 0.5], [2.0, 7.0, 0.0]])
    given = Samples(torch.tensor([[2, 0], [0, 1]]), torch.tensor([[1, 0, 1], [0, 1, 0]]))
    for construct in (constructions.stochria_indicator, constructions.stochria_aligned):
        A, B = construct(W, given)
        assert A.shape == B.shape == (3, 2)
        assert l2(A, 0).tolist() == pytest.approx([1 / 1.5, 1 / 9], rel=1e-15)
        assert l2(B, 1).tolist() == pytest.approx([1 / 3, 1 / 10, 2], rel=1e-15)
        assert A[1, 0] == 0
        assert A[2, 1] == 0


def test_constructions_are_copies():
    W, A, B = torch.ones(2, 2).double(), torch.ones(1, 2).double(), torch.ones(2, 1).double()
    for made in (
        *constructions.symmetric(W),
        constructions.wanda(A, W)[0],
        constructions.owanda(W, B)[1],
    ):
        made.zero_()
    assert W.sum() == 4
    assert A.sum() == 2
    assert B.sum() == 2


def test_a_norm_without_a_reciprocal_is_refused():
    W = torch.full((2, 2), 2.0**-1060, dtype=torch.float64)
    ones = torch.ones(2, 2)
    for construct in (
        constructions.ri_constant,
        constructions.ri_diagonal,
        constructions.lp_aligned,
        constructions.lp_unit_vectors,
        lambda W: constructions.general_diagonal(W, ones, ones),
        lambda W: constructions.ria_pointwise(W, ones[0], 0, 0),
        lambda W: constructions.stochria_indicator(W, samples(W)),
        lambda W: constructions.stochria_aligned(W, samples(W)),
    ):
        with pytest.raises(ValueError, match="W must have norms whose reciprocals .* scale W"):
            construct(W)
