"""Right refinements that are written otherwise than the reference, or in another variant."""

# ruff: noqa: RUF012 - conventions are written as adapters write them

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pruneproof.properties.gate.reference_adapter import Adapter
from pruneproof.properties.meta.registry import variant


@dataclass
class Output:
    """One output of a layer: its weights and what is known of each input, as lists.

    Attributes:
        weight: of each input.
        keep: whether it is kept, before.
        mean: E[X].
        var: Var(X), with the smallest number in place of 0.
        norm: ‖X‖₂.
        importance: D; the regulariser, a constant, is left out.
        named: parameters.
    """

    weight: list[float]
    keep: list[bool]
    mean: list[float]
    var: list[float]
    norm: list[float]
    importance: list[float]
    named: dict[str, Any]

    def error(self) -> float:
        """E[ε]."""
        return sum(
            w * m for w, m, kept in zip(self.weight, self.mean, self.keep, strict=True) if not kept
        )


DEFAULTS = {"relative_grow": True, "relative_prune": False, "alpha": 0.5}


class Refinement:
    """DSnoT and R²-DSnoT, one output at a time in plain Python."""

    dtype = torch.float64

    def refine(
        self,
        method: str,
        weight: Tensor,
        keep: Tensor,
        inputs: Tensor,
        *,
        max_cycles: int = 50,
        update_threshold: float = 0.1,
        **others: Any,
    ) -> Tensor:
        """Swap while the expected error is above the threshold."""
        r2 = DEFAULTS | others if method == "r2_dsnot" else {}
        limits = {"max_cycles": max_cycles, "update_threshold": update_threshold}
        masks = [self.swapped(output) for output in self.outputs(weight, keep, inputs, r2 | limits)]
        return torch.tensor(masks).reshape(keep.shape)

    def outputs(
        self, weight: Tensor, keep: Tensor, inputs: Tensor, named: dict[str, Any]
    ) -> list[Output]:
        """The layer, taken apart."""
        X, W = inputs.to(self.dtype), weight.to(self.dtype)
        mean, norm = X.mean(0), X.norm(dim=0)
        var = X.var(0, correction=0).clamp(min=torch.finfo(self.dtype).tiny)
        left = W.abs() * keep
        inverse = [(1 / left.sum(dim)).nan_to_num(posinf=0.0) for dim in (0, 1)]
        D = inverse[0][None] + inverse[1][:, None]
        moments = mean.tolist(), var.tolist(), norm.tolist()
        return [
            Output(w.tolist(), kept.tolist(), *moments, d.tolist(), named)
            for w, kept, d in zip(W, keep, D, strict=True)
        ]

    def swapped(self, output: Output) -> list[bool]:
        """The output's new mask."""
        keep, error = list(output.keep), output.error()
        growable = self.growable(output)
        prunable = [j for j, kept in enumerate(output.keep) if kept]
        for _ in range(output.named["max_cycles"]):
            if not abs(error) > output.named["update_threshold"]:
                break
            sign = 1.0 if error > 0 else -1.0
            harmless = self.harmless(output, prunable, sign)
            if not growable or not harmless:
                break
            grown = max(growable, key=lambda j: self.gain(output, j, sign))
            pruned = min(harmless, key=lambda j: self.cost(output, j))
            keep[grown], keep[pruned] = True, False
            growable.remove(grown)
            prunable.remove(pruned)
            error += self.delta(output, pruned, 1.0) - self.delta(output, grown, 1.0)
        return keep

    def growable(self, output: Output) -> list[int]:
        """The inputs that may be grown."""
        return [j for j, kept in enumerate(output.keep) if not kept and output.weight[j] != 0]

    def harmless(self, output: Output, prunable: list[int], sign: float) -> list[int]:
        """Those that lower the signed error when they are pruned."""
        return [j for j in prunable if self.delta(output, j, sign) < 0]

    def delta(self, output: Output, j: int, sign: float) -> float:
        """By how much pruning input j moves the signed error."""
        return sign * output.weight[j] * output.mean[j]

    def gain(self, output: Output, j: int, sign: float) -> float:
        """What growing input j promises."""
        relative = output.importance[j] if output.named.get("relative_grow") else 1.0
        return self.delta(output, j, sign) * relative / output.var[j]

    def cost(self, output: Output, j: int) -> float:
        """What pruning input j loses."""
        relative = output.importance[j] if output.named.get("relative_prune") else 1.0
        power = output.named.get("alpha", 1.0)
        return abs(output.weight[j]) * relative * output.norm[j] ** power


@variant
class OneOutputAtATime(Refinement):
    """DSnoT and R²-DSnoT in plain Python, with nothing declared."""


@variant
class StatisticsInFloat32(Refinement):
    """DSnoT and R²-DSnoT with statistics and relative importance in float32."""

    dtype = torch.float32


class _Reference:
    """The reference's refinements with options."""

    options: dict[str, Any] = {}
    form = "repaired"

    def refine(
        self, method: str, weight: Tensor, keep: Tensor, inputs: Tensor, **parameters: Any
    ) -> Tensor:
        """See the reference."""
        form = {} if method == "dsnot" else {"form": self.form}
        return Adapter().refine(method, weight, keep, inputs, **self.options, **form, **parameters)


@variant
class Guarded(_Reference):
    """No swap raises the expected error, as declared."""

    conventions = {"refine_guard": "on", "refine_sign_check": "off"}
    options = {"guard": True}


@variant
class SignChecked(_Reference):
    """No swap changes the sign of the expected error, as declared."""

    conventions = {"refine_sign_check": "on", "refine_guard": "off", "r2_form": "repaired"}
    options = {"same_sign": True}


@variant
class PrintedForm(_Reference):
    """Eqs. (5) and (6) as printed, as declared."""

    conventions = {"r2_form": "printed"}
    form = "printed"


@variant
class UndeclaredGuard(_Reference):
    """No swap raises the expected error, and nothing is declared."""

    options = {"guard": True, "same_sign": True}
    form = "printed"
