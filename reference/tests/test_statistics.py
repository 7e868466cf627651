from fractions import Fraction

import pytest
import torch

from pruneproof import reference
from pruneproof.reference import ActivationStatistics

U = 2.0**-53
TOKENS = torch.randn(60, 3, generator=torch.Generator().manual_seed(1)) * torch.tensor(
    [1.0, 1e-3, 50.0]
) + torch.tensor([0.0, 5.0, -100.0])


def gathered(batches, **kwargs):
    statistics = ActivationStatistics(3, **kwargs)
    for batch in batches:
        statistics.update(batch)
    return statistics


def exact_moments(tokens):
    """Sum of squares, mean, mean magnitude and variance of each feature, as fractions."""
    features = [[Fraction(x) for x in column] for column in tokens.double().T.tolist()]
    for feature in features:
        n = len(feature)
        mean = sum(feature) / n
        deviations = sum((x - mean) ** 2 for x in feature)
        yield sum(x * x for x in feature), mean, sum(map(abs, feature)) / n, deviations / n


def assert_moments(statistics, tokens, merges):
    """Compare with exact arithmetic, up to a bound for any order of summation.

    With n tokens and m merges a mean is off by at most (n + 4m)·u times the mean magnitude. The
    sum of squared deviations from a mean that is off by e rises by n·e², and each merge adds 5
    roundings and a term that moves by as much as the two means it compares.
    """
    n = len(tokens)
    assert statistics.tokens == n
    for j, (squares, mean, magnitude, variance) in enumerate(exact_moments(tokens)):
        norm_bound = (n + 3 * merges + 4) * U
        assert abs(Fraction(statistics.norm[j].item()) ** 2 - squares) <= 3 * norm_bound * squares
        error = (n + 4 * merges) * U * float(magnitude)
        assert abs(Fraction(statistics.mean[j].item()) - mean) <= error
        spread = float(variance)
        bound = (n + 6 * merges + 4) * U * spread + 4 * error * spread**0.5 + 4 * error**2
        assert abs(Fraction(statistics.var[j].item()) - variance) <= bound


BATCHINGS = {
    "whole": [TOKENS],
    "one_by_one": list(TOKENS),
    "uneven": list(TOKENS.split([1, 30, 2, 27])),
    "three_dimensions": list(TOKENS.reshape(2, 2, 15, 3)),
    "four_dimensions": [TOKENS.reshape(2, 3, 10, 3)],
    "empty_between": [TOKENS[:0], TOKENS[:20], TOKENS[:0].reshape(0, 4, 3), TOKENS[20:]],
    "strided": [TOKENS.T.contiguous().T],
}


@pytest.mark.parametrize("name", BATCHINGS)
def test_moments_do_not_depend_on_how_tokens_are_batched(name):
    batches = BATCHINGS[name]
    assert_moments(gathered(batches), TOKENS, merges=len(batches))


@pytest.mark.parametrize("block_elements", [1, 10])
def test_moments_do_not_depend_on_blocks(block_elements, monkeypatch):
    monkeypatch.setattr("pruneproof.reference.statistics.block_size", lambda _: block_elements)
    assert_moments(gathered([TOKENS]), TOKENS, merges=60)


def test_moments_of_a_hand_computed_example():
    statistics = ActivationStatistics(2)
    statistics.update(torch.tensor([[1.0, 2.0], [3.0, 2.0]]))
    statistics.update(torch.tensor([[5.0, 2.0], [7.0, 2.0]]))
    assert statistics.tokens == 4
    assert statistics.mean.tolist() == [4.0, 2.0]
    assert statistics.var.tolist() == [5.0, 0.0]
    assert statistics.norm.tolist() == pytest.approx([84**0.5, 4.0], rel=8 * U, abs=0)


def test_the_variance_between_the_means_of_batches_counts():
    statistics = gathered([torch.full((2, 3), 1.0), torch.full((2, 3), 3.0)])
    assert statistics.var.tolist() == [1.0] * 3


def test_every_dtype_is_summed_in_float64(dtype):
    tokens = torch.full((5000, 3), 200.0).to(dtype)
    statistics = gathered([tokens])
    value = tokens[0, 0].item()
    assert statistics.mean.tolist() == [value] * 3
    assert statistics.var.tolist() == [0.0] * 3
    assert statistics.norm.dtype == statistics.mean.dtype == statistics.var.dtype == torch.float64
    squared = (statistics.norm.square() / (5000 * value**2) - 1).abs()
    assert (squared <= 2 * 5010 * U).all()


@pytest.mark.parametrize("sizes", [[60], [1] * 60, [7, 52, 1]])
def test_a_feature_that_never_changes_has_its_value_as_mean_and_no_variance(sizes):
    # In double precision the sum of these is rounded, and so is a mean that is not corrected.
    tokens = torch.tensor([[0.1, -1e-30, 12345.678]], dtype=torch.float64).repeat(60, 1)
    statistics = gathered(tokens.split(sizes))
    assert statistics.mean.tolist() == tokens[0].tolist()
    assert statistics.var.tolist() == [0.0] * 3


@pytest.mark.parametrize("unit", [2.0**-1074, 2.0**-600, 2.0**600, 2.0**969])
def test_norms_neither_overflow_nor_underflow(unit):
    batches = [torch.tensor([[3.0, 0.0, 0.0]]), torch.tensor([[4.0, -0.0, 1.0]])]
    statistics = gathered([batch.double() * unit for batch in batches])
    assert statistics.norm.tolist() == [5 * unit, 0.0, unit]
    assert not statistics.mean.isnan().any()
    assert not statistics.var.isnan().any()


def test_merging_is_counting_both():
    first, second = gathered([TOKENS[:13]]), gathered([TOKENS[13:40], TOKENS[40:]])
    before = second.tokens, second.norm, second.mean, second.var
    first.merge(second)
    assert_moments(first, TOKENS, merges=3)
    assert second.tokens == before[0]
    for now, then in zip((second.norm, second.mean, second.var), before[1:], strict=True):
        assert torch.equal(now, then)


def test_merging_with_an_empty_one_changes_nothing():
    full, empty = gathered([TOKENS]), ActivationStatistics(3)
    norm, mean, var = full.norm, full.mean, full.var
    full.merge(empty)
    empty.merge(full)
    for statistics in (full, empty):
        assert statistics.tokens == 60
        assert torch.equal(statistics.norm, norm)
        assert torch.equal(statistics.mean, mean)
        assert torch.equal(statistics.var, var)


def test_merging_two_empty_ones_leaves_nothing_to_read():
    empty = ActivationStatistics(3)
    empty.merge(ActivationStatistics(3))
    assert empty.tokens == 0
    with pytest.raises(ValueError, match="tokens must be at least 1"):
        empty.norm  # noqa: B018


def test_norms_alone_are_the_same_bits_and_nothing_else_can_be_read():
    whole, norms = gathered([TOKENS[:13], TOKENS[13:]]), ActivationStatistics(3, moments=False)
    norms.update(TOKENS[:13])
    norms.merge(gathered([TOKENS[13:]], moments=False))
    assert norms.tokens == whole.tokens
    assert torch.equal(norms.norm, whole.norm)
    for name in ("mean", "var"):
        with pytest.raises(ValueError, match="moments must be True where mean or var are read"):
            getattr(norms, name)
    with pytest.raises(ValueError, match="other must have moments, as the accumulator does"):
        whole.merge(norms)


def test_strides_change_no_bit():
    tokens = torch.randn(640, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    spaced = torch.zeros(1280, 6, dtype=torch.float64)
    spaced[::2, ::2] = tokens
    expected = gathered([tokens])
    for same in (tokens.T.contiguous().T, spaced[::2, ::2]):
        for read in ("norm", "mean", "var"):
            assert torch.equal(getattr(gathered([same]), read), getattr(expected, read))


def test_merging_with_itself_doubles_the_tokens():
    statistics = gathered([TOKENS])
    statistics.merge(statistics)
    assert_moments(statistics, torch.cat([TOKENS, TOKENS]), merges=2)


def test_what_is_read_is_a_copy():
    statistics = gathered([TOKENS])
    for read in ("norm", "mean", "var"):
        value = getattr(statistics, read)
        expected = value.clone()
        value.zero_()
        assert torch.equal(getattr(statistics, read), expected)


def test_batches_are_left_alone_and_kept_out_of_autograd():
    batch = TOKENS.double().requires_grad_()
    statistics = gathered([batch])
    assert torch.equal(batch, TOKENS.double())
    assert not statistics.norm.requires_grad
    assert not statistics.var.requires_grad


def test_the_norm_is_what_the_scores_take():
    W = torch.ones(3, 2)
    expected = reference.wanda(W, reference.activation_norms(TOKENS))
    assert torch.equal(reference.wanda(W, gathered([TOKENS]).norm), expected)


@pytest.mark.parametrize("read", ["norm", "mean", "var"])
def test_without_a_token_there_is_nothing_to_read(read):
    statistics = gathered([TOKENS[:0]])
    with pytest.raises(ValueError, match="tokens must be at least 1 .* got 0"):
        getattr(statistics, read)


def test_a_refused_batch_leaves_the_statistics_alone():
    statistics = gathered([TOKENS])
    with pytest.raises(ValueError, match="batch must be finite"):
        statistics.update(torch.tensor([[1.0, 2.0, torch.inf]]))
    assert statistics.tokens == 60
    assert torch.equal(statistics.mean, gathered([TOKENS]).mean)


def test_on_a_device(device):
    statistics = gathered([TOKENS[:20].to(device), TOKENS[20:].to(device)], device=device)
    assert statistics.norm.device.type == device
    assert_moments(statistics, TOKENS, merges=2)


@pytest.mark.parametrize("name", BATCHINGS)
def test_the_centred_norm_is_the_root_of_the_squared_deviations(name):
    statistics = gathered(BATCHINGS[name])
    assert torch.equal(
        statistics.centred_norm.square().round(decimals=6),
        (statistics.var * statistics.tokens).round(decimals=6),
    )
    whole = reference.centred_activation_norms(TOKENS)
    for seen, norm, (_, _, _, variance) in zip(
        statistics.centred_norm, whole, exact_moments(TOKENS), strict=True
    ):
        exact = (float(variance) * len(TOKENS)) ** 0.5
        # As in `assert_moments`: the means are off by 300 roundings of at most 100 each.
        assert abs(seen - exact) <= 4 * 300 * U * 100 * len(TOKENS) ** 0.5
        assert abs(norm - exact) <= 4 * 300 * U * 100 * len(TOKENS) ** 0.5


def test_a_small_deviation_beside_a_large_mean_keeps_its_digits():
    """Σx² − a·μ² is a difference of numbers near 2¹⁰⁰, of which float64 has 53 bits."""
    X = 2.0**49 + torch.tensor([[1.0], [-1.0], [-1.0], [1.0]], dtype=torch.float64)
    assert reference.centred_activation_norms(X).tolist() == [2.0]
    # Two at a time, so that no mean on the way is between two numbers.
    statistics = ActivationStatistics(1)
    for tokens in X.split(2):
        statistics.update(tokens)
    assert statistics.centred_norm.tolist() == [2.0]


def test_the_centred_norm_of_nothing_is_zero_and_of_too_much_is_refused():
    assert reference.centred_activation_norms(torch.ones(0, 2)).tolist() == [0.0, 0.0]
    assert reference.centred_activation_norms(torch.ones(2, 0)).tolist() == []
    huge = torch.tensor([[1e200], [-1e200]], dtype=torch.float64)
    with pytest.raises(ValueError, match="norm of X must be finite"):
        reference.centred_activation_norms(huge)
    with pytest.raises(ValueError, match="tokens must be at least 1"):
        _ = ActivationStatistics(3).centred_norm
    with pytest.raises(ValueError, match="moments must be True"):
        _ = gathered([TOKENS], moments=False).centred_norm
