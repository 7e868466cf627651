"""What `pytest -m checkpoint` measures again, and how far it may lie from the ledger."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from pruneproof.integration.experiments.compare import Noise, loss
from pruneproof.integration.experiments.experiment import Experiment
from pruneproof.integration.experiments.ledger import Entry
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

REMEASURED = (
    DENSE,
    magnitude(),
    pruned("symmetric"),
    wanda(),
    wanda(group="layer"),
    ria(),
    ria(0.5),
    ria(sparsity=0.6),
    stochria(0.01),
    lp(inf),
    wanda(n_m=(2, 4)),
    ria(n_m=(4, 8)),
    base("magnitude", refine="dsnot"),
    r2_dsnot("magnitude"),
)
"""The methods of the paper's tables, both groups, both powers α, more sparsity, n:m, and both
refinements; of β and p those that differ from RIA by more than noise."""
FLOAT32 = 1e-4
"""Nats. One thread, no oneDNN, or double precision moved the loss of a dense window by less than
1e-6, the ledger's last digit; a pruned model, less sure of itself, is granted a hundred times that.
"""


@dataclass(frozen=True)
class Band:
    """Limits of a perplexity, both allowed.

    Data and seeds are the same again, so that what differs is the order of float32 sums. It moves
    scores in their last digits and with them single weights at the border of the mask, which later
    blocks are calibrated with: like another draw of the calibration text, of which two standard
    deviations are allowed.
    """

    lower: float
    upper: float

    @classmethod
    def of(cls, experiment: Experiment, results: Mapping[str, Entry], noise: Noise) -> Band:
        """About an experiment's perplexity in a ledger.

        Raises:
            KeyError: the ledger lacks the experiment or the dense model.
        """
        measured = loss(results[experiment.digest])
        added = measured - loss(results[DENSE.digest])
        half = 2 * noise.of(experiment) * added + FLOAT32
        return cls(math.exp(measured - half), math.exp(measured + half))

    def __contains__(self, perplexity: float) -> bool:
        return self.lower <= perplexity <= self.upper
