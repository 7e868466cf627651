"""Keep masks against a stable sort of Python's own, group by group."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pruneproof.reference import masks, selection
from pruneproof.reference.masks import keep_mask, keep_n_of_m

# Ties, signed zeros, both ends of the range and its smallest numbers, in any dtype.
NUMBERS = ["0", "-0", "1", "-1", "1.5", "2", "max", "-max", "tiny", "-tiny"]


def number(name, dtype):
    info = torch.finfo(dtype)
    magnitude = name.removeprefix("-")
    value = {"max": info.max, "tiny": info.smallest_normal / 4}.get(magnitude)
    value = float(magnitude) if value is None else value
    return -value if name.startswith("-") else value


def kept(scores, pruned):
    """Sort places by score, which Python does stably, and prune the first ones."""
    places = sorted(range(len(scores)), key=lambda place: scores[place])
    return [place not in set(places[:pruned]) for place in range(len(scores))]


few = st.integers(1, 12)


@st.composite
def scores(draw, inputs=few):
    dtype = draw(st.sampled_from([torch.float16, torch.bfloat16, torch.float32, torch.float64]))
    b, c = draw(inputs), draw(st.integers(1, 6))
    element = st.sampled_from(NUMBERS).map(lambda name: number(name, dtype))
    if draw(st.booleans()):
        element = st.integers(-40, 40).map(float)
    drawn = draw(st.lists(element, min_size=b * c, max_size=b * c))
    S = torch.tensor(drawn, dtype=torch.float64).to(dtype).reshape(b, c)
    return draw(st.sampled_from([lambda S: S, lambda S: S.T.contiguous().T, spread]))(S)


def spread(S):
    """Return the same matrix with no stride of 1."""
    return torch.stack([S, -S], dim=-1)[..., 0]


sparsities = st.floats(0, 1, exclude_max=True)


@given(scores(), sparsities)
def test_each_output_loses_its_lowest_scores(S, sparsity):
    expected = [kept(column, int(len(column) * sparsity)) for column in S.T.tolist()]
    keep = keep_mask(S, sparsity)
    assert keep.dtype == torch.bool
    assert keep.T.tolist() == expected


@given(scores(), sparsities)
def test_the_layer_loses_its_lowest_scores(S, sparsity):
    expected = kept(S.T.flatten().tolist(), int(S.numel() * sparsity))
    assert keep_mask(S, sparsity, group="layer").T.flatten().tolist() == expected


@given(st.data(), st.integers(2, 6))
def test_every_m_inputs_keep_their_n_highest_scores(data, m):
    S = data.draw(scores(inputs=st.integers(1, 3).map(lambda groups: groups * m)))
    n = data.draw(st.integers(1, m - 1))
    expected = [kept(group, m - n) for group in S.T.reshape(-1, m).tolist()]
    assert keep_n_of_m(S, n, m).T.reshape(-1, m).tolist() == expected


@given(scores(), sparsities, sparsities, st.sampled_from(["output", "layer"]))
def test_more_sparsity_prunes_a_superset(S, one, other, group):
    more, less = (keep_mask(S, sparsity, group) for sparsity in (max(one, other), min(one, other)))
    assert (less | ~more).all()


@given(st.data(), st.integers(3, 6))
def test_more_survivors_of_m_keep_a_superset(data, m):
    S = data.draw(scores(inputs=st.integers(1, 3).map(lambda groups: groups * m)))
    n = data.draw(st.integers(2, m - 1))
    assert (keep_n_of_m(S, n, m) | ~keep_n_of_m(S, n - 1, m)).all()


def columns_of(kind, rows, columns):
    generator = torch.Generator().manual_seed(rows * columns)
    normal = torch.randn(rows, columns, generator=generator, dtype=torch.float64)
    return {
        "normal": normal,
        "magnitudes": normal.abs(),
        "half_precision": normal.bfloat16().double().abs(),
        "many_zeros": normal.relu(),
        "constant": torch.zeros_like(normal),
        "two_values": normal.sign(),
        "wide": torch.exp(30 * normal),
        "one_outlier": torch.where(torch.arange(columns) == columns // 2, 1e300, normal),
        "misleading_sample": torch.where(torch.arange(columns) % 64 == 0, 9 + normal, normal),
        "ascending": torch.arange(rows * columns, dtype=torch.float64).view(rows, columns),
    }[kind]


KINDS = [
    "normal", "magnitudes", "half_precision", "many_zeros", "constant", "two_values", "wide",
    "one_outlier", "misleading_sample", "ascending",
]  # fmt: skip


@pytest.fixture(params=[None, 256], ids=["one_block", "small_blocks"])
def _blocks(request, monkeypatch):
    """Also let blocks end within the matrix and pieces within a row."""
    if request.param is not None:
        monkeypatch.setattr(selection, "block_size", lambda *_: request.param)
        monkeypatch.setattr(masks, "block_size", lambda *_: request.param)


@pytest.mark.usefixtures("_blocks")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.0, 0.001, 0.02, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("shape", [(1, 5000), (7, 1500), (300, 20)])
def test_long_rows_split_as_a_stable_sort_does(kind, share, shape, device):
    A = columns_of(kind, *shape).to(device)
    k = round(share * shape[1])
    lowest = A.sort(dim=1, stable=True).indices[:, :k]
    expected = torch.ones_like(A, dtype=torch.bool).scatter(1, lowest, False)
    keep = selection.keep_all_but_lowest(A, k)
    assert keep.equal(expected)
    assert keep.device == A.device
    if k > 0:
        selection._split_on_device(A, k, keep.fill_(False))
        assert keep.equal(expected)


@pytest.mark.usefixtures("_blocks")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("n", "m"), [(1, 2), (2, 4), (3, 4), (4, 8), (16, 32), (1, 48)])
def test_long_groups_split_as_a_stable_sort_does(kind, n, m, device):
    S = columns_of(kind, 30, 96).to(device)
    groups = S.reshape(-1, m)
    lowest = groups.sort(dim=1, stable=True).indices[:, : m - n]
    expected = torch.ones_like(groups, dtype=torch.bool).scatter(1, lowest, False)
    assert keep_n_of_m(S.T, n, m).T.equal(expected.view(S.shape))


@pytest.mark.parametrize(
    ("inputs", "sparsity", "pruned"),
    [(100, 0.29, 28), (10, 0.7, 7), (10, 0.0, 0), (3, 0.99, 2), (1, 0.999, 0), (10, 0.1 * 3, 3)],
)
def test_the_count_is_the_floor_of_a_double_precision_product(inputs, sparsity, pruned):
    S = torch.ones(inputs, 1)
    assert (~keep_mask(S, sparsity)).sum() == pruned
    assert (~keep_mask(S, sparsity, group="layer")).sum() == pruned


def test_ties_go_by_the_index_of_nn_linear_in_the_layer():
    # Out × in, row by row: the first output's inputs come before the second's.
    keep = keep_mask(torch.zeros(2, 3), 0.5, group="layer")
    assert keep.T.flatten().tolist() == [False] * 3 + [True] * 3


def test_scores_stay_as_they_are(dtype, device):
    S = torch.tensor([[1.0, -0.0], [-2.0, 0.0], [0.5, 0.0], [0.5, 4.0]]).to(dtype).to(device)
    copy = S.clone()
    expected = [[True, False], [False, False], [False, True], [True, True]]
    assert keep_mask(S, 0.5).tolist() == expected
    assert keep_mask(S, 0.5).device == S.device
    assert keep_n_of_m(S, 2, 4).tolist() == expected
    assert S.double().equal(copy.double())


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_an_empty_matrix_has_an_empty_mask(shape):
    for keep in (
        keep_mask(torch.zeros(shape), 0.5),
        keep_mask(torch.zeros(shape), 0.5, group="layer"),
        keep_n_of_m(torch.zeros(shape), 1, 3),
        keep_n_of_m(torch.zeros(shape), 1, 40) if shape[0] == 0 else torch.ones(shape).bool(),
    ):
        assert keep.shape == shape
        assert keep.dtype == torch.bool


@pytest.mark.usefixtures("no_shape_checks")
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("S", (torch.ones(4), 0.5)),
        ("S", (torch.ones(4, 2, dtype=torch.int64), 0.5)),
        ("S", (torch.tensor([[1.0, math.nan]]), 0.5)),
        ("S", (torch.tensor([[1.0, -math.inf]]), 0.5)),
        ("sparsity", (torch.ones(4, 2), 1.0)),
        ("sparsity", (torch.ones(4, 2), -0.1)),
        ("sparsity", (torch.ones(4, 2), math.nan)),
        ("group", (torch.ones(4, 2), 0.5, "row")),
    ],
)
def test_keep_mask_refuses_a_wrong_value_by_name(name, arguments):
    with pytest.raises(ValueError, match=rf"^{name} must"):
        keep_mask(*arguments)


@pytest.mark.usefixtures("no_shape_checks")
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("S", (torch.ones(4), 2, 4)),
        ("S", (torch.full((4, 1), math.inf), 2, 4)),
        ("n", (torch.ones(4, 2), 4, 4)),
        ("n", (torch.ones(4, 2), 5, 4)),
        ("n", (torch.ones(4, 2), 0, 4)),
        ("n", (torch.ones(4, 2), -1, 4)),
        ("m", (torch.ones(4, 2), 1, 1)),
        ("m", (torch.ones(6, 4), 2, 4)),
        ("m", (torch.ones(2, 4), 2, 4)),
        ("m", (torch.ones(6, 4), 2, 40)),
    ],
)
def test_keep_n_of_m_refuses_a_wrong_value_by_name(name, arguments):
    with pytest.raises(ValueError, match=rf"^{name} must"):
        keep_n_of_m(*arguments)


@pytest.mark.usefixtures("no_shape_checks")
@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("S", lambda: keep_mask([[1.0]], 0.5)),
        ("S", lambda: keep_n_of_m([[1.0]], 1, 2)),
        ("sparsity", lambda: keep_mask(torch.ones(1, 1), "half")),
        ("n", lambda: keep_n_of_m(torch.ones(4, 2), 2.0, 4)),
        ("m", lambda: keep_n_of_m(torch.ones(4, 2), 2, 4.0)),
    ],
)
def test_a_wrong_type_is_refused_by_name(name, call):
    with pytest.raises(TypeError, match=rf"^{name} must"):
        call()
