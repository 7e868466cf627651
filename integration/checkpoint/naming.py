"""What transformers makes of a file's tensors: under which names of the model, and back.

transformers 5 renames tensors, and joins or splits some: experts that are stored one by one are
one tensor of its models. transformers 4 only renames. Its own rules are asked, without weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from torch import Tensor

CONVERTS = find_spec("transformers.core_model_loading") is not None
"""Whether the installed transformers converts tensors, as it does from version 5 on."""
Tensors = Mapping[str, Tensor]


@dataclass(frozen=True)
class Group:
    """Tensors of a model that are made together.

    Attributes:
        names: the model's.
        stored: the files', that they are made of.
        convert: makes them; None where one tensor has but two names.
    """

    names: tuple[str, ...]
    stored: tuple[str, ...]
    convert: Callable[[dict[str, Tensor]], dict[str, Tensor]] | None = None


@dataclass(frozen=True)
class Naming:
    """How a model's names and a checkpoint's go together.

    Attributes:
        groups: all tensors of the model that the files hold.
        revert: from tensors that were converted, by the model's names, to the files' own.
    """

    groups: tuple[Group, ...]
    revert: Callable[[dict[str, Tensor]], dict[str, Tensor]]


def naming(model: Any, stored: Tensors, own: Tensors) -> Naming:
    """How transformers reads a checkpoint.

    Args:
        model: with or without weights; it is not changed.
        stored: the files' tensors, on the meta device.
        own: the model's state.

    Raises:
        ValueError: tensors that belong together cannot be converted.
    """
    return _converted(model, stored, own) if CONVERTS else _renamed(model, stored, own)


def _converted(model: Any, stored: Tensors, own: Tensors) -> Naming:
    from transformers.conversion_mapping import get_model_conversion_mapping
    from transformers.core_model_loading import (
        WeightConverter,
        WeightRenaming,
        dot_natural_key,
        rename_source_key,
    )

    rules = get_model_conversion_mapping(model)
    renamings = [each for each in rules if isinstance(each, WeightRenaming)]
    converters = [each for each in rules if isinstance(each, WeightConverter)]
    by_pattern = {pattern: each for each in converters for pattern in each.source_patterns}
    prefix, state = model.base_model_prefix, dict(own)
    found: dict[str, list[tuple[str, str | None]]] = {}
    # As convert_and_load_state_dict_in_model does, whose mapping is not to be had.
    for name in sorted(stored, key=dot_natural_key):
        target, pattern = rename_source_key(name, renamings, converters, prefix, state)
        if target not in own and name in own:
            target, pattern = rename_source_key(name, [], [], prefix, state)
        if target in own:
            found.setdefault(target, []).append((name, pattern))

    def group(target: str, members: list[tuple[str, str | None]]) -> Group:
        names = tuple(name for name, _ in members)
        converter = by_pattern.get(members[0][1] or "")
        if converter is None:
            # Of two tensors for one place transformers takes the last.
            return Group((target,), names[-1:])

        def convert(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
            # Each lets go of what it was given as soon as it is used.
            mapping = deepcopy(converter)
            for name, pattern in members:
                mapping.add_tensor(target, name, pattern, tensors.pop(name))
            made = mapping.convert(target, model=model, config=model.config)
            return {to: each[0] if isinstance(each, list) else each for to, each in made.items()}

        try:
            made = convert({name: stored[name] for name in names})
        except Exception as error:
            raise ValueError(
                f"model: {names[0]} and {len(names) - 1} other tensors cannot be made into "
                f"{target}; fetch them again ({str(error).partition(chr(10))[0][:200]})"
            ) from error
        return Group(tuple(made), names, convert)

    groups = tuple(group(target, members) for target, members in found.items())
    used = [each for each in rules if not hasattr(each, "was_used") or each.was_used()]
    return Naming(groups, lambda state: _reverted(model, used, state))


def _reverted(model: Any, used: list[Any], state: dict[str, Tensor]) -> dict[str, Tensor]:
    from transformers.core_model_loading import revert_weight_conversion

    before = getattr(model, "_weight_conversions", None)
    model._weight_conversions = used
    try:
        return revert_weight_conversion(model, state)
    finally:
        model._weight_conversions = before


def _renamed(model: Any, stored: Tensors, own: Tensors) -> Naming:
    from transformers.modeling_utils import VLMS

    prefix, names = model.base_model_prefix, list(stored)
    has = bool(prefix) and any(name.startswith(prefix) for name in names)
    expects = bool(prefix) and hasattr(model, prefix)
    # As from_pretrained does: for these classes alone.
    classes = [each.__name__.lower() for each in type(model).__mro__[:-1]]
    mapped = any(each in name for each in VLMS for name in classes)
    renamed = model._get_key_renaming_mapping(
        names,
        model._checkpoint_conversion_mapping if mapped else None,
        has and not expects,
        expects and not has,
    )
    groups = tuple(Group((to,), (name,)) for name, to in renamed.items() if to in own)
    return Naming(groups, dict)
