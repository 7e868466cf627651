"""Differences of losses, their noise, and the answers to statements, on numbers made up."""

import math
from statistics import fmean

import pytest

from pruneproof.integration.experiments import smollm2
from pruneproof.integration.experiments.answers import (
    AGREES,
    DISAGREES,
    MISSING,
    OPEN,
    Answer,
)
from pruneproof.integration.experiments.compare import (
    FAILS,
    HOLDS,
    UNDECIDED,
    Contrast,
    Noise,
    Weighed,
    better,
    loss,
    weigh,
)
from pruneproof.integration.experiments.identities import IDENTITIES
from pruneproof.integration.experiments.label import label
from pruneproof.integration.experiments.smollm2 import DENSE, magnitude, ria, stochria, wanda
from pruneproof.integration.experiments.statements import ALIKE, ORDER, STATEMENTS, Statement

SILENT = Noise(calibration=0.0, sampling=0.0)


def ledger(losses):
    return {
        each.digest: {"perplexity": math.exp(fmean(found)), "window_losses": found}
        for each, found in losses.items()
    }


def weighed(losses, noise=SILENT, contrast=None):
    results = ledger({DENSE: [1.0, 1.0, 1.0], **losses})
    return weigh(contrast or better(wanda(), ria()), results, DENSE, noise)


def test_windows_are_compared_pair_by_pair():
    found = weighed({wanda(): [1.0, 5.0, 9.0], ria(): [1.1, 5.2, 9.3]})
    assert found.value == pytest.approx(0.2)
    assert found.deviation == pytest.approx(0.1 / math.sqrt(3))
    assert found.outcome == HOLDS


def test_the_other_order_fails():
    assert weighed({wanda(): [1.1, 5.2, 9.3], ria(): [1.0, 5.0, 9.0]}).outcome == FAILS


def test_windows_that_disagree_decide_nothing():
    assert weighed({wanda(): [1.0, 2.0, 3.0], ria(): [2.0, 1.0, 3.3]}).outcome == UNDECIDED


def test_seeds_count_in_proportion_to_the_loss_that_pruning_adds():
    noise = Noise(calibration=0.1, sampling=0.0)
    found = weighed({wanda(): [4.0, 4.0, 4.0], ria(): [5.0, 5.0, 5.0]}, noise)
    assert found.value == pytest.approx(1.0)
    assert found.deviation == pytest.approx(math.hypot(0.3, 0.4))


@pytest.mark.parametrize(
    ("experiment", "expected"),
    [
        (DENSE, 0.0),
        (magnitude(), 0.0),
        (smollm2.base("magnitude", refine="dsnot"), 3.0),
        (ria(0.0), 0.0),
        (wanda(), 3.0),
        (stochria(), 5.0),
    ],
    ids=["dense", "magnitude", "refined", "without activations", "wanda", "stochria"],
)
def test_only_what_is_drawn_at_random_is_noisy(experiment, expected):
    assert Noise(calibration=3.0, sampling=4.0).of(experiment) == expected


def test_the_noise_is_the_spread_over_seeds():
    calibrations = [[wanda(calibration_seed=s) for s in range(3)], [ria(), ria(0.5)]]
    samples = [stochria(seed=seed) for seed in range(2)]
    losses = [[3.0], [3.2], [2.8], [5.0], [5.0], [2.0], [4.0]]
    experiments = [*calibrations[0], *calibrations[1], *samples]
    results = ledger({DENSE: [1.0], **dict(zip(experiments, losses, strict=True))})
    noise = Noise.measured(results, DENSE, calibrations, samples)
    assert noise.calibration == pytest.approx(0.1 / math.sqrt(2))
    assert noise.sampling == pytest.approx(math.sqrt(0.5))
    with pytest.raises(ValueError, match="two results"):
        Noise.measured(results, DENSE, calibrations, samples[:1])


def test_growth_is_compared_with_growth():
    contrast = Contrast(lower=(ria(0.5), ria()), higher=(wanda(0.5), wanda()))
    losses = {ria(): [1.0, 1.0], ria(0.5): [1.5, 1.5], wanda(): [2.0, 2.0], wanda(0.5): [4.0, 4.0]}
    found = weigh(contrast, ledger({DENSE: [1.0, 1.0], **losses}), DENSE, SILENT)
    assert found.value == pytest.approx(1.5)


def test_what_was_not_measured_is_not_weighed():
    assert weighed({wanda(): [1.0, 1.0, 1.0]}) is None


def test_an_infinite_perplexity_is_read():
    assert loss({"perplexity": "inf"}) == math.inf


UP, DOWN, NEITHER = Weighed(1.0, 0.1), Weighed(-1.0, 0.1), Weighed(0.1, 0.1)


@pytest.mark.parametrize(
    ("kind", "found", "verdict"),
    [
        (ORDER, [UP, UP], AGREES),
        (ORDER, [UP, NEITHER], OPEN),
        (ORDER, [UP, DOWN], DISAGREES),
        (ORDER, [None, DOWN], DISAGREES),
        (ORDER, [None, UP], MISSING),
        (ALIKE, [NEITHER, NEITHER], AGREES),
        (ALIKE, [NEITHER, UP], DISAGREES),
        (ALIKE, [NEITHER, DOWN], DISAGREES),
        (ALIKE, [NEITHER, None], MISSING),
    ],
)
def test_one_separable_failure_denies_and_only_all_confirm(kind, found, verdict):
    statement = Statement("", "", (), kind)
    assert Answer(statement, tuple(found)).verdict == verdict


def test_every_comparison_is_on_the_list():
    listed = {each.digest for each in smollm2.EXPERIMENTS}
    asked = {
        each.digest
        for statement in STATEMENTS
        for contrast in statement.contrasts
        for _, each in contrast.terms
    }
    assert asked <= listed
    assert {e.digest for claim in IDENTITIES for e in (claim.first, claim.second)} <= listed


def test_no_comparison_is_of_a_thing_with_itself():
    for statement in STATEMENTS:
        for contrast in statement.contrasts:
            assert len({each.digest for _, each in contrast.terms}) == len(contrast.terms)


def test_labels_tell_the_experiments_apart():
    labels = [label(each) for each in smollm2.EXPERIMENTS]
    assert len(set(labels)) == len(labels)
