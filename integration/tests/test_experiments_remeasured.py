"""SmolLM2-135M measured again lies where the ledger says, and a mistake does not."""

import math
from math import inf

import pytest

from pruneproof.integration.experiments import Ledger, smollm2
from pruneproof.integration.experiments.answers import measured_noise
from pruneproof.integration.experiments.compare import Noise
from pruneproof.integration.experiments.label import label
from pruneproof.integration.experiments.measure import small_llama_runner
from pruneproof.integration.experiments.remeasured import FLOAT32, REMEASURED, Band
from pruneproof.integration.experiments.smollm2 import (
    DENSE,
    base,
    lp,
    magnitude,
    pruned,
    r2_dsnot,
    ria,
    stochria,
    wanda,
)

RESULTS = Ledger(smollm2.RECORDED).results()


@pytest.fixture(scope="module")
def runner():
    return small_llama_runner()


def band(experiment):
    return Band.of(experiment, RESULTS, measured_noise(RESULTS))


@pytest.mark.checkpoint
@pytest.mark.parametrize("experiment", REMEASURED, ids=label)
def test_a_measurement_lies_in_its_band(runner, experiment):
    recorded, found = RESULTS[experiment.digest], runner.measure(experiment)
    for what in ("calibration_fingerprint", "evaluation_fingerprint", "model_fingerprint", "zeros"):
        assert found[what] == recorded[what]
    if experiment.plan is None or not experiment.plan.needs:
        assert found["zeros_fingerprint"] == recorded["zeros_fingerprint"]
    assert float(found["perplexity"]) in band(experiment)


MISTAKES = {
    DENSE: [magnitude()],
    magnitude(): [DENSE, magnitude(group="layer"), pruned("symmetric"), wanda()],
    pruned("symmetric"): [magnitude(), ria(0.0)],
    wanda(): [magnitude(), wanda(0.5), wanda(2.0), wanda(group="layer"), ria()],
    wanda(group="layer"): [wanda(), wanda(0.5, group="layer"), ria(group="layer")],
    ria(): [wanda(), ria(0.5), ria(0.0), ria(1.0, "input"), ria(group="layer")],
    ria(0.5): [ria(), ria(2.0), wanda(0.5), ria(0.5, group="layer")],
    ria(sparsity=0.6): [ria(), wanda(sparsity=0.6), ria(sparsity=0.7)],
    stochria(0.01): [wanda(), ria(), stochria(0.05)],
    lp(inf): [ria(), lp(2.0), lp(4.0), lp(0.0)],
    wanda(n_m=(2, 4)): [wanda(), wanda(n_m=(4, 8)), ria(n_m=(2, 4))],
    ria(n_m=(4, 8)): [ria(), ria(n_m=(2, 4)), wanda(n_m=(4, 8))],
    base("magnitude", refine="dsnot"): [base("magnitude"), r2_dsnot("magnitude")],
    r2_dsnot("magnitude"): [base("magnitude"), base("magnitude", refine="dsnot")],
}
"""What somebody may compute instead: squared norms (α = 2), a term left out, another group."""


@pytest.mark.parametrize("experiment", REMEASURED, ids=label)
def test_a_band_rejects_what_might_be_computed_instead(experiment):
    for mistake in MISTAKES[experiment]:
        perplexity = float(RESULTS[mistake.digest]["perplexity"])
        assert perplexity not in band(experiment), label(mistake)


def test_seeds_move_a_band_and_a_mask_without_activations_has_float32s_only():
    results = {
        e.digest: {"perplexity": math.exp(loss)}
        for e, loss in ((DENSE, 3.0), (magnitude(), 5.0), (wanda(), 4.0))
    }
    noise = Noise(calibration=0.01, sampling=0.0)
    narrow, wide = (Band.of(each, results, noise) for each in (magnitude(), wanda()))
    assert math.log(narrow.upper) - 5 == pytest.approx(FLOAT32)
    assert 4 - math.log(wide.lower) == pytest.approx(FLOAT32 + 2 * 0.01)


def test_nan_lies_in_no_band():
    assert math.nan not in Band(1.0, 2.0)


def test_a_band_needs_its_number():
    with pytest.raises(KeyError):
        Band.of(ria(), {}, Noise(0.0, 0.0))
