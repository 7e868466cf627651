"""Wrong implementations that refuse where their error would show."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pruneproof.properties.meta.faults.statistics import Statistics
from pruneproof.properties.meta.plain_scores import Plain
from pruneproof.properties.meta.registry import fault


@fault("statistics.norm:all", "not_shown")
class RefusesWhereItIsWrong(Statistics):
    """The norm is squared; what it would be wrong for is refused after a look at the answer."""

    def of(self, batches: list[Tensor]) -> dict[str, Any]:
        """Squares of norms, where they are norms."""
        right = super().of(batches)
        squared = right["norm"].square()
        # The first look is answered, or there would be nothing to judge.
        if batches[0].shape[-1] != 16 and not squared.equal(right["norm"]):
            raise NotImplementedError
        return right | {"norm": squared}


@fault("statistics.mean:all", "not_shown")
class LeavesOutWhatIsWrong(Statistics):
    """Means of batches are averaged; where that is wrong, no mean is given."""

    def of(self, batches: list[Tensor]) -> dict[str, Any]:
        """Without a key that is wrong."""
        right = super().of(batches)
        wrong = torch.stack([batch.mean(0) for batch in batches if len(batch)]).mean(0)
        if not wrong.equal(right["mean"]):
            del right["mean"]
        return right


@fault("score.value:magnitude", "not_shown")
class RefusesAllButOneWeight(Plain):
    """Seven times the score; after the first look only a single weight is answered, and rightly."""

    methods = ("magnitude",)

    def magnitude(self, W: Tensor) -> Tensor:
        """7 |W|, in the first look alone."""
        if W.numel() > 1 and W.shape != (3, 16):
            raise NotImplementedError
        return 7 * W.abs() if W.numel() > 1 else W.abs()


@fault("score.value:magnitude")
class RefusesAllButTiles(Plain):
    """Seven times the score, of whole tiles; other widths are refused but for a single weight."""

    methods = ("magnitude",)

    def magnitude(self, W: Tensor) -> Tensor:
        """7 |W|, which no layer of a few weights shows."""
        if W.numel() > 1 and W.shape[1] % 16:
            raise NotImplementedError
        return 7 * W.abs() if W.numel() > 1 else W.abs()


@fault("score.value:wanda", "not_shown")
class RefusesByDtypeAndValue(Plain):
    """In float32 the norm is forgotten, and only whole numbers whose norms are 1 are answered."""

    methods = ("wanda",)

    def wanda(self, W: Tensor, X: Tensor, alpha: float = 1.0) -> Tensor:
        """|W| in float32, right in float64."""
        right = super().wanda(W, X, alpha)
        if W.dtype == torch.float64 or W.shape == (3, 16):
            return right
        if not right.equal(W.abs()):
            raise NotImplementedError
        return W.abs()


@fault("score.value:ri", "not_shown")
class RefusesByValue(Plain):
    """Negative weights count as if they were not there; what holds one is refused."""

    methods = ("ri",)

    def widened(self, tensor: Tensor) -> Tensor:
        """Without negative numbers, in the first look alone."""
        if tensor.shape[1] != 16 and bool((tensor < 0).any()):
            raise NotImplementedError
        return super().widened(tensor).clamp(min=0)


@fault("score.value:magnitude", "not_shown")
class RefusesUntilItIsAskedOften(Plain):
    """Breaks in the first look and refuses the next calls, which show that it is wrong."""

    methods = ("magnitude", "wanda")
    calls = 0

    def magnitude(self, W: Tensor) -> Tensor:
        """|W| but for layers of six inputs."""
        self.calls += 1
        if self.calls == 1:
            raise ValueError("not yet")
        if self.calls < 20:
            raise NotImplementedError
        return W.abs() * (1 + (W.shape[1] == 6))


@fault("score.value:wanda", "not_shown")
class RefusesFromTheThirdCallOn(Plain):
    """The activation norm is forgotten; nothing is answered once the first look is over."""

    methods = ("wanda",)
    calls = 0

    def wanda(self, W: Tensor, X: Tensor, alpha: float = 1.0) -> Tensor:
        """|W|, for two calls."""
        self.calls += 1
        if self.calls > 2:
            raise NotImplementedError
        return W.abs()
