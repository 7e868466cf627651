"""Experiments in words, for tables and pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pruneproof.integration.experiments.experiment import Experiment
from pruneproof.integration.recipe.plan import Plan

METHODS = {
    "magnitude": "magnitude",
    "wanda": "Wanda",
    "ria": "RIA",
    "stochria": "StochRIA",
    "symmetric": "symmetric",
}
TERMS = {"both": "RIA", "input": "RIA, input term", "output": "RIA, output term"}
REFINEMENTS = {"dsnot": "DSnoT", "r2_dsnot": "R²-DSnoT"}


def label(experiment: Experiment) -> str:
    """The method with its parameters, the pattern, and what departs from the usual.

    Example:
        >>> from pruneproof.integration.experiments import smollm2
        >>> label(smollm2.ria(0.5, n_m=(2, 4))), label(smollm2.wanda(group="layer"))
        ('RIA α = 0.5, 2:4', 'Wanda α = 1, 50 %, layer groups')
    """
    plan = experiment.plan
    if plan is None:
        return "dense"
    parts = [method(plan), pattern(plan)]
    if plan.skip:
        parts.append(f"without {' '.join(plan.skip)}")
    if plan.group != "output":
        parts.append(f"{plan.group} groups")
    if experiment.data.seed:
        parts.append(f"calibration seed {experiment.data.seed}")
    if plan.refine is not None:
        parts.append(f"then {REFINEMENTS[plan.refine]}{refining(plan.refine_parameters)}")
    return ", ".join(parts)


def method(plan: Plan) -> str:
    """The score and its parameters."""
    given = plan.parameters
    if plan.method == "ria":
        return f"{TERMS[given['terms']]} α = {given['alpha']:g}"
    if plan.method == "lp":
        norm = "∞" if given["p"] == float("inf") else f"{given['p']:g}"
        name = f"RIA with p = {norm}" if given["strategy"] == "S1" else given["strategy"]
        return f"{name}, α = {given['alpha']:g}"
    if plan.method == "stochria":
        seed = f", sample {given['seed']}" if given["seed"] else ""
        return f"StochRIA β = {given['ratio']:g}{seed}"
    power = f" α = {given['alpha']:g}" if "alpha" in given else ""
    return METHODS.get(plan.method, plan.method) + power


def pattern(plan: Plan) -> str:
    """The sparsity, or n:m."""
    if plan.n_m is not None:
        return ":".join(map(str, plan.n_m))
    if plan.sparsity is None or plan.sparsities:
        return "sparsities by layer"
    return f"{plan.sparsity:.0%}".replace("%", " %")


def refining(parameters: Mapping[str, Any]) -> str:
    """Which lines of R²-DSnoT weigh by relative importance, and the regulariser where it is used.

    Example:
        >>> refining({"relative_grow": True, "relative_prune": False, "alpha": 0.5})
        ' (relative: grow)'
    """
    if not parameters:
        return ""
    lines = [line for line in ("grow", "prune") if parameters[f"relative_{line}"]]
    words = [f"relative: {' and '.join(lines) or 'neither'}"]
    if parameters.get("form") == "printed":
        words.append(f"as printed, p = {parameters['p']}, γ₂ = {parameters['gamma_prune']:g}")
    return f" ({'; '.join(words)})"
