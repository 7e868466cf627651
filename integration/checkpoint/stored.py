"""A checkpoint's tensors under the model's own names, whatever they are called in its files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from pruneproof.integration.checkpoint.naming import CONVERTS, Group, naming
from pruneproof.integration.checkpoint.quantised import looks_like
from pruneproof.integration.checkpoint.shards import OnHub, Shards, empty

WEIGHTS = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
"""Dtypes in which numbers stand for themselves; others need a scale."""


class Stored:
    """A checkpoint as its model names it; the model is not changed.

    Args:
        model: with or without weights.
        files: its checkpoint.
        ties: as the attribute; where not given, as the model's parameters are tied now.

    Attributes:
        groups: what is read for each of the model's names that the files hold.
        same: by each name of a weight that is tied to another and not read, the other's name.
        left: the files' names of tensors that make none of the model's.
        ties: the names of each weight, more than one where it is tied.

    Raises:
        ValueError: a weight that is not there, or of another shape, or in a dtype that needs a
            scale, or tensors that transformers cannot convert.
    """

    def __init__(
        self, model: Any, files: Shards | OnHub, ties: Sequence[Sequence[str]] | None = None
    ) -> None:
        self.model, self.files = model, files
        own = model.state_dict()
        there = empty(files)
        self._naming = naming(model, there, own)
        self.groups = {name: group for group in self._naming.groups for name in group.names}
        used = {name for group in self._naming.groups for name in group.stored}
        self.left = tuple(sorted(there.keys() - used))
        self.same: dict[str, str] = {}
        self.ties = ties_of(model) if ties is None else ties
        for names in self.ties:
            # transformers 4 ties to the first of them, whichever is there.
            held = [name for name in names if name in self.groups]
            if held and (CONVERTS or held[0] == names[0]):
                self.same |= {name: held[0] for name in names if name != held[0]}
            else:
                self._refuse_missing(names[0])
        for group in self._naming.groups:
            _check(group, there, own)

    def own(self, names: Iterable[str]) -> dict[str, Tensor]:
        """The files' tensors of these names, in the model's dtypes, whatever is tied."""
        state = self.model.state_dict()
        return {name: self._made(self.groups[name], state, "cpu")[name] for name in names}

    def names(self) -> set[str]:
        """The model's names of all tensors that the files hold, or one that is tied to them."""
        return {*self.groups, *self.same}

    def read(
        self, names: Iterable[str], device: torch.device | str, *, as_is: bool = False
    ) -> dict[str, Tensor]:
        """Tensors by the model's names, in the model's dtypes.

        Of a converted tensor all that it is made of is there beside it.

        Args:
            names: the model's; tied ones get one tensor.
            device: where to.
            as_is: in the files' dtypes instead.
        """
        own = None if as_is else self.model.state_dict()
        wanted = {name: self.same.get(name, name) for name in names}
        made: dict[str, Tensor] = {}
        for name in wanted.values():
            if name not in made:
                made |= self._made(self.groups[name], own, device)
        return {name: made[each] for name, each in wanted.items()}

    def as_stored(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Tensors of the model under the files' names, and as they are laid out there.

        Args:
            state: whole groups, by the model's names. A tied weight is stored once.
        """
        stored, converted = {}, {}
        for name, each in state.items():
            if name in self.same:
                continue
            if (group := self.groups[name]).convert is None:
                stored[group.stored[0]] = each
            else:
                converted[name] = each
        return stored | (self._naming.revert(converted) if converted else {})

    def _made(
        self, group: Group, own: Mapping[str, Tensor] | None, device: torch.device | str
    ) -> dict[str, Tensor]:
        # All that is made together has one dtype.
        dtype = None if own is None else own[group.names[0]].dtype
        read = {name: self.files.read(name, dtype, device) for name in group.stored}
        if group.convert is None:
            return {group.names[0]: read[group.stored[0]]}
        return group.convert(read)

    def _refuse_missing(self, name: str) -> None:
        hint = f"; they have {self.left[0]}, which it does not know" if self.left else ""
        raise ValueError(
            f"model: its files have no tensor {name}, which {type(self.model).__name__} needs"
            f"{hint}; fetch them and config.json again, or save the model anew with "
            "save_pretrained"
        )


def check_all_taken(left: Iterable[str]) -> None:
    """Refuse tensors that transformers would leave out.

    Args:
        left: their names.

    Raises:
        ValueError: there are some; with what they look like, and what to do.
    """
    if not (names := sorted(left)):
        return
    kind, what = looks_like(names)
    looks = f", which look like {kind}" if kind else ""
    listed = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
    what = what or (
        "fetch them and config.json again, take a version of transformers whose class has a place "
        "for them, or save the model without them"
    )
    raise ValueError(
        f"model: its files hold {len(names)} tensors that the model has no place for ({listed})"
        f"{looks}; {what}"
    )


def ties_of(model: Any) -> list[list[str]]:
    """The names of each parameter of a model."""
    names: dict[int, list[str]] = {}
    for name, each in model.named_parameters(remove_duplicate=False):
        names.setdefault(id(each), []).append(name)
    return list(names.values())


def _check(group: Group, stored: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> None:
    """Refuse what is made of these tensors: another shape, or a dtype that needs a scale."""
    members = {name: stored[name] for name in group.stored}
    made = members.values() if group.convert is None else group.convert(members).values()
    for name, each in zip(group.names, made, strict=True):
        if each.shape != own[name].shape:
            raise ValueError(
                f"model: its files hold {name} as {_by(each)}, and config.json says "
                f"{_by(own[name])}; fetch both again"
            )
        if own[name].is_floating_point() and each.dtype not in WEIGHTS:
            kind = str(each.dtype).removeprefix("torch.")
            raise ValueError(
                f"model: its files hold {name} as {kind}, which needs a scale that is declared "
                "nowhere; take the checkpoint that it was quantised from"
            )


def _by(tensor: Tensor) -> str:
    return " × ".join(map(str, tensor.shape))
