"""Wrong scores."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from pruneproof.properties.meta.registry import fault


class Wanda:
    """Right, for others to go wrong in one place."""

    def score(self, method: str, weight: Tensor, inputs: Tensor, *_: None, alpha: float = 1.0):
        """|W|·‖X‖^α."""
        if method != "wanda":
            raise NotImplementedError(method)
        return weight.abs() * self.norm(inputs, alpha=alpha)

    def norm(self, inputs: Tensor, **named: Any) -> Tensor:
        """‖X_:j‖₂^α."""
        return inputs.norm(dim=0) ** named["alpha"]


@fault("score.value:wanda")
class SquaredNorm(Wanda):
    """The squared norm of the inputs, as a published sparsifier has it."""

    def norm(self, inputs: Tensor, **named: Any) -> Tensor:
        """‖X_:j‖₂^2α."""
        return inputs.square().sum(0) ** named["alpha"]
