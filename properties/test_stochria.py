"""StochRIA has constructions on the sampled entries (Lemma 3.10)."""

from fractions import Fraction
from types import ModuleType

import torch
from hypothesis import given
from hypothesis import strategies as st

from pruneproof.properties import certified
from pruneproof.properties.certified.certify import assert_construction, assert_score, weights
from pruneproof.properties.certified.implementation import Implementation
from pruneproof.properties.certified.strategies import Layer, activation_powers, layers
from pruneproof.properties.exact.formulas import Environment, assert_reproduces, environment, vector
from pruneproof.properties.exact.rationals import Matrix, index_sets, rational_matrices, small_sizes
from pruneproof.symbolic import constructions as formulas
from pruneproof.symbolic import scores
from pruneproof.symbolic.constructions import chi, eta
from pruneproof.symbolic.notation import j, k, tau

Sets = list[list[int]]
CLOSED_FORM = scores.magnitude(j, k) * sum(1 / norm for norm in formulas.stochria_norms(j, k))


@st.composite
def exact_samples(draw: st.DrawFn) -> tuple[Matrix, Sets, Sets]:
    """Weights without zeros, and τ distinct entries of each input and of each output."""
    b, c = draw(small_sizes()), draw(small_sizes())
    W = [[entry or Fraction(1) for entry in row] for row in draw(rational_matrices(b, c))]
    size = draw(st.integers(1, min(b, c)))
    of_inputs = [draw(index_sets(size, c)) for _ in range(b)]
    return W, of_inputs, [draw(index_sets(size, b)) for _ in range(c)]


def sampled_environment(case: tuple[Matrix, Sets, Sets]):
    """The data that are the same for all weights, and the indicators that are not."""
    W, of_inputs, of_outputs = case
    b, c = len(W), len(W[0])

    def at(row: int, column: int) -> Environment:
        from_input = [int(index in of_inputs[row - 1]) for index in range(c)]
        into_output = [int(index in of_outputs[column - 1]) for index in range(b)]
        return {**vector(chi, from_input), **vector(eta, into_output)}

    return {**environment(W), tau: len(of_inputs[0])}, at


@given(exact_samples())
def test_indicators_of_the_samples_give_stochria(case: tuple[Matrix, Sets, Sets]) -> None:
    """With X and Y constant on the samples, Lemma 3.1's score is exactly Eq. (4).

    Statement: Lemma 3.10. Level: MUST.
    """
    assert_reproduces(formulas.stochria_indicator(j, k), CLOSED_FORM, *sampled_environment(case))


@given(exact_samples())
def test_sampled_weights_give_stochria(case: tuple[Matrix, Sets, Sets]) -> None:
    """With X and Y along the sampled weights, Lemma 3.1's score is exactly Eq. (4).

    Statement: Lemma 3.10, second construction. Level: MUST.
    """
    assert_reproduces(formulas.stochria_aligned(j, k), CLOSED_FORM, *sampled_environment(case))


@st.composite
def samplings(draw: st.DrawFn) -> dict[str, float | int]:
    """β in (0, 1] and a seed."""
    ratio = draw(st.floats(0, 1, exclude_min=True))
    return {"ratio": ratio, "seed": draw(st.integers(0, 2**32))}


# A weight over a sampled norm far below it can leave float64's range; others cannot.
@given(layers(invertible=True), samplings(), activation_powers(), st.booleans())
def test_stochria_is_within_its_bound(
    implementation: Implementation,
    library: ModuleType,
    layer: Layer,
    sampling: dict[str, float],
    power: float,
    length_corrected: bool,
) -> None:
    """Computed scores are the exact ones for the same floats and samples, up to the bound.

    Statement: Eq. (4); with lengths, its repair. Level: MUST.
    """
    shared = {"alpha": power, "length_corrected": length_corrected}
    samples = library.sampled_entries(*layer.W.shape, **sampling)
    assert_score(
        implementation,
        "stochria",
        layer.weight,
        layer.inputs,
        known={"samples": samples, **shared},
        **sampling,
        **shared,
    )


@given(layers(), samplings())
def test_samples_are_distinct_entries(
    library: ModuleType, layer: Layer, sampling: dict[str, float]
) -> None:
    """τ = max(1, ⌊β·min(b, c)⌋) distinct entries of each input and output; a seed repeats them.

    Statement: §3.5.2. Level: MUST.
    """
    b, c = layer.W.shape
    size = max(1, int(sampling["ratio"] * min(b, c)))
    samples = library.sampled_entries(b, c, **sampling)
    again = library.sampled_entries(b, c, **sampling)
    for sample, repeated, lines, length in zip(
        (samples.of_inputs, samples.of_outputs.T),
        (again.of_inputs, again.of_outputs.T),
        (b, c),
        (c, b),
        strict=True,
    ):
        assert tuple(sample.shape) == (lines, size)
        assert all(len(set(row)) == size for row in sample.tolist())
        assert 0 <= int(sample.min()) <= int(sample.max()) < length
        assert torch.equal(sample, repeated)


@given(layers(invertible=True), samplings())
def test_its_indicator_construction_is_within_its_bound(
    constructions: ModuleType, library: ModuleType, layer: Layer, sampling: dict[str, float]
) -> None:
    """X, Y and the score that they give are exact, up to their certified bounds.

    Statement: Lemma 3.10. Level: MUST.
    """
    W, samples = weights(layer), library.sampled_entries(*layer.W.shape, **sampling)
    pair = constructions.stochria_indicator(layer.W, samples)
    expected = certified.constructions.stochria_indicator(W, samples)
    score = certified.scores.stochria(W, samples)
    assert_construction(pair, expected, layer.W, score)


@given(layers(invertible=True), samplings())
def test_its_aligned_construction_is_within_its_bound(
    constructions: ModuleType, library: ModuleType, layer: Layer, sampling: dict[str, float]
) -> None:
    """X, Y and the score that they give are exact, up to their certified bounds.

    Statement: Lemma 3.10, second construction. Level: MUST.
    """
    W, samples = weights(layer), library.sampled_entries(*layer.W.shape, **sampling)
    pair = constructions.stochria_aligned(layer.W, samples)
    expected = certified.constructions.stochria_aligned(W, samples)
    score = certified.scores.stochria(W, samples)
    assert_construction(pair, expected, layer.W, score)
