"""The scores that a mask is compared with by a calibration, each with its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from torch import Tensor

from pruneproof import reference
from pruneproof.integration.pruning.layer import Observed
from pruneproof.reference.methods import INPUTS, SCORES

ALPHAS = tuple(round(0.1 * each, 1) for each in range(1, 11))
"""Powers of the activation norm that are tried for RIA; its paper takes 0.5."""
RATIO = 0.1
"""Share of the weights that StochRIA samples, as in the paper."""
SEEDS = 0, 1
"""Of StochRIA's two halves; its own noise is what another seed does."""


@dataclass(frozen=True)
class Candidate:
    """A score with its parameters."""

    method: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        alpha = self.parameters.get("alpha")
        return self.method if alpha is None else f"{self.method} (α = {alpha:g})"

    def scores(self, matrix: Matrix, seen: Observed, half: int) -> Tensor:
        """Scores of the sampled outputs, in float32 whatever the weights' dtype.

        Args:
            matrix: which.
            seen: its activations.
            half: StochRIA samples anew in the other one.
        """
        if self.method == "stochria":
            W, seed = matrix.weight.float().T, SEEDS[half]
            return reference.stochria(W, ratio=RATIO, seed=seed).T[matrix.rows]
        if self.method == "ri":
            return matrix.relative
        norms = _norms(self.method, matrix, seen)
        if self.method == "ria":
            # As in `reference.ria`; the sums of the weights are those of all outputs.
            return matrix.relative * norms["x_norm"].float() ** self.parameters["alpha"]
        return getattr(reference, self.method)(matrix.some.T, **norms).T


@dataclass
class Matrix:
    """Dense weights, outputs × inputs, what of them is gone, and which outputs are compared."""

    weight: Tensor
    gone: Tensor
    rows: Tensor

    @cached_property
    def some(self) -> Tensor:
        """Weights of the outputs that are compared, in float32."""
        return self.weight[self.rows].float()

    @cached_property
    def relative(self) -> Tensor:
        """Their relative importance among all outputs."""
        return reference.ri(self.weight.float().T).T[self.rows]


def _norms(method: str, matrix: Matrix, seen: Observed) -> dict[str, Tensor]:
    norms = {}
    for argument, statistic in SCORES[method].statistics.items():
        of = seen.inputs if statistic.of == INPUTS else seen.outputs
        assert of is not None
        norm = getattr(of, statistic.name).cpu()
        norms[argument] = norm if statistic.of == INPUTS else norm[matrix.rows]
    return norms


CANDIDATES = (
    Candidate("wanda"),
    *(Candidate("ria", {"alpha": alpha}) for alpha in ALPHAS),
    Candidate("owanda"),
    Candidate("symwanda"),
    Candidate("stochria"),
    Candidate("magnitude"),
    Candidate("ri"),
)
"""All that are compared with a mask; the last two need no data and stand beside the others."""
