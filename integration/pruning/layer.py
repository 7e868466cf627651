"""One linear layer: from its weights and statistics to its keep mask."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from pruneproof import reference
from pruneproof.integration.pruning.plan import INPUTS, NEEDS, OUTPUTS, REFINEMENTS, Plan
from pruneproof.reference import ActivationStatistics


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
    S = getattr(reference, plan.method)(W, **_norms(observed, plan), **plan.parameters)
    if plan.n_m is not None:
        keep = reference.keep_n_of_m(S, *plan.n_m)
    else:
        assert plan.sparsity is not None
        keep = reference.keep_mask(S, plan.sparsity, plan.group)
    if plan.refine is not None:
        X = _reached(observed.inputs)
        refine = REFINEMENTS[plan.refine]
        m = None if plan.n_m is None else plan.n_m[1]
        keep = refine(W, keep, X.mean, X.var, X.norm, m=m, **plan.refine_parameters)
    return keep.T


def _union(
    mine: ActivationStatistics | None, others: ActivationStatistics | None
) -> ActivationStatistics | None:
    if mine is None:
        return copy(others)
    if others is not None:
        mine.merge(others)
    return mine


def _norms(observed: Observed, plan: Plan) -> dict[str, Any]:
    norms: dict[str, Any] = {}
    if INPUTS in NEEDS[plan.method]:
        norms["x_norm"] = _reached(observed.inputs).norm
    if OUTPUTS in NEEDS[plan.method]:
        norms["y_norm"] = _reached(observed.outputs).norm
    return norms


def _reached(statistics: ActivationStatistics | None) -> ActivationStatistics:
    if statistics is None or statistics.tokens == 0:
        raise ValueError("no calibration token reached it; take more samples")
    return statistics
