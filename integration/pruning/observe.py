"""Statistics of what a block's matrices are multiplied by and give, while it is still dense."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from torch import Tensor, nn

from pruneproof.integration.decoder.matrices import Matrices
from pruneproof.integration.decoder.parallel import in_order
from pruneproof.integration.decoder.passes import Call
from pruneproof.integration.decoder.products import Products, Weights
from pruneproof.integration.decoder.virtual import mapped
from pruneproof.integration.pruning.layer import Observed
from pruneproof.integration.recipe.plan import Plan
from pruneproof.reference import ActivationStatistics
from pruneproof.reference.methods import INPUTS, OUTPUTS


class _Enough(Exception):  # noqa: N818 - not an error: the way out of a forward pass
    pass


def observe(
    number: int,
    block: nn.Module,
    matrices: Sequence[Matrices],
    plan: Plan,
    calls: Sequence[Call],
    *,
    routed: bool = True,
) -> dict[str, Observed]:
    """Run every sequence through a block; what each of its matrices saw, by its own name.

    Each sequence has statistics of its own, which are merged in the order of the sequences, so
    that it does not matter how many are worked on at once.

    Args:
        number: of the block, for errors.
        block: in evaluation mode.
        matrices: the block's.
        plan: says what is needed.
        calls: by sequence, what the block is called with.
        routed: which weights a token meets depends on the token. Where it does not, a pass has
            the same products for all sequences, and the last need not be computed where only
            inputs are looked at.

    Raises:
        ValueError: activations that are not finite, with block and matrix.
    """
    everything = {name: Observed() for each in matrices for name in each.names}
    if not (plan.needs and matrices):
        return everything
    weights = _weights(block, matrices)
    to_the_end = routed or OUTPUTS in plan.needs
    products: list[int] = []

    def passed(call: Call) -> dict[str, Observed]:
        watch = _Watch(number, plan, None if to_the_end or not products else products[0])
        after = watch.after if OUTPUTS in plan.needs else None
        # What the dense block puts into a mapping for later ones is not to reach them.
        given = mapped(lambda each: each, (call.args, call.kwargs))
        with suppress(_Enough), Products(weights, watch.before, after):
            Call(call.number, *given)(block)
        products.append(watch.products)
        return watch.observed

    for seen in in_order(passed, calls, block):
        for name, one in seen.items():
            if name in everything:
                everything[name].merge(one)
    return everything


def _weights(block: nn.Module, matrices: Sequence[Matrices]) -> Weights[list[Matrices]]:
    """All parameters of a block that are multiplied, each with its matrices, which may be none."""
    mine: dict[str, list[Matrices]] = {name: [] for name, _ in block.named_parameters()}
    for each in matrices:
        mine[each.parameter].append(each)
    return Weights((block.get_parameter(name).data, handle) for name, handle in mine.items())


class _Watch:
    """Watches the products of one sequence's forward pass.

    Matrices that are multiplied by the same tensor share its statistics, as the query, key and
    value projections do.

    Args:
        block: a block's number, for errors.
        plan: says what is needed.
        last: number of the product at which nothing more is to be seen, or None.

    Attributes:
        observed: by the matrix' own name.
        products: how many there were.
    """

    def __init__(self, block: int, plan: Plan, last: int | None) -> None:
        self.block, self.plan, self.last = block, plan, last
        self.observed: dict[str, Observed] = {}
        self.products = 0
        self._last: tuple[Tensor, ActivationStatistics] | None = None

    def before(self, matrices: list[Matrices], whole: Tensor, weight: Tensor, X: Tensor) -> None:
        """A product is about to be computed."""
        if INPUTS in self.plan.needs:
            for name, inputs in _by_name(matrices, whole, weight, X, self.block):
                self._of(name).merge(Observed(inputs=self._inputs(name, inputs)))
        self.products += 1
        if self.products == self.last:
            raise _Enough

    def after(self, matrices: list[Matrices], whole: Tensor, weight: Tensor, Y: Tensor) -> None:
        """A product was computed."""
        for each in matrices:
            for name, outputs in _by_name([each], whole, weight, each.of_outputs(Y), self.block):
                statistics = ActivationStatistics(each.out_features, Y.device, moments=False)
                self._of(name).merge(Observed(outputs=self._updated(name, statistics, outputs)))

    def _of(self, name: str) -> Observed:
        return self.observed.setdefault(name, Observed())

    def _inputs(self, name: str, X: Tensor) -> ActivationStatistics:
        if self._last is None or self._last[0] is not X:
            moments = any(each.moments for each in self.plan.statistics)
            statistics = ActivationStatistics(X.shape[-1], X.device, moments=moments)
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


def _by_name(
    matrices: list[Matrices], whole: Tensor, weight: Tensor, tokens: Tensor, block: int
) -> Iterator[tuple[str, Tensor]]:
    """The names of the matrices that a product is with, and the tokens of each.

    Args:
        matrices: of one parameter.
        whole: the parameter.
        weight: the view of it that is multiplied.
        tokens: what it is multiplied by, or what came out.
        block: for errors.
    """
    for each in matrices:
        if each.count is None:
            yield each.name, tokens
        elif weight.ndim == 2:
            expert = (weight.storage_offset() - whole.storage_offset()) // weight.numel()
            yield each.name_of(expert), tokens
        else:
            sent = _sent(each, tokens, block) if each.expert else slice(None)
            for number in range(each.count):
                own = sent[number] if isinstance(sent, Tensor) else sent
                yield each.name_of(number), tokens[number][own]


def _sent(matrices: Matrices, tokens: Tensor, block: int) -> Tensor:
    """Which tokens a router has sent to each expert, where it sets the others to zero."""
    sent = (tokens != 0).any(-1)
    if bool(sent.all()):
        raise ValueError(
            f"block {block}, {matrices.name}: every expert computes every token, which hides "
            "the tokens that the router chose for it; take transformers 5"
        )
    return sent
