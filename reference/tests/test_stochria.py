import itertools
from collections import Counter

import pytest
import torch

from pruneproof import reference
from pruneproof.reference.scores.stochria_sampling import sampled_weights


@pytest.mark.parametrize(
    ("b", "c", "ratio", "tau"),
    [(1, 1, 0.1, 1), (9, 4, 0.1, 1), (10, 12, 0.5, 5), (7, 3, 1.0, 3), (200, 100, 0.29, 28)],
)
def test_samples_have_tau_distinct_entries(b, c, ratio, tau):
    of_inputs, of_outputs = reference.sampled_entries(b, c, ratio, seed=0)
    assert of_inputs.shape == (b, tau)
    assert of_outputs.shape == (tau, c)
    for samples, length in ((of_inputs, c), (of_outputs.T, b)):
        for sample in samples.tolist():
            assert len(set(sample)) == tau
            assert set(sample) <= set(range(length))


def test_every_subset_is_equally_likely():
    """Each of the 10 subsets of 2 in 5 is binomial: 6 standard deviations miss once in 5e8."""
    n = 20000
    of_inputs, _ = reference.sampled_entries(n, 5, 2 / 5, seed=1)
    counts = Counter(frozenset(sample) for sample in of_inputs.tolist())
    assert set(counts) == set(map(frozenset, itertools.combinations(range(5), 2)))
    deviation = (n * 0.1 * 0.9) ** 0.5
    assert all(abs(count - n / 10) < 6 * deviation for count in counts.values())


def test_samples_of_different_inputs_are_independent():
    """Two samples of one in two agree in half of all pairs, within 6 standard deviations."""
    n = 20000
    first = reference.sampled_entries(n, 2, 0.5, seed=2).of_inputs[:, 0]
    for distance in (1, 2, 7):
        agreement = (first == first.roll(distance)).double().mean().item()
        assert abs(agreement - 0.5) < 6 * 0.5 / n**0.5


def test_a_seed_is_a_sample():
    first, again = (reference.sampled_entries(20, 30, 0.3, seed=4) for _ in range(2))
    other = reference.sampled_entries(20, 30, 0.3, seed=5)
    for one, same, different in zip(first, again, other, strict=True):
        assert torch.equal(one, same)
        assert not torch.equal(one, different)


def test_sampling_leaves_the_global_generator_alone():
    state = torch.get_rng_state()
    reference.sampled_entries(20, 30, 0.3, seed=4)
    assert torch.equal(torch.get_rng_state(), state)


def test_the_norms_of_powers_of_two_spell_out_the_samples():
    b, c, seed = 6, 8, 3
    W = torch.tensor([[2.0 ** (j + k) for k in range(c)] for j in range(b)], dtype=torch.float64)
    of_inputs, of_outputs = reference.sampled_entries(b, c, 0.5, seed)
    S = reference.stochria(W, 0.5, seed)
    for j in range(b):
        for k in range(c):
            r = sum(2.0 ** (j + i) for i in of_inputs[j].tolist())
            q = sum(2.0 ** (i + k) for i in of_outputs[:, k].tolist())
            assert S[j, k].item() == 2.0 ** (j + k) / r + 2.0 ** (j + k) / q


def test_inputs_and_outputs_are_sampled_apart():
    W = torch.tensor([[2.0**k for k in range(12)]] * 12, dtype=torch.float64)
    samples = reference.sampled_entries(12, 12, 0.5, seed=0)
    assert not torch.equal(samples.of_inputs, samples.of_outputs.T)
    of_inputs, of_outputs = sampled_weights(W, samples)
    assert of_inputs.sum(1).unique().numel() > 1
    assert torch.equal(of_outputs, W[:6])


def test_length_correction_multiplies_the_norms_by_their_length_over_tau():
    W = torch.ones(4, 8)
    assert reference.stochria(W, 0.5).tolist() == [[1.0] * 8] * 4
    corrected = reference.stochria(W, 0.5, length_corrected=True)
    assert corrected.tolist() == [[1 / 8 + 1 / 4] * 8] * 4


def test_at_ratio_1_the_corrected_score_of_a_square_matrix_is_ri():
    W = torch.randn(5, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(6))
    difference = (reference.stochria(W, 1.0, length_corrected=True) - reference.ri(W)).abs()
    # Two sums of 5 in any order, and a few operations.
    assert (difference <= 2 * (5 + 4) * 2.0**-53 * reference.ri(W)).all()


def test_at_ratio_1_the_corrected_term_of_the_shorter_side_is_that_of_ri():
    W = torch.randn(4, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(6))
    of_inputs, _ = sampled_weights(W, reference.sampled_entries(4, 8, 1.0, 0))
    input_term = W.abs() / (of_inputs.abs().sum(1, keepdim=True) * (8 / 4))
    expected = input_term + reference.ri(W, "output")
    difference = (reference.stochria(W, 1.0, length_corrected=True) - expected).abs()
    assert (difference <= 2 * (4 + 6) * 2.0**-53 * expected).all()


def test_a_sampled_norm_of_zero_contributes_zero():
    W = torch.tensor([[0.0, 5.0], [0.0, 0.0]])
    seeds_by_sample = {
        tuple(reference.sampled_entries(2, 2, 0.5, seed).of_inputs[:, 0].tolist()): seed
        for seed in range(50)
    }
    seed = seeds_by_sample[0, 0]
    of_outputs = reference.sampled_entries(2, 2, 0.5, seed).of_outputs[0].tolist()
    expected = 1.0 if of_outputs[1] == 0 else 0.0
    assert reference.stochria(W, 0.5, seed).tolist() == [[0.0, expected], [0.0, 0.0]]


def test_the_activation_factor_multiplies():
    W = torch.tensor([[1.0, 2.0, 8.0], [4.0, 1.0, 2.0]])
    x_norm = torch.tensor([9.0, 0.0])
    expected = reference.stochria(W, 0.4, 3) * torch.tensor([[3.0], [0.0]])
    actual = reference.stochria(W, 0.4, 3, x_norm, 0.5)
    assert (actual - expected).abs().max() <= 2 * 2.0**-24 * expected.max()


def test_a_tenth_is_sampled_by_default_with_seed_0_and_no_correction():
    W = torch.randn(20, 30, generator=torch.Generator().manual_seed(8))
    assert torch.equal(
        reference.stochria(W), reference.stochria(W, 0.1, 0, None, 0.0, length_corrected=False)
    )


def test_every_dtype_and_stride_gives_the_score_of_the_numbers(dtype):
    W = torch.tensor([[1.0, -3.0, 0.5], [2.0, 7.0, 0.0], [0.0, -4.0, 1.5]])
    expected = reference.stochria(W, 0.7, 5)
    assert torch.equal(reference.stochria(W.to(dtype), 0.7, 5).float(), expected)
    assert torch.equal(reference.stochria(W.T.contiguous().T, 0.7, 5), expected)
    assert expected.dtype == torch.float32


def test_one_seed_gives_one_score_on_every_device(device):
    W = torch.randn(20, 30, generator=torch.Generator().manual_seed(9))
    on_device = reference.stochria(W.to(device), 0.3, 1)
    assert on_device.device.type == device
    difference = (on_device.cpu() - reference.stochria(W, 0.3, 1)).abs()
    assert (difference <= 2.0**-23 * reference.stochria(W, 0.3, 1)).all()


def test_single_entries_come_from_the_whole_line():
    """None of 1000 uniform draws from 1000 entries is among the last 50 once in 1e22."""
    of_inputs, of_outputs = reference.sampled_entries(1000, 1000, 1e-3, seed=0)
    assert of_inputs.max() >= 950
    assert of_outputs.max() >= 950


def test_every_seed_of_63_bits_is_taken():
    assert reference.sampled_entries(2, 2, 0.5, 2**63 - 1).of_inputs.shape == (2, 1)


def test_an_index_twice_is_found_wherever_it_stands(no_shape_checks):
    W = torch.ones(1, 3)
    samples = reference.Samples(torch.tensor([[0, 2, 2]]), torch.tensor([[0, 0, 0]] * 3))
    with pytest.raises(ValueError, match="of_inputs must hold distinct indices"):
        sampled_weights(W, samples)
