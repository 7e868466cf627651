"""What may move a printed perplexity."""

from __future__ import annotations

import math

from pruneproof.integration.bands.alternatives import contradiction
from pruneproof.integration.bands.band import Band, Reason
from pruneproof.integration.bands.settings import interpretations, plan_of, unprinted_setting
from pruneproof.integration.bands.spread import (
    QUANTILE,
    T_QUANTILE,
    largest_observed_excess,
    log_excess,
    printed_ratios,
    ratio,
)
from pruneproof.integration.paper_tables import Cell

DTYPE_DENSE = 0.002
"""Of a dense perplexity, by choice: 0.01 at 5.47. On SmolLM2-135M float32, bfloat16 and float16
give 28.017, 28.022 and 28.020, a tenth of that (10 × 512 tokens of Wikipedia, on a CPU)."""
DTYPE_EXCESS = math.log(62.406 / 61.969) / math.log(61.969 / 28.022)
"""Of the excess: float16 against bfloat16 there, Wanda within outputs at 50 % (8 × 512 tokens)."""


def perplexity_band(cell: Cell) -> Band:
    """The band of a cell that holds a perplexity."""
    found = (
        rounding(cell),
        trials(cell),
        calibration(cell),
        dtype(cell),
        unprinted_setting(cell),
        contradiction(cell),
    )
    return Band(cell, tuple(reason for reason in found if reason is not None))


def rounding(cell: Cell) -> Reason:
    """Half a unit of the last printed digit."""
    half = float(cell.half_unit)
    return Reason("rounding", f"half a unit of the last digit of {cell.printed}", half, half)


def factor(cause: str, words: str, cell: Cell, width: float) -> Reason:
    """A reason that moves ln P by `width` either way."""
    value = float(cell.value)
    below, above = value * -math.expm1(-width), value * math.expm1(width)
    return Reason(cause, words, below, above)


def trials(cell: Cell) -> Reason | None:
    """What one more run of StochRIA may differ by from the printed mean of some."""
    if cell.method != "stochria":
        return None
    count = cell.trials or 1
    shown = f"a mean of {count} trials" if cell.trials else "trials not stated, taken as one"
    if cell.deviation:
        spread = float(cell.deviation)
        words = (
            f"{shown} with deviation {cell.deviation}: one more run lies within "
            f"t·s·√(1 + 1/{count}), t = {T_QUANTILE[count]} for 99 in 100"
        )
        width = T_QUANTILE[count] * spread * math.sqrt(1 + 1 / count)
        return Reason("trials", words, width, width)
    share = max(printed_ratios(cell.model))
    words = (
        f"{shown}, no deviation printed: Table 2's reach {share:.2%} of this model's excess over "
        f"dense, in ln P; one more run lies within {QUANTILE} × that × √(1 + 1/{count})"
        f"{extrapolated(cell)}"
    )
    width = QUANTILE * share * log_excess(cell) * math.sqrt(1 + 1 / count)
    return factor("trials", words, cell, width)


def calibration(cell: Cell) -> Reason | None:
    """What another draw of the calibration text may change.

    The paper prints its seed, 0, so an exact repetition would need none of this; but the draw also
    hangs on the tokenizer's version and on the data's revision, which it does not print.
    """
    if not calibrates(cell):
        return None
    share = ratio(cell.model)
    words = (
        f"two draws of calibration text differ by up to {QUANTILE} × √2 × {share:.2%} of the "
        f"excess over dense, in ln P{extrapolated(cell)}"
    )
    return factor("calibration", words, cell, QUANTILE * math.sqrt(2) * share * log_excess(cell))


def calibrates(cell: Cell) -> bool:
    """Whether a mask depends on activations, whichever reading of the cell is meant."""
    plan = plan_of(cell, interpretations(cell)[0])
    return plan is not None and bool(plan.needs)


def extrapolated(cell: Cell) -> str:
    """A remark where the cell lies further from dense than any printed deviation."""
    largest = largest_observed_excess()
    if log_excess(cell) <= largest:
        return ""
    return f" (extrapolated: no deviation is printed beyond an excess of {largest:.2f})"


def dtype(cell: Cell) -> Reason:
    """What float16 against bfloat16 may change; the paper prints neither."""
    excess = log_excess(cell)
    words = f"float16 or bfloat16 is not said: {DTYPE_DENSE:.1%} of a dense perplexity" + (
        f", and {DTYPE_EXCESS:.2%} of the excess, in ln P" if excess else ""
    )
    return factor("dtype", words, cell, DTYPE_DENSE + DTYPE_EXCESS * excess)
