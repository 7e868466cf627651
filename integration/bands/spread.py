r"""How far perplexity moves by chance, as a fraction of what pruning costs.

The twelve deviations that Table 2 prints differ by a factor of 70 in perplexity. Divided by the
excess of the log-perplexity over the dense model's, which is what pruning costs,

.. math:: k = \frac{s / P}{\ln P - \ln P_{\text{dense}}}

they lie between 0.002 and 0.011, and the small checkpoint's 0.005 lies among them. So chance is
taken to move a share of the excess. A dense model, which no chance touches, then has no width.
"""

from __future__ import annotations

import math
from functools import cache

from pruneproof.integration.paper_tables import Cell, load

QUANTILE = 2.576
"""Of the normal distribution: 99 of 100 draws lie within so many deviations."""
T_QUANTILE = {5: 4.604}
"""Of Student's distribution, likewise, by the number of trials (one more than its freedom)."""
SMALL_CHECKPOINT = 0.004 / math.log(50.9 / 23.58)
"""Two calibration seeds moved Wanda and RIA on SmolLM2-135M at 50 % by 0.4 %, from 23.58 dense."""


def log_excess(cell: Cell) -> float:
    """What pruning costs: ln P less the dense model's, or 0 where the cell is not above it."""
    return max(0.0, math.log(float(cell.value) / dense_perplexity(cell.model)))


@cache
def dense_perplexity(model: str) -> float:
    """The printed perplexity of a dense model; all tables agree on it."""
    (cell,) = (cell for cell in load(2) if cell.method == "dense" and cell.model == model)
    return float(cell.value)


@cache
def printed_ratios(model: str) -> tuple[float, ...]:
    """k of the deviations that Table 2 prints for a model."""
    return tuple(
        float(cell.deviation) / float(cell.value) / log_excess(cell)
        for cell in load(2)
        if cell.model == model and cell.deviation
    )


def ratio(model: str) -> float:
    """The largest k that is known for a model, or for the small checkpoint."""
    return max(*printed_ratios(model), SMALL_CHECKPOINT)


@cache
def largest_observed_excess() -> float:
    """Up to which excess the paper prints a deviation; beyond it, the share is extrapolated."""
    return max(log_excess(cell) for cell in load(2) if cell.deviation)
