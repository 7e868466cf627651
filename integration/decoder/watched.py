"""What blocks multiply, seen while a model runs without its weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from pruneproof.integration.decoder.blocks import is_matrix
from pruneproof.integration.decoder.passes import Call, tensors_in
from pruneproof.integration.decoder.products import PRODUCTS, Weights, factors, storage_of
from pruneproof.integration.decoder.virtual import Quick

_OTHER_PRODUCTS = ("einsum", "dot", "inner", "bilinear", "mv", "mm", "matmul")
"""Parts of the names of torch's functions that multiply matrices in other ways than `PRODUCTS`."""
_SUMS = ("add", "add_", "__add__", "__iadd__", "__radd__")


@dataclass
class Use:
    """How a block multiplies one of its parameters.

    Attributes:
        shapes: of each weight as it was multiplied, (… ×) out × in, and whether its inputs lie
            first in memory, or None where neither inputs nor outputs are adjacent.
        parts: first, end and step of those outputs that the block has taken apart.
        others: names of functions that multiply it in another way.
        converted: it was not multiplied itself but what was computed from it.
    """

    shapes: set[tuple[tuple[int, ...], bool | None]] = field(default_factory=set)
    parts: set[tuple[int, int, int]] = field(default_factory=set)
    others: set[str] = field(default_factory=set)
    converted: bool = False


class Watched(Quick):
    """Also notes products, what is computed from weights, and which tensors are looked at.

    Args:
        model: whose parameters are looked for.
        blocks: its blocks.
    """

    def __init__(self, model: nn.Module, blocks: nn.ModuleList) -> None:
        super().__init__()
        self.block: int | None = None
        self.uses: list[dict[str, Use]] = [{} for _ in blocks]
        self.routed: list[bool] = []
        self.seen: set[int] = set()
        self.outside = False
        mine = {
            id(each): (number, name)
            for number, block in enumerate(blocks)
            for name, each in block.named_parameters()
        }
        self._known: dict[Any, tuple[int, Any]] = {}
        self._weights = Weights((each, mine.get(id(each))) for _, each in model.named_parameters())
        # Tensors are kept, lest another take the place of one that is gone.
        self._derived: dict[int, tuple[Tensor, set[str]]] = {}
        self._products: dict[int, tuple[Tensor, Use]] = {}

    def computed(self, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """The function's result, after a look at what it takes and gives."""
        tensors = tensors_in((args, kwargs))
        self.seen |= {storage_of(each) for each in tensors}
        if self.block is None:
            reads = getattr(func, "__name__", "") != "__get__"
            self.outside |= reads and any(self._weights.find(each) for each in tensors)
            return super().computed(func, args, kwargs)
        uses = self._products_of(func, args, kwargs)
        result = super().computed(func, args, kwargs)
        made = tensors_in(result)
        if getattr(func, "__name__", "") in _SUMS:
            # A bias may be added before a product is taken apart.
            uses += [
                self._products[key][1] for key in map(storage_of, tensors) if key in self._products
            ]
        for use in uses:
            self._products |= {storage_of(each): (each, use) for each in made}
        self._derive(tensors, made)
        self._take_apart(tensors, made)
        return result

    def answer_of(self, call: Call, block: nn.Module) -> Any:
        """What a block answers.

        Of blocks that are alike only the first is run; the others' answers have the same shapes.
        """
        alike = _kind(block)
        if alike in self._known:
            number, answer = self._known[alike]
            self.uses[call.number] = self.uses[number]
            self.routed.append(self.routed[number])
            return answer
        self.block = call.number
        try:
            answer = self.answer(block, call.args, call.kwargs)
        finally:
            self.block = None
        self.routed.append(self.depends_on_numbers)
        if not self.handed_back:
            self._known[alike] = call.number, answer
        return answer

    def begin(self) -> None:
        """Forget what an earlier run of the block has shown."""
        if self.block is not None:
            self.uses[self.block].clear()
        self._derived.clear()
        self._products.clear()

    def _use(self, handle: tuple[int, str] | None) -> Use | None:
        if handle is None or handle[0] != self.block:
            return None
        return self.uses[handle[0]].setdefault(handle[1], Use())

    def _products_of(self, func: Any, args: Any, kwargs: Any) -> list[Use]:
        found: list[Use] = []
        if func in PRODUCTS:
            for weight, _, _ in factors(func, args, kwargs, self._is_weight):
                if (known := self._weights.find(weight)) is not None:
                    if (use := self._use(known[1])) is not None:
                        use.shapes.add((tuple(weight.shape), _inputs_first(weight)))
                        found.append(use)
                else:
                    self._note_converted(weight)
        elif any(part in getattr(func, "__name__", "") for part in _OTHER_PRODUCTS):
            for each in tensors_in((args, kwargs)):
                if is_matrix(each) and (known := self._weights.find(each)) is not None:
                    if (use := self._use(known[1])) is not None:
                        use.others.add(func.__name__)
                else:
                    self._note_converted(each)
        return found

    def _is_weight(self, tensor: Any) -> bool:
        known = isinstance(tensor, Tensor) and storage_of(tensor) in self._derived
        return known or self._weights.find(tensor) is not None

    def _note_converted(self, tensor: Tensor) -> None:
        for name in self._derived.get(storage_of(tensor), (tensor, set()))[1]:
            assert self.block is not None
            self.uses[self.block].setdefault(name, Use()).converted = True

    def _derive(self, taken: list[Tensor], made: list[Tensor]) -> None:
        """What is computed from weights alone is known by their names."""
        names: set[str] = set()
        for each in taken:
            if storage_of(each) in self._derived:
                names |= self._derived[storage_of(each)][1]
            elif (known := self._weights.find(each)) is not None and is_matrix(known[0]):
                if known[1] is None or known[1][0] != self.block:
                    return
                names.add(known[1][1])
            else:
                return
        for each in made if names else ():
            if self._weights.find(each) is None:
                self._derived[storage_of(each)] = each, names

    def _take_apart(self, taken: list[Tensor], made: list[Tensor]) -> None:
        """Views of a product that have some of its outputs."""
        for each in taken[:1]:
            _, use = self._products.get(storage_of(each), (each, None))
            for view in made if use is not None else ():
                same = storage_of(view) == storage_of(each) and view.ndim == each.ndim
                if same and view.shape[:-1] == each.shape[:-1] and view.shape[-1] < each.shape[-1]:
                    first = view.storage_offset() - each.storage_offset()
                    step = view.stride(-1)
                    use.parts.add((first, first + step * view.shape[-1], step))


def _kind(block: nn.Module) -> Any:
    """What blocks have in common that do the same: all of their settings but a layer's number."""
    settings = [
        (name, type(module), key, value)
        for name, module in block.named_modules()
        for key, value in vars(module).items()
        if isinstance(value, bool | int | float | str) and key not in ("layer_idx", "layer_number")
    ]
    return tuple(settings), tuple((name, each.shape) for name, each in block.named_parameters())


def _inputs_first(weight: Tensor) -> bool | None:
    out_features, in_features = weight.shape[-2:]
    if weight.stride(-1) == 1 and weight.stride(-2) == in_features:
        return False
    return True if weight.stride(-2) == 1 and weight.stride(-1) == out_features else None
