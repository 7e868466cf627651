"""Norms for which a mask keeps the highest scores of a whole layer, where inputs come apart.

With one threshold for all, an input's own norm may be anything between what its largest pruned
weight allows and what its smallest kept one needs. So norms exist iff no input has a pruned weight
above a kept one: a cycle of one input.
"""

from __future__ import annotations

import torch
from torch import Tensor

from pruneproof.integration.inspection.explanations.cycle import Cycle, Pair
from pruneproof.integration.inspection.explanations.groups import sides
from pruneproof.integration.inspection.explanations.rounding import Rounding
from pruneproof.integration.inspection.explanations.sizes import Sizes


def over_layer(
    sizes: Sizes, keep: Tensor, rounding: Rounding
) -> tuple[Cycle | None, Tensor, Tensor | None, float]:
    """A cycle of one input or norms; which inputs must be dead; and how many inputs agree.

    Args:
        sizes: of the weights.
        keep: out × in.
        rounding: what is allowed for.

    Returns:
        The cycle, dead inputs, norms where no input must be dead, and the share of the inputs
        that no cycle of their own excludes.
    """
    inputs = sizes.W.shape[1]
    pruned, kept = sides(sizes.W, keep)
    top = torch.zeros(inputs, dtype=torch.float64)
    bottom = torch.full((inputs,), torch.inf, dtype=torch.float64)
    at_top, at_bottom = (torch.zeros(inputs, dtype=torch.long) for _ in range(2))
    for rows, low, high in sizes.ends(rounding):
        tops = low.masked_fill(~pruned[rows], 0.0).max(0)
        bottoms = high.masked_fill(~kept[rows], torch.inf).min(0)
        at_top = torch.where(tops.values > top, tops.indices + rows.start, at_top)
        at_bottom = torch.where(bottoms.values < bottom, bottoms.indices + rows.start, at_bottom)
        top, bottom = torch.maximum(top, tops.values), torch.minimum(bottom, bottoms.values)
    wrong = top > bottom
    agreement = 1 - int(wrong.sum()) / max(1, inputs)
    nobody = torch.zeros(inputs, dtype=torch.bool)
    worst = torch.where(wrong, top / bottom, 0.0)
    for i in worst.argsort(descending=True)[: int(wrong.sum())].tolist():
        pair = Pair(sizes.entry(int(at_top[i]), i), sizes.entry(int(at_bottom[i]), i))
        cycle = Cycle((pair,), rounding)
        if cycle.check():
            # One kept score is 0, so every pruned one is.
            return cycle, pruned.any(0), None, agreement
    if wrong.any():
        return None, nobody, None, agreement
    low = torch.where(top > 0, top, bottom / 2)
    high = torch.where(bottom < torch.inf, bottom, top * 2)
    # Where an input has no weight but 0 any norm will do.
    threshold = low.sqrt() * high.sqrt()
    norms = torch.where(threshold.isfinite() & (threshold > 0), 1 / threshold, 1.0)
    return None, nobody, norms, agreement
