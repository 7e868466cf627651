"""Running a model that has no weights: its results have a shape, and numbers where it needs them.

Weights lie on the meta device, where a tensor has a shape and no memory. What they give may stay
there. Where code depends on numbers, as routing to experts does, everything else is real: what a
weight gives is drawn at random, in the right shape and dtype, and masks, positions and loops run as
they would, for a model of any size.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from pruneproof.integration.decoder.passes import tensors_in

META = torch.device("meta")
_DEVICE = torch.Tensor.device.__get__  # type: ignore[attr-defined]


class Virtual(TorchFunctionMode):
    """While entered, functions take tensors on the meta device beside real ones.

    Attributes:
        drawing: whether what they give is real; on the meta device otherwise.
    """

    def __init__(self) -> None:
        super().__init__()
        self.drawing = True
        # A prime, so that the rows of a matrix differ. To draw each number would take minutes.
        self._numbers = torch.randn(65_537, generator=torch.Generator().manual_seed(0))

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Call the function; its result is real unless all that it takes are weights."""
        kwargs = kwargs or {}
        # Some code does one thing on a CPU and another elsewhere.
        if func == _DEVICE:
            return torch.device("cpu") if args[0].is_meta else args[0].device
        if func is torch.Tensor.__getitem__ and args[0].is_meta:
            args = args[0], mapped(_number, args[1])
        # What a model makes on its weights' device are activations; moved weights are weights.
        if func is torch.Tensor.to and args[0].is_meta:
            args, kwargs = mapped(_to_meta, (args, kwargs))
        elif self.drawing:
            args, kwargs = mapped(_off_meta, (args, kwargs))
        return self.computed(func, args, kwargs)

    def computed(self, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """The function's result."""
        tensors = tensors_in((args, kwargs))
        virtual = sum(each.is_meta for each in tensors)
        if virtual in (0, len(tensors)):
            return func(*args, **kwargs)
        args, kwargs = mapped(on_meta, (args, kwargs))
        result = func(*args, **kwargs)
        return mapped(self.drawn, result) if self.drawing else result

    def drawn(self, each: Any) -> Any:
        """A real tensor in place of one on the meta device."""
        if not isinstance(each, Tensor) or not each.is_meta:
            return each
        if not each.is_floating_point():
            return torch.zeros(each.shape, dtype=each.dtype)
        times = -(-each.numel() // len(self._numbers))
        numbers = self._numbers.repeat(times)[: each.numel()].view(each.shape)
        # A copy, that it holds no more memory than the model's own would.
        return numbers.to(each.dtype, copy=True)


class Quick(Virtual):
    """Runs a block on the meta device where that does, else by numbers drawn at random.

    Attributes:
        in_place: whether the last block has changed what it was given.
        handed_back: whether it has put something into a mapping for later blocks.
        depends_on_numbers: whether it does not run on the meta device.
    """

    in_place = handed_back = depends_on_numbers = False

    def begin(self) -> None:
        """A block is about to be run, perhaps once more."""

    def answer(self, run: Any, args: Any, kwargs: Any) -> Any:
        """What a block answers, real."""
        for self.drawing in (False, True):
            self.begin()
            change = (lambda each: each) if self.drawing else on_meta
            given = mapped(change, (args, kwargs))
            versions = [each._version for each in tensors_in(given)]
            try:
                answer = run(*given[0], **given[1])
                break
            # Code that depends on numbers raises many kinds of errors on the meta device.
            except Exception:
                if self.drawing:
                    raise
        self.depends_on_numbers, self.drawing, self.handed_back = self.drawing, True, False
        self.in_place = versions != [each._version for each in tensors_in(given)][: len(versions)]
        self._hand_back((args, kwargs), given)
        return mapped(self.drawn, answer)

    def _hand_back(self, mine: Any, given: Any) -> None:
        """What a block has put into a mapping for later blocks is put into the model's."""
        if isinstance(mine, dict) and mine is not given:
            for name in given.keys() - mine.keys():
                mine[name] = mapped(self.drawn, given[name])
                self.handed_back = True
        if isinstance(mine, dict):
            mine, given = list(mine.values()), list(given.values())
        if isinstance(mine, list | tuple):
            for one, other in zip(mine, given, strict=False):
                self._hand_back(one, other)


def on_meta(each: Any) -> Any:
    """A tensor or device on the meta device, anything else as it is."""
    if isinstance(each, torch.device):
        return META
    return each.to(META) if isinstance(each, Tensor) else each


def mapped(change: Any, value: Any) -> Any:
    """A nested structure with each of its leaves changed."""
    if isinstance(value, dict):
        return type(value)((name, mapped(change, each)) for name, each in value.items())
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(mapped(change, each) for each in value))
    if type(value) in (list, tuple):
        return type(value)(mapped(change, each) for each in value)
    return change(value)


def _to_meta(each: Any) -> Any:
    named = isinstance(each, str) or (isinstance(each, int) and not isinstance(each, bool))
    return META if named or isinstance(each, torch.device) else each


def _number(each: Any) -> Any:
    # An expert's weights are taken by its number, which is a real tensor.
    whole = isinstance(each, Tensor) and each.ndim == 0 and not each.is_floating_point()
    return int(each) if whole and each.dtype != torch.bool and not each.is_meta else each


def _off_meta(each: Any) -> Any:
    if isinstance(each, torch.device) or (isinstance(each, str) and each == "meta"):
        return torch.device("cpu") if torch.device(each) == META else each
    return each
