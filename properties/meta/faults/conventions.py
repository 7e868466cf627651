"""Wrong declarations of what honest implementations differ in."""

# ruff: noqa: RUF012 - conventions are written as adapters write them
from __future__ import annotations

import torch
from torch import Tensor

from pruneproof.properties.meta.faults.masks import Masks
from pruneproof.properties.meta.registry import fault


class WholeLayer(Masks):
    """Right if declared: all weights of the layer are compared."""

    conventions: dict[str, str] = {"group": "layer"}

    def keep(self, scores: Tensor, sparsity: float) -> Tensor:
        """The highest of all."""
        return super().keep(scores.reshape(1, -1), sparsity).reshape(scores.shape)


class Relative(Masks):
    """Right, for others to go wrong: scores and masks of magnitude and RI."""

    def score(self, method: str, weight: Tensor, *, terms: str = "both") -> Tensor:
        """|W| or RI."""
        return self.scaled(self.scores(method, weight, None, 1.0))

    def scores(self, method: str, weight: Tensor, inputs: Tensor | None, alpha: float) -> Tensor:
        """A weight without a norm to divide by has 0."""
        if method != "ri":
            return super().scores(method, weight, inputs, alpha)
        A = weight.abs()
        return self.filled(A / A.sum(0) + A / A.sum(1, keepdim=True))

    def scaled(self, scores: Tensor) -> Tensor:
        """As they are."""
        return scores

    def filled(self, scores: Tensor) -> Tensor:
        """0 for nan."""
        return scores.nan_to_num(nan=0.0)


@fault("conventions.group:all")
class LayerDeclaredOutput(WholeLayer):
    """Compares all weights of the layer and declares that it does so within each output."""

    conventions = {"group": "output"}


@fault("conventions.group:all")
class OutputDeclaredLayer(Masks):
    """Compares weights within each output and declares the whole layer."""

    conventions = {"group": "layer"}


@fault("conventions.declared:all")
class LayerUndeclared(WholeLayer):
    """Compares all weights of the layer and does not declare it."""

    conventions = {}


@fault("conventions.declared:all")
class RoundUndeclared(Masks):
    """Rounds n · sparsity and does not declare it."""

    def count(self, n: int, sparsity: float) -> int:
        """To the nearest."""
        return round(n * sparsity)


@fault("conventions.count:all")
class RoundDeclaredFloor(RoundUndeclared):
    """Rounds n · sparsity and declares the floor."""

    conventions = {"count": "floor"}


@fault("conventions.count:all")
class FloorDeclaredCeil(Masks):
    """Takes the floor of n · sparsity and declares the ceiling."""

    conventions = {"count": "ceil"}


@fault("conventions.ties:all")
class HighestIndexDeclaredLowest(Masks):
    """Prunes the highest index of equal scores first and declares the lowest."""

    conventions = {"ties": "lowest_index"}

    def order(self, scores: Tensor) -> Tensor:
        """Backwards."""
        return scores.shape[1] - 1 - scores.flip(1).argsort(dim=1, stable=True)


@fault("conventions.tail:all")
class DenseDeclaredPrunePartial(Masks):
    """Keeps all of a last group of fewer than m inputs and declares that it is pruned."""

    conventions = {"tail": "prune_partial"}

    def n_of_m(self, scores: Tensor, n: int, m: int) -> Tensor:
        """Of what fills whole groups."""
        whole = scores.shape[1] - scores.shape[1] % m
        keep = torch.ones_like(scores, dtype=torch.bool)
        if whole:
            keep[:, :whole] = super().n_of_m(scores[:, :whole], n, m)
        return keep


@fault("conventions.tail:all")
class RowsJoinedDeclaredError(Masks):
    """Groups by m across the ends of the rows and declares an error."""

    conventions = {"tail": "error"}

    def n_of_m(self, scores: Tensor, n: int, m: int) -> Tensor:
        """Where m divides the number of weights."""
        return super().n_of_m(scores.reshape(1, -1), n, m).reshape(scores.shape)


@fault("conventions.score_scale:all")
class MultipleDeclaredExact(Relative):
    """Doubles its scores and declares them exact."""

    conventions = {"score_scale": "exact"}

    def scaled(self, scores: Tensor) -> Tensor:
        """Twice."""
        return 2 * scores


@fault("conventions.score_scale:all")
class SquareDeclaredMultiple(Relative):
    """Squares its scores and declares them multiples."""

    conventions = {"score_scale": "positive_multiple"}

    def scaled(self, scores: Tensor) -> Tensor:
        """Of the right order only."""
        return scores.square()


@fault("conventions.dead:all")
class NanDeclaredZero(Relative):
    """Divides by the norm of a zero row and declares 0."""

    conventions = {"dead": "zero"}

    def filled(self, scores: Tensor) -> Tensor:
        """With nothing."""
        return scores


@fault("conventions.dead:all")
class ZeroDeclaredError(Relative):
    """Scores a zero row 0 and declares an error."""

    conventions = {"dead": "error"}
