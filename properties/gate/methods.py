"""Which methods a property is judged for, and which of their parameters' values are tried."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import Any

from hypothesis import strategies as st

from pruneproof.reference.methods import REFINEMENTS as REFINEMENT_RECORDS
from pruneproof.reference.methods import SCORES, Score

TRIED: dict[str, st.SearchStrategy[Any]] = {
    "alpha": st.sampled_from([0.0, 0.5, 1.0, 2.0, 0.3, 1.7]),
    "p": st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.0, math.inf, 1.3]),
    "ratio": st.sampled_from([0.1, 0.3, 0.5, 0.75, 1.0]),
    "seed": st.integers(0, 9),
}
"""Values of parameters that are numbers; of words all are tried, and switches are left alone."""
VALUES: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    name: {
        parameter: st.sampled_from(each.allowed)
        if isinstance(each.allowed, tuple)
        else TRIED[parameter]
        for parameter, each in score.parameters.items()
        if each.allowed is not bool
    }
    for name, score in SCORES.items()
}
"""By score and parameter; what is left out has its default."""


def closed_forms(
    holds: Callable[[Score], bool] = lambda score: True, *, spared: Collection[str] = ()
) -> tuple[str, ...]:
    """The scores with a closed form of which something holds, by their records.

    Args:
        holds: what a property assumes.
        spared: scores that share with another all in which this could go wrong.

    Raises:
        ValueError: one is spared of which it does not hold.
    """
    found = [name for name, score in SCORES.items() if not score.samples and holds(score)]
    if strangers := set(spared) - set(found):
        raise ValueError(f"spared must be among {', '.join(found)}, got {', '.join(strangers)}")
    return tuple(name for name in found if name not in spared)


EVERY_SCORE = tuple(SCORES)
CLOSED_FORMS = closed_forms()
REFINEMENTS = tuple(REFINEMENT_RECORDS)
