"""One linear layer: from its weights and statistics to its keep mask."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass

from torch import Tensor

from pruneproof import reference
from pruneproof.integration.recipe.plan import Plan
from pruneproof.reference import ActivationStatistics
from pruneproof.reference.methods import INPUTS, Method


@dataclass
class Observed:
    """Statistics of what a linear layer was fed and of what it gave, where the plan needs them.

    Attributes:
        inputs: of X, in_features.
        outputs: of XW, out_features: the Y of SymWanda and OWanda is (XW)ᵀ, the layer's own dense
            outputs on the calibration tokens.
    """

    inputs: ActivationStatistics | None = None
    outputs: ActivationStatistics | None = None

    @property
    def tokens(self) -> int:
        """How many tokens it saw."""
        return max(each.tokens if each else 0 for each in (self.inputs, self.outputs))

    def merge(self, other: Observed) -> None:
        """Count what another saw of the same layer; what it saw first is copied, not shared."""
        self.inputs = _union(self.inputs, other.inputs)
        self.outputs = _union(self.outputs, other.outputs)


def keep_mask_of(weight: Tensor, observed: Observed, plan: Plan) -> Tensor:
    """The keep mask of a layer.

    Args:
        weight: out_features × in_features.
        observed: what the plan needs.
        plan: how.

    Returns:
        True where the weight survives, out_features × in_features.

    Raises:
        ValueError: weights or statistics that are not finite, or in_features not divisible by m.
    """
    W = weight.T
    given = _statistics(plan.score, observed, plan.parameters)
    S = plan.score.function(W, **given, **plan.parameters)
    if plan.n_m is not None:
        keep = reference.keep_n_of_m(S, *plan.n_m)
    else:
        assert plan.sparsity is not None
        keep = reference.keep_mask(S, plan.sparsity, plan.group)
    if plan.refinement is not None:
        given = _statistics(plan.refinement, observed, plan.refine_parameters)
        m = None if plan.n_m is None else plan.n_m[1]
        keep = plan.refinement.function(W, keep, **given, m=m, **plan.refine_parameters)
    return keep.T


def _union(
    mine: ActivationStatistics | None, others: ActivationStatistics | None
) -> ActivationStatistics | None:
    if mine is None:
        return copy(others)
    if others is not None:
        mine.merge(others)
    return mine


def _statistics(
    method: Method, observed: Observed, parameters: Mapping[str, object]
) -> dict[str, Tensor | None]:
    """By argument; None where these parameters do without it."""
    found: dict[str, Tensor | None] = dict.fromkeys(method.statistics)
    for argument, statistic in method.needs(**parameters).items():
        seen = observed.inputs if statistic.of == INPUTS else observed.outputs
        if seen is None or seen.tokens == 0:
            raise ValueError("no calibration token reached it; take more samples")
        found[argument] = getattr(seen, statistic.name)
    return found
