"""Sums over a checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pruneproof.integration.inspection.facts import Facts


def sums(facts: Sequence[Facts], skips: Callable[[str], bool]) -> dict[str, Any]:
    """What `model` of inspect.json holds.

    Args:
        facts: of all tensors.
        skips: whether a layer is said to have been left alone.
    """
    judged = [each for each in facts if each.entry.role.judged]
    pruned = [each for each in judged if each.pruned]
    patterns = {str(each.pattern) if each.pattern else None for each in pruned}
    conventions = {each.convention.name if each.convention else None for each in pruned}
    left = [each.entry.role.layer for each in judged if each.decided and not each.pruned]
    open_ = [each.entry.role.layer for each in judged if not each.decided]
    return {
        "tensors": len(facts),
        "weights": sum(each.entry.weights for each in facts),
        "zeros": sum(each.zeros for each in facts),
        "negative_zeros": sum(each.negative for each in facts),
        "displaced_zeros": sum(each.displaced for each in facts),
        "layers": len(judged),
        "layer_weights": sum(each.entry.weights for each in judged),
        "layer_zeros": sum(each.zeros for each in judged),
        "sparsity": _share(judged),
        "pruned": len(pruned),
        "pruned_sparsity": _share(pruned),
        "left_alone": [each for each in left if not skips(each)],
        "skipped": [each for each in left if skips(each)],
        "not_decided": open_,
        "set_aside": _set_aside(facts),
        "n_m": patterns.pop() if len(patterns) == 1 else None,
        "violations": sum(each.pattern.violations for each in pruned if each.pattern),
        "count_convention": conventions.pop() if len(conventions) == 1 else None,
        "damaged": [each.entry.name for each in facts if not each.finite],
    }


def _set_aside(facts: Sequence[Facts]) -> dict[str, list[str]]:
    """By its reason, what is in blocks and is not judged, though it may be a matrix."""
    found: dict[str, list[str]] = {}
    for each in facts:
        if not each.entry.role.judged and each.entry.role.why:
            found.setdefault(each.entry.role.why, []).append(each.entry.name)
    return found


def _share(facts: Sequence[Facts]) -> float:
    weights = sum(each.entry.weights for each in facts)
    return sum(each.zeros for each in facts) / weights if weights else 0.0
