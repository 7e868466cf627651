"""One module a topic; each defines CLAIMS, the statements in the order of the paper."""

from __future__ import annotations

from importlib import import_module

from pruneproof.symbolic.claim import Claim

MODULES = (
    "shapes",
    "single_removal",
    "removal_proof",
    "set_removal",
    "magnitude",
    "wanda",
    "owanda",
    "symmetric",
    "ri",
    "ri_properties",
    "ria",
    "general_diagonal",
    "lp",
    "lp_order",
    "lp_strategies",
    "stochria",
    "stochria_lengths",
    "statistics_of_sampling",
    "squared_objective",
    "squared_objective_ri",
    "representability",
    "dsnot",
    "r2_dsnot",
    "selection",
    "guarantees",
    "explanations",
)
"""The modules in the order in which the ledger shows them."""


def load() -> tuple[tuple[str, Claim], ...]:
    """All claims, each with the name of its module.

    Raises:
        ValueError: two claims have one id.
    """
    found = tuple(
        (module, claim)
        for module in MODULES
        for claim in import_module(f"pruneproof.symbolic.claims.{module}").CLAIMS
    )
    ids = [claim.id for _, claim in found]
    repeated = sorted({name for name in ids if ids.count(name) > 1})
    if repeated:
        raise ValueError(f"claim ids must be unique; repeated: {', '.join(repeated)}")
    return found
