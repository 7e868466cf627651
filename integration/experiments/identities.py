"""What is proved to give the same mask, asked of real weights: the zeros must be in one place."""

from __future__ import annotations

from dataclasses import dataclass

from pruneproof.integration.experiments.experiment import Experiment
from pruneproof.integration.experiments.smollm2 import (
    PRINTED,
    REGULARISERS,
    lp,
    r2_dsnot,
    ria,
    wanda,
)


@dataclass(frozen=True)
class Identity:
    """Two experiments that prune the same weights, and why."""

    first: Experiment
    second: Experiment
    reason: str


IDENTITIES = (
    Identity(
        *(r2_dsnot("wanda", **PRINTED, **each) for each in REGULARISERS),
        reason="In Eqs. (5) and (6) the regulariser is constant over the candidates, so p and γ₂ "
        "change no choice. Table 10 prints 20.50 and 25.61 for two values of p.",
    ),
    Identity(
        ria(1.0, "output"),
        wanda(),
        reason="Within an output neuron RI's output term is one constant.",
    ),
    Identity(
        lp(0.0),
        wanda(),
        reason="On weights without zeros p = 0 counts every entry, so all weights of a layer are "
        "divided by the same number. This model has some zeros.",
    ),
)
