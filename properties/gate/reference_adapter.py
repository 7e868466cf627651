"""`pruneproof.reference` behind the gate's interface, written as anybody would write an adapter."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from torch import Tensor

from pruneproof import reference
from pruneproof.properties.certified.implementation import ReferenceAdapter


class Adapter(ReferenceAdapter):
    """Everything that the gate knows, with the default conventions."""

    name = "pruneproof.reference"
    version = version("pruneproof")
    conventions = {"ties": "lowest_index"}  # noqa: RUF012 - as adapters are written

    def keep_mask(
        self,
        method: str,
        weight: Tensor,
        inputs: Tensor | None = None,
        outputs: Tensor | None = None,
        *,
        sparsity: float | None = None,
        n_m: tuple[int, int] | None = None,
        **parameters: Any,
    ) -> Tensor:
        """Within each output."""
        S = self.score(method, weight, inputs, outputs, **parameters).T
        if n_m is not None:
            return reference.keep_n_of_m(S, *n_m).T
        if sparsity is None:
            raise ValueError("sparsity must be a number in [0, 1) unless n_m is given, got None")
        return reference.keep_mask(S, sparsity).T

    def activation_statistics(self, batches: list[Tensor]) -> dict[str, Any]:
        """In one pass."""
        statistics: reference.ActivationStatistics | None = None
        for batch in batches:
            statistics = statistics or reference.ActivationStatistics(batch.shape[-1])
            statistics.update(batch)
        if statistics is None:
            raise ValueError("batches must hold at least one batch, got none")
        return {
            "norm": statistics.norm,
            "mean": statistics.mean,
            "var": statistics.var,
            "tokens": statistics.tokens,
        }

    def refine(
        self, method: str, weight: Tensor, keep: Tensor, inputs: Tensor, **parameters: Any
    ) -> Tensor:
        """DSnoT or R²-DSnoT."""
        found = self.activation_statistics([inputs])
        refine = getattr(reference, method)
        moments = (found["mean"], found["var"], found["norm"])
        return refine(weight.T, keep.T, *moments, **parameters).T
