"""Statistics of what a block's linear layers are fed and give, while the block is still dense."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from threading import local
from typing import Any

from torch import Tensor, nn

from pruneproof.integration.pruning.layer import Observed
from pruneproof.integration.pruning.parallel import in_order
from pruneproof.integration.pruning.plan import INPUTS, OUTPUTS, Plan
from pruneproof.reference import ActivationStatistics


class _Enough(Exception):  # noqa: N818 - not an error: the way out of a forward pass
    pass


Layers = list[tuple[str, nn.Linear]]


def observe(
    number: int,
    block: nn.Module,
    layers: Layers,
    plan: Plan,
    forward: Callable[[Tensor], Any],
    hidden: list[Tensor],
) -> dict[str, Observed]:
    """Run every sequence through a block; what each of its linear layers saw, by name.

    Each sequence has statistics of its own, which are merged in the order of the sequences, so
    that it does not matter how many are worked on at once.

    Args:
        number: of the block, for errors.
        block: in evaluation mode.
        layers: the block's, by name.
        plan: says what is needed.
        forward: takes one sequence through the block.
        hidden: by sequence, what the block is fed.

    Raises:
        ValueError: activations that are not finite, with block and layer.
    """
    everything = {name: Observed() for name, _ in layers}
    if not (plan.needs and layers):
        return everything
    here = local()

    def passed(sequence: Tensor) -> dict[str, Observed]:
        here.watch = _Watch(number, len(layers), plan)
        with suppress(_Enough):
            forward(sequence)
        return here.watch.observed

    def before(name: str, layer: nn.Linear, args: tuple[Tensor, ...]) -> None:
        here.watch.before(name, layer, args[0])

    def after(name: str, layer: nn.Linear, _: tuple[Tensor, ...], output: Tensor) -> None:
        here.watch.after(name, layer, output)

    with ExitStack() as hooks:
        for name, layer in layers:
            hooks.callback(layer.register_forward_pre_hook(partial(before, name)).remove)
            if OUTPUTS in plan.needs:
                hooks.callback(layer.register_forward_hook(partial(after, name)).remove)
        for seen in in_order(passed, hidden, block):
            for name, one in seen.items():
                everything[name].merge(one)
    return everything


class _Watch:
    """Watches the linear layers during one sequence's forward pass.

    Layers that are fed the same tensor share its statistics, as the query, key and value
    projections do. A pass whose outputs nobody needs ends before its last linear layer is computed.

    Args:
        block: a block's number, for errors.
        layers: how many there are.
        plan: says what is needed.
    """

    def __init__(self, block: int, layers: int, plan: Plan) -> None:
        self.block, self.layers, self.plan = block, layers, plan
        self.observed: dict[str, Observed] = {}
        self._last: tuple[Tensor, ActivationStatistics] | None = None
        self._fed: set[str] = set()

    def before(self, name: str, layer: nn.Linear, X: Tensor) -> None:
        """A layer is about to be computed."""
        if INPUTS in self.plan.needs:
            self._of(name).merge(Observed(inputs=self._inputs(name, layer, X)))
        self._fed.add(name)
        if OUTPUTS not in self.plan.needs and len(self._fed) == self.layers:
            raise _Enough

    def after(self, name: str, layer: nn.Linear, output: Tensor) -> None:
        """A layer was computed."""
        product = output if layer.bias is None else output - layer.bias
        statistics = ActivationStatistics(layer.out_features, output.device, moments=False)
        self._of(name).merge(Observed(outputs=self._updated(name, statistics, product)))

    def _of(self, name: str) -> Observed:
        return self.observed.setdefault(name, Observed())

    def _inputs(self, name: str, layer: nn.Linear, X: Tensor) -> ActivationStatistics:
        if self._last is None or self._last[0] is not X:
            moments = self.plan.refine is not None
            statistics = ActivationStatistics(layer.in_features, X.device, moments=moments)
            self._last = X, self._updated(name, statistics, X)
        return self._last[1]

    def _updated(
        self, name: str, statistics: ActivationStatistics, values: Tensor
    ) -> ActivationStatistics:
        try:
            statistics.update(values)
        except ValueError as error:
            raise ValueError(f"block {self.block}, {name}: {error}") from error
        return statistics
