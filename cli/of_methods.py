"""The options of `prune` that are parameters of methods, by the methods' records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pruneproof.integration.recipe.plan import METHODS
from pruneproof.reference.methods import PARAMETERS, REFINEMENTS, REFINING, SCORES, Method

OF_SCORES = {name: name for name in PARAMETERS if name != "seed"}
"""By option, the parameter of a score; the seed is also that of the calibration."""
OF_REFINEMENTS = {f"refine_{name}" if name in PARAMETERS else name: name for name in REFINING}
"""By option, the parameter of a refinement."""


def of_score(method: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a score among the options that are given."""
    found = {name: given[option] for option, name in OF_SCORES.items() if option in given}
    if method in SCORES and "seed" in SCORES[method].parameters:
        found["seed"] = given["seed"]
    return found


def of_refinement(given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a refinement among the options that are given."""
    return {name: given[option] for option, name in OF_REFINEMENTS.items() if option in given}


def helps() -> dict[str, str]:
    """By option, what it does and in which methods."""
    scores = [SCORES[name] for name in METHODS]
    of_scores = {
        option: PARAMETERS[name].help.format(methods=_having(name, scores))
        for option, name in OF_SCORES.items()
    }
    of_refinements = {
        option: REFINING[name].help.format(methods=_having(name, REFINEMENTS.values()))
        for option, name in OF_REFINEMENTS.items()
    }
    return {
        "method": f"The score: {_joined(METHODS, 'or')}.",
        "refine": f"Swap weights of the mask afterwards: {_joined(REFINEMENTS, 'or')}.",
        **of_scores,
        **of_refinements,
    }


def _having(parameter: str, methods: Iterable[Method]) -> str:
    return _joined((each.name for each in methods if parameter in each.parameters), "and")


def _joined(words: Iterable[str], last: str) -> str:
    *others, end = words
    return f"{', '.join(others)} {last} {end}" if others else end
