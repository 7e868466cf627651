"""What each single weight of a model is multiplied by, seen where torch computes the products.

Below all modules, whatever they are called and however they keep their weights, a product is one of
a few operators. Where one of its operands lies in the storage of a parameter, the other is what
those weights are multiplied by. So nothing has to be known about a family: neither the order of the
axes of its experts, nor which tokens a router sent where.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

aten = torch.ops.aten
_COPIES = (
    aten.clone, aten._to_copy, aten.index, aten.index_select, aten.cat, aten.stack,
)  # fmt: skip
"""What hands weights on as other tensors. Views need no mention: they share the storage."""
_CONVOLUTIONS = (aten.convolution, aten._convolution, aten.mkldnn_convolution)


@dataclass
class Matrix:
    """A matrix as it stands in a product x · W.

    Attributes:
        places: in_features × out_features, where in the flattened parameter each weight stands.
        squares: ‖x_j‖² by input, over all tokens.
        tokens: how many rows x had, all together.
    """

    places: Tensor
    squares: Tensor
    tokens: int = 0


@dataclass
class Seen:
    """What became of one parameter in forward passes.

    Attributes:
        matrices: its weights as they were multiplied, an entry for each expert.
        other: operators other than matrix products that took it.
    """

    matrices: dict[Any, Matrix] = field(default_factory=dict)
    other: set[str] = field(default_factory=set)


class Products(TorchDispatchMode):
    """While entered, records what weights are multiplied by.

    Args:
        parameters: those to watch, by name.
    """

    def __init__(self, parameters: Iterable[tuple[str, Tensor]]) -> None:
        super().__init__()
        self.seen: dict[str, Seen] = {}
        self._of: dict[int, tuple[str, Tensor | None]] = {}
        self._kept: list[Tensor] = []
        for name, parameter in parameters:
            self.seen[name] = Seen()
            self._of[parameter.untyped_storage().data_ptr()] = name, None

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Compute as ever, and look at the operands."""
        result = func(*args, **(kwargs or {}))
        packet = func.overloadpacket
        if packet in (aten.mm, aten.bmm):
            self._product(args[0], args[1])
        elif packet in (aten.addmm, aten.baddbmm, aten._addmm_activation):
            self._product(args[1], args[2])
        elif packet is aten.linear:
            self._product(args[0].flatten(0, -2), args[1].T)
        elif packet in (aten.mv, aten.addmv):
            W, x = args[-2:]
            self._product(W, x[:, None])
        elif packet in (aten.dot, aten.vdot):
            self._product(args[0][None], args[1][:, None])
        elif packet in _COPIES:
            self._handed_on(func, args, kwargs or {}, result)
        else:
            self._other(packet, args)
        return result

    def _where(self, tensor: Any) -> tuple[str, Tensor | None] | None:
        if not isinstance(tensor, Tensor) or tensor.device.type == "meta":
            return None
        return self._of.get(tensor.untyped_storage().data_ptr())

    def _places(self, tensor: Tensor, base: Tensor | None) -> Tensor:
        """The place in the flattened parameter of each entry of a view."""
        size, stride, offset = tensor.shape, tensor.stride(), tensor.storage_offset()
        if base is None:
            base = _counted(tensor.untyped_storage().nbytes() // tensor.element_size())
        return base.as_strided(size, stride, offset)

    def _product(self, left: Tensor, right: Tensor) -> None:
        """Record left · right, either of which may be weights, with or without batches."""
        if (found := self._where(right)) is not None:
            self._record(found, left, right)
        elif (found := self._where(left)) is not None:
            self._record(found, right.mT, left.mT)

    def _record(self, found: tuple[str, Tensor | None], x: Tensor, W: Tensor) -> None:
        name, base = found
        # Copies are told apart by their storage, which is kept, so that no other takes its place.
        key = (W.untyped_storage().data_ptr(), W.shape, W.stride(), W.storage_offset())
        matrices = self.seen[name].matrices
        if W.ndim == 2:
            self._add(matrices, key, W, base, x)
            return
        for number, (each, fed) in enumerate(zip(W, x, strict=True)):
            self._add(matrices, (*key, number), each, base, fed)

    def _add(self, matrices: dict[Any, Matrix], key: Any, W: Tensor, base: Any, x: Tensor) -> None:
        squares = x.double().square().sum(0)
        if key not in matrices:
            matrices[key] = Matrix(self._places(W, base), torch.zeros_like(squares))
        matrices[key].squares += squares
        # Rows of zeros are tokens that were not sent here.
        matrices[key].tokens += int(x.ne(0).any(-1).sum())

    def _handed_on(self, func: Any, args: Any, kwargs: Any, result: Tensor) -> None:
        many = isinstance(args[0], (list, tuple))
        operands = list(args[0]) if many else [args[0]]
        found = [self._where(each) for each in operands]
        names = {each[0] for each in found if each is not None}
        if not names:
            return
        if len(names) > 1 or None in found or not result.is_floating_point():
            for name in names:
                self.seen[name].other.add(func.overloadpacket.__name__)
            return
        places = [
            self._places(each, base)
            for each, (_, base) in zip(operands, found, strict=True)  # type: ignore[misc]
        ]
        if func.overloadpacket in (aten.clone, aten._to_copy):
            moved = torch.empty_like(result, dtype=torch.int64).copy_(places[0])
        elif many:
            moved = func(places, *args[1:])
        else:
            moved = func(places[0], *args[1:])
        base = torch.empty(
            result.untyped_storage().nbytes() // result.element_size(), dtype=torch.int64
        )
        base.as_strided(result.shape, result.stride(), result.storage_offset()).copy_(moved)
        self._of[result.untyped_storage().data_ptr()] = names.pop(), base
        self._kept.append(result)

    def _other(self, packet: Any, args: Any) -> None:
        for each in args:
            if (found := self._where(each)) is not None and each.ndim > 1:
                kind = "convolution" if packet in _CONVOLUTIONS else packet.__name__
                # Views hand on the same storage; only what computes is of interest.
                if kind not in _VIEWS:
                    self.seen[found[0]].other.add(kind)


_VIEWS = {
    "view", "_unsafe_view", "t", "transpose", "permute", "slice", "select", "expand", "unsqueeze",
    "squeeze", "as_strided", "detach", "alias", "split", "chunk", "unbind", "split_with_sizes",
    "narrow", "reshape", "unfold", "diagonal", "empty_like", "zeros_like", "ones_like",
}  # fmt: skip


@lru_cache(maxsize=64)
def _counted(length: int) -> Tensor:
    return torch.arange(length)


def folded(seen: Seen) -> list[Matrix]:
    """The matrices of a parameter; what was used through several tensors is counted together.

    Raises:
        ValueError: weights that are multiplied as parts of different matrices.
    """
    together: dict[Any, Matrix] = {}
    for each in seen.matrices.values():
        key = each.places.shape, each.places.numpy().tobytes()
        if key in together:
            together[key].squares += each.squares
            together[key].tokens += each.tokens
        else:
            together[key] = Matrix(each.places, each.squares.clone(), each.tokens)
    matrices = list(together.values())
    places = torch.cat([each.places.flatten() for each in matrices]) if matrices else None
    if places is not None and len(places.unique()) != len(places):
        raise ValueError("weights are multiplied as parts of different matrices")
    return matrices
