"""Experts that no calibration token reached: an error, pruned by magnitude, or left dense."""

from __future__ import annotations

from collections.abc import Sequence

from pruneproof.integration.decoder.matrices import Matrices
from pruneproof.integration.pruning.layer import Observed
from pruneproof.integration.recipe.plan import Plan


def check_reached(
    block: int, matrices: Sequence[Matrices], seen: dict[str, Observed], plan: Plan
) -> dict[str, int]:
    """How many tokens each expert's matrices saw, by name.

    Raises:
        ValueError: an expert, or any other matrix, saw none, and the plan does not say what then.
    """
    names = [name for each in matrices if each.expert for name in each.names]
    tokens = {name: seen[name].tokens for name in names}
    unreached = [name for name, count in tokens.items() if count == 0]
    if unreached and plan.unreached is None:
        experts = list(dict.fromkeys(name.rpartition(".")[0] or name for name in unreached))
        everyone = {name.rpartition(".")[0] or name for name in names}
        mean = sum(tokens.values()) // len(names)
        raise ValueError(
            f"block {block}: no calibration token reached {len(experts)} of its {len(everyone)} "
            f"experts, {experts[0]} first; an expert is reached by {mean} on average; take "
            "more or other samples, or decide with --unreached magnitude or --unreached dense"
        )
    return tokens
