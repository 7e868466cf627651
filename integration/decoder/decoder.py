"""A decoder as pruning sees it: its blocks, the matrices in them, and what stays dense and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from torch import nn
from transformers.pytorch_utils import Conv1D

from pruneproof.integration.decoder.blocks import is_matrix
from pruneproof.integration.decoder.matrices import Matrices
from pruneproof.integration.decoder.trial import Trial, trial
from pruneproof.integration.decoder.watched import Use

ROUTER, THIN = "chooses experts", "has one output or one input"
UNUSED = "no product of a text's pass uses it"


@dataclass(frozen=True)
class Decoder:
    """What is pruned of a model.

    Attributes:
        stack: name of the list that holds the blocks.
        matrices: by block, those that are pruned.
        dense: by block, matrices that are not, by name, and why.
        routed: by block, whether which weights a token meets depends on the token.
        spent: see `Passes`.
        between: see `Trial`.
    """

    stack: str
    matrices: tuple[tuple[Matrices, ...], ...]
    dense: tuple[dict[str, str], ...]
    routed: tuple[bool, ...]
    spent: tuple[int, ...]
    between: bool

    @classmethod
    def of(cls, model: Any) -> Decoder:
        """Look at a model, whose weights may be on the meta device.

        Raises:
            ValueError: blocks that cannot be pruned rightly, and why.
        """
        seen = trial(model)
        blocks = model.get_submodule(seen.stack)
        _refuse_shared(model, seen.stack, blocks)
        looks = [_Block(n, each, seen) for n, each in enumerate(blocks)]
        if not any(each.matrices for each in looks):
            left = {type(each).__name__ for each in blocks}
            raise ValueError(
                f"model: its blocks ({', '.join(sorted(left))}) hold no matrix that can be pruned"
            )
        return cls(
            seen.stack,
            tuple(tuple(each.matrices) for each in looks),
            tuple(each.dense for each in looks),
            tuple(
                depends or any(each.expert for each in look.matrices)
                for depends, look in zip(seen.routed, looks, strict=True)
            ),
            seen.spent,
            seen.between,
        )

    def names(self) -> list[tuple[int, str, int]]:
        """Block, name and number of weights of every matrix that could be pruned."""
        return [
            (number, name, each.weights // (each.count or 1))
            for number, matrices in enumerate(self.matrices)
            for each in matrices
            for name in each.names
        ]

    def blocks(self, model: Any) -> nn.ModuleList:
        """The blocks of the model, or of one of the same class and configuration."""
        blocks = model.get_submodule(self.stack)
        assert isinstance(blocks, nn.ModuleList)
        return blocks


def _refuse_shared(model: Any, stack: str, blocks: nn.ModuleList) -> None:
    places = Counter[int]()
    for block in blocks:
        places.update({id(each) for each in block.parameters() if is_matrix(each)})
    inside = {f"{stack}.{n}." for n in range(len(blocks))}
    for name, each in model.named_parameters(remove_duplicate=False):
        if not any(name.startswith(prefix) for prefix in inside) and id(each) in places:
            places[id(each)] += 1
    for number, block in enumerate(blocks):
        for name, each in block.named_parameters():
            if places[id(each)] > 1:
                raise ValueError(
                    f"model: {name} of block {number} is shared with another block or with what "
                    "is outside the blocks, which one mask cannot suit"
                )


class _Block:
    """Sorts the matrices of one block.

    Raises:
        ValueError: a matrix that would stay dense although it counts.
    """

    def __init__(self, number: int, block: nn.Module, seen: Trial) -> None:
        self.number, self.block, self.uses = number, block, seen.uses[number]
        self.matrices: list[Matrices] = []
        self.dense: dict[str, str] = {}
        modules = dict(block.named_modules())
        parameters = {
            name: each
            for name, each in block.named_parameters()
            if is_matrix(each)
            or (each.ndim == 2 and isinstance(modules[name.rpartition(".")[0]], nn.Linear | Conv1D))
        }
        lists = _expert_lists(modules)
        stacks = {
            name: found for name, each in parameters.items()
            if not isinstance(modules[name.rpartition(".")[0]], nn.Linear | Conv1D)
            and (found := self._stacked(name, each)) is not None
        }  # fmt: skip
        experts = {prefix: len(each) for prefix, each in lists.items()} | {
            name: found[0].count or 0 for name, found in stacks.items()
        }
        for name, each in parameters.items():
            module = modules[name.rpartition(".")[0]]
            if name in stacks:
                self.matrices += stacks[name]
            elif (why := self._dense(name, module, each, experts, modules, lists)) is not None:
                self.dense[name.removesuffix(".weight")] = why
            else:
                routed = any(name.startswith(f"{prefix}.") for prefix in lists)
                self.matrices.append(self._single(name, module, expert=routed))

    def _dense(
        self, name: str, module: nn.Module, parameter: Any, experts: dict[str, int],
        modules: dict[str, nn.Module], lists: dict[str, nn.ModuleList],
    ) -> str | None:  # fmt: skip
        use = self.uses.get(name)
        if experts and _names_a_router(name, modules):
            return ROUTER
        beside = {each for prefix, each in experts.items() if _together(prefix, name)}
        in_list = any(name.startswith(f"{prefix}.") for prefix in lists)
        # What is not multiplied has an expert's bias in each of its rows.
        if use is not None and not in_list and max(parameter.shape[:-1]) in beside:
            return ROUTER
        if isinstance(module, nn.Embedding):
            return "an embedding"
        if type(module).__name__.startswith("Conv") and not isinstance(module, Conv1D):
            return "a convolution"
        plain = isinstance(module, nn.Linear | Conv1D)
        if plain and 1 in parameter.shape:
            return THIN
        if use is None and plain and in_list:
            # Few experts are reached by one short sequence; they are alike.
            return None
        if use is None or (not use.shapes and not use.others and not use.converted):
            return UNUSED if plain else "no matrix of a product"
        if use.others or use.converted or not plain:
            how = f"by {', '.join(sorted(use.others))}" if use.others else "once converted"
            if not use.others and not use.converted:
                how = "outside any nn.Linear"
            shape = " × ".join(map(str, parameter.shape))
            raise ValueError(
                f"model: block {self.number} multiplies {name} ({shape}) {how}, which cannot be "
                "pruned yet and would stay dense"
            )
        return None

    def _single(self, name: str, module: nn.Module, *, expert: bool) -> Matrices:
        first = isinstance(module, Conv1D)
        rows, columns = module.weight.shape
        out_features, in_features = (columns, rows) if first else (rows, columns)
        own = name.removesuffix(".weight")
        use = self.uses.get(name, Use())
        for shape, inputs_first in use.shapes:
            count, *each = shape
            if (count * each[0], *each[1:]) == (rows, columns) and inputs_first is False:
                # Groups of outputs, each with inputs of its own.
                return Matrices(f"{own}.*", name, count, *each)
            if shape != (out_features, in_features):
                raise ValueError(
                    f"model: block {self.number} multiplies {name} in parts "
                    f"({' × '.join(map(str, shape))} of {out_features} × {in_features}), which "
                    "cannot be pruned yet"
                )
        return Matrices(own, name, None, out_features, in_features, first, expert)

    def _stacked(self, name: str, parameter: Any) -> list[Matrices] | None:
        """The matrices of experts that lie in one parameter, or None."""
        use = self.uses.get(name, Use())
        if len(use.shapes) != 1 or use.others or use.converted or not parameter.is_contiguous():
            return None
        ((*_, out_features, in_features), first), *_ = use.shapes
        count, rest = divmod(parameter.numel(), out_features * in_features)
        if rest or count < 2 or first is None:
            return None
        parts: list[Any] = sorted(use.parts, key=lambda part: part[0])
        if sum(len(range(*part)) for part in parts) != out_features:
            parts = [None]
        module, _, leaf = name.rpartition(".")
        words = _words(leaf, len(parts))
        prefix = f"{module}.*" if module else "*"
        return [
            Matrices(
                f"{prefix}.{word}" if word else prefix, name, count,
                out_features if part is None else len(range(*part)), in_features, first, True, part,
            )
            for word, part in zip(words, parts, strict=True)
        ]  # fmt: skip


def _words(leaf: str, parts: int) -> list[str]:
    if leaf == "gate_up_proj" and parts == 2:
        return ["gate_proj", "up_proj"]
    own = "" if leaf == "weight" else leaf
    return [own] if parts == 1 else [f"{own}.{each}".lstrip(".") for each in range(parts)]


def _expert_lists(modules: dict[str, nn.Module]) -> dict[str, nn.ModuleList]:
    return {
        name: each
        for name, each in modules.items()
        if isinstance(each, nn.ModuleList) and "expert" in name.rpartition(".")[2]
    }


def _names_a_router(name: str, modules: dict[str, nn.Module]) -> bool:
    *path, _ = name.split(".")
    kinds = [type(modules[".".join(path[: n + 1])]).__name__ for n in range(len(path))]
    return any("router" in each.lower() for each in (*path, *kinds)) or any(
        each.endswith(("TopKGate", "MoEGate", "MoeGate", "TopKGating")) for each in kinds
    )


def _together(experts: str, name: str) -> bool:
    """Whether a matrix lies in the same part of a block as some experts, and not in them."""
    parent = experts.partition(".")[0]
    return name.split(".")[0] == parent and not name.startswith(f"{experts}.") and "." in experts
