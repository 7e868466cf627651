"""One short sequence through a model without its weights: how its blocks are called and multiplied.

What a decoder's configuration leads to is seen, not guessed from names: which list of modules holds
the blocks, that each is called once and in order, which weights they multiply, in which order of
axes, and which of a product's outputs are those of different matrices. It takes no memory to speak
of, and so can be known before a weight is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from accelerate.hooks import remove_hook_from_module
from torch import Tensor, nn

from pruneproof.integration.linear_inputs import is_matrix, outermost_lists
from pruneproof.integration.pruning.passes import Call, Pass, tensors_in, waiting
from pruneproof.integration.pruning.products import PRODUCTS, Weights, factors, storage_of
from pruneproof.integration.pruning.virtual import META, Virtual, mapped, on_meta

LENGTH = 6
"""Tokens of the sequence: more than the experts a token is sent to, few enough for any model."""
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


@dataclass
class Trial:
    """What one sequence has shown.

    Attributes:
        stack: name of the list that holds the blocks.
        uses: by block, how its parameters are multiplied, by their names in the block.
        routed: by block, whether what it does depends on numbers, as sending tokens to experts.
        spent: which tensors of the first block's call nobody looks at after it.
        between: the model uses weights of its own between the first and the last block.
    """

    stack: str
    uses: list[dict[str, Use]]
    routed: list[bool]
    spent: tuple[int, ...]
    between: bool


@torch.no_grad()
def trial(model: nn.Module) -> Trial:
    """Try a model, whose weights may be on the meta device, on one short sequence.

    Raises:
        ValueError: no list of blocks, or one whose blocks are not called once each and in order.
    """
    model = without_weights(model)
    stacks = outermost_lists(model)
    with _said_simply(model):
        vocabulary = model.get_input_embeddings().num_embeddings if stacks else 1
        tokens = torch.randint(vocabulary, (1, LENGTH), generator=torch.Generator().manual_seed(0))
        # The largest first: a tower for images, say, is not called with text.
        for stack in sorted(stacks, key=lambda name: -_size(stacks[name])):
            if (seen := _tried(model, stack, stacks, tokens)) is not None:
                return seen
        kind = type(model).__name__
        raise _Refused(f"model: {kind} holds no nn.ModuleList of blocks that it calls with text")


@torch.no_grad()
def held_by_a_pass(model: nn.Module, stack: str, spent: Sequence[int], length: int) -> int:
    """Bytes that a pass holds while it waits at a block.

    Args:
        model: as `trial` takes it.
        stack: name of the list that holds its blocks.
        spent: see `Trial`.
        length: tokens of the sequence.
    """
    model = without_weights(model)
    blocks = model.get_submodule(stack)
    assert isinstance(blocks, nn.ModuleList)
    with _said_simply(model), waiting(blocks), _Quick():
        way = Pass(model, torch.zeros(1, length, dtype=torch.long))
        way.go_on()
    assert way.call is not None
    leaves = tensors_in((way.call.args, way.call.kwargs))
    held = {storage_of(each): each.untyped_storage().nbytes() for each in leaves}
    # What block 0 is given stays, beside what later ones are, where the model looks at it again.
    again = 0 if 0 in spent else leaves[0].untyped_storage().nbytes()
    return sum(held.values()) + again


def without_weights(model: nn.Module) -> nn.Module:
    """A copy whose parameters are on the meta device and whose buffers are real.

    A model may keep what it computes, which would be random, or nowhere.
    """
    memo: dict[int, Any] = {
        id(each): nn.Parameter(each.detach().to(META), each.requires_grad)
        for each in model.parameters()
    }
    memo |= {id(each): each.detach().to("cpu", copy=True) for each in model.buffers()}
    return remove_hook_from_module(deepcopy(model, memo), recurse=True)


@contextmanager
def _said_simply(model: nn.Module) -> Iterator[None]:
    try:
        yield
    except _Refused as error:
        raise ValueError(str(error)) from error
    # Whatever a model's own code raises.
    except Exception as error:
        first = str(error).strip().partition("\n")[0]
        raise ValueError(
            f"model: {type(model).__name__} does not run on {LENGTH} tokens alone, so it cannot be "
            f"said how it would be pruned ({type(error).__name__}: {first[:200]})"
        ) from error


class _Refused(Exception):  # noqa: N818 - becomes a ValueError
    pass


def _size(modules: nn.Module) -> int:
    return sum(each.numel() for each in modules.parameters())


class _Quick(Virtual):
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


class _Watched(_Quick):
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

        Of blocks that are alike and depend on numbers only the first is run, since such a run is
        slow; the others' answers have the same shapes.
        """
        alike = type(block), tuple((name, each.shape) for name, each in block.named_parameters())
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
        if self.depends_on_numbers and not self.handed_back:
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


def _inputs_first(weight: Tensor) -> bool | None:
    out_features, in_features = weight.shape[-2:]
    if weight.stride(-1) == 1 and weight.stride(-2) == in_features:
        return False
    return True if weight.stride(-2) == 1 and weight.stride(-1) == out_features else None


def _tried(
    model: nn.Module, stack: str, stacks: dict[str, nn.ModuleList], tokens: Tensor
) -> Trial | None:
    """What is seen of one stack, or None where the model does not call it."""
    blocks = stacks[stack]
    mode, order = _Watched(model, blocks), list[int]()
    with waiting(blocks), _refusing(stack, stacks) as other, mode:
        way = Pass(model, tokens)
        try:
            way.go_on()
        except _Refused:
            # A stack that is called where this one was not yet is tried by itself.
            if other:
                return None
            raise
        first, between = way.call, False
        while (call := way.call) is not None:
            order.append(call.number)
            if order != list(range(len(order))):
                break
            mode.seen |= {storage_of(each) for each in tensors_in((call.args, call.kwargs))}
            answer = mode.answer_of(call, blocks[call.number])
            if mode.in_place:
                raise _Refused(
                    f"model: block {call.number} of {stack} changes its inputs in place, so it "
                    "cannot be run once to look at it and again when it is pruned"
                )
            if call is first:
                mode.seen, mode.outside = set(), False
            between = mode.outside
            way.go_on(answer)
    if first is None:
        return None
    if order != list(range(len(blocks))):
        raise _Refused(
            f"model: the {len(blocks)} blocks of {stack} are called in the order "
            f"{', '.join(map(str, order))} …; only blocks that are called once each, one after "
            "the other, can be pruned"
        )
    hidden, *_ = tensors_in((first.args, first.kwargs))
    # The others may be the model's own and meet every sequence.
    spent = () if storage_of(hidden) in mode.seen else (0,)
    return Trial(stack, mode.uses, mode.routed, spent, between)


@contextmanager
def _refusing(stack: str, stacks: dict[str, nn.ModuleList]) -> Iterator[list[str]]:
    """While entered, a second stack of blocks that is called is an error; gives its name, too."""
    called: list[str] = []

    def refuse(name: str, *_: Any) -> None:
        called.append(name)
        raise _Refused(
            f"model: beside the blocks of {stack} it calls those of {name}, which would stay "
            "dense; only models with one stack of blocks can be pruned"
        )

    with ExitStack() as hooks:
        for name, each in stacks.items():
            # A list of single layers is no stack of blocks.
            composite = any(any(True for _ in member.children()) for member in each)
            for member in each if composite and name != stack else ():
                hooks.callback(member.register_forward_pre_hook(partial(refuse, name)).remove)
        yield called
