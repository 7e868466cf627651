"""Statistics of what a block's linear layers are fed and give, while the block is still dense."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any

from torch import Tensor, nn

from pruneproof.integration.pruning.layer import Observed
from pruneproof.integration.pruning.plan import INPUTS, OUTPUTS, Plan
from pruneproof.reference import ActivationStatistics


class _Enough(Exception):  # noqa: N818 - not an error: the way out of a forward pass
    pass


class Observer:
    """Watches linear layers during forward passes.

    Layers that are fed the same tensor share its statistics, as the query, key and value
    projections do. A pass whose outputs nobody needs ends before its last linear layer is computed.

    Args:
        block: a block's number, for errors.
        layers: by name.
        plan: says what is needed.
    """

    def __init__(self, block: int, layers: list[tuple[str, nn.Linear]], plan: Plan) -> None:
        self.block, self.layers, self.plan = block, layers, plan
        self.observed = {name: Observed() for name, _ in layers}
        self._last: tuple[Tensor, ActivationStatistics] | None = None
        self._fed: set[str] = set()
        self._sharing: set[str] = set()

    def watch(self, forward: Callable[[Tensor], Any], hidden: list[Tensor]) -> dict[str, Observed]:
        """Run every sequence through the block; what each layer saw.

        Raises:
            ValueError: activations that are not finite, or a layer that no sequence reached.
        """
        if not self.plan.needs:
            return self.observed
        with ExitStack() as hooks:
            for name, layer in self.layers:
                hooks.callback(layer.register_forward_pre_hook(self._before(name)).remove)
                if OUTPUTS in self.plan.needs:
                    hooks.callback(layer.register_forward_hook(self._after(name)).remove)
            for sequence in hidden:
                self._last = None
                self._fed.clear()
                with suppress(_Enough):
                    forward(sequence)
        self._last = None
        return self.observed

    def _before(self, name: str) -> Callable[..., None]:
        def see(layer: nn.Linear, args: tuple[Tensor, ...]) -> None:
            if INPUTS in self.plan.needs:
                self._see_inputs(name, layer, args[0])
            self._fed.add(name)
            if OUTPUTS not in self.plan.needs and len(self._fed) == len(self.layers):
                raise _Enough

        return see

    def _see_inputs(self, name: str, layer: nn.Linear, X: Tensor) -> None:
        seen = self.observed[name]
        if self._last is not None and self._last[0] is X and seen.inputs in (None, self._last[1]):
            seen.inputs = self._last[1]
            self._sharing.add(name)
            return
        if name in self._sharing:
            raise ValueError(
                f"block {self.block}, {name}: shared its inputs with another layer once"
            )
        seen.inputs = seen.inputs or ActivationStatistics(
            layer.in_features, X.device, moments=self.plan.refine is not None
        )
        self._update(name, seen.inputs, X)
        self._last = X, seen.inputs

    def _after(self, name: str) -> Callable[..., None]:
        def see(layer: nn.Linear, _: tuple[Tensor, ...], output: Tensor) -> None:
            seen = self.observed[name]
            seen.outputs = seen.outputs or ActivationStatistics(
                layer.out_features, output.device, moments=False
            )
            product = output if layer.bias is None else output - layer.bias
            self._update(name, seen.outputs, product)

        return see

    def _update(self, name: str, statistics: ActivationStatistics, values: Tensor) -> None:
        try:
            statistics.update(values)
        except ValueError as error:
            raise ValueError(f"block {self.block}, {name}: {error}") from error
