"""The first look at an adapter: what it offers, and whether its answers can be judged at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from pruneproof.properties.gate.methods import METHODS, REFINEMENTS
from pruneproof.properties.gate.subject import AdapterError, Subject, Unsupported

Offer = tuple[str, str]
"""A kind of property and a method, or `all` for statistics."""

# Sixteen inputs, since some libraries make n:m masks of whole tiles only.
_WEIGHT = torch.tensor(
    [
        [3.0, -1, 2, 5, -4, 1, 2, -6, 1, 4, -3, 2, 7, -2, 1, 5],
        [1.0, 2, -7, 3, 1, -2, 8, 1, -5, 2, 1, 9, -1, 3, 4, -2],
        [2.0, 9, 1, -3, 5, 4, -1, 2, 6, -1, 2, 3, 1, -8, 2, 4],
    ]
)
_INPUTS = torch.tensor(
    [
        [1.0, 2, -1, 3, 1, 2, 4, 1, 2, 1, -3, 1, 2, 5, 1, -1],
        [2.0, -1, 3, 1, 2, 5, 1, -2, 1, 4, 2, -1, 3, 1, 2, 2],
    ]
)
_OUTPUTS = torch.tensor([[1.0, 2], [3, -1], [2, 2]])


def look_at(subject: Subject) -> set[Offer]:
    """Find out what the adapter supports.

    Raises:
        AdapterError: an answer of the wrong form, or an exception of its own.
    """
    offers = set()
    # Copies, since an adapter may change what it is given.
    weight, tokens, activations = _WEIGHT.clone(), _INPUTS.clone(), _OUTPUTS.clone()
    for name, form in METHODS.items():
        inputs = tokens if form.inputs is True else None
        outputs = activations if form.outputs else None
        arguments = (name, weight, inputs, outputs)
        calls: dict[str, Callable[[], Any]] = {
            "score": lambda given=arguments: subject.score(*given),
            "keep_mask": lambda given=arguments: subject.keep_mask(*given, sparsity=0.5),
            "n_m": lambda given=arguments: subject.keep_mask(*given, n_m=(2, 4)),
        }
        offers |= {(kind, name) for kind, call in calls.items() if _is_supported(call)}
    keep = _WEIGHT.abs() > 2
    for name in REFINEMENTS:
        if _is_supported(lambda name=name: subject.refine(name, weight, keep, tokens)):
            offers.add(("refine", name))
    if _is_supported(lambda: subject.activation_statistics([tokens])):
        offers.add(("statistics", "all"))
    return offers


def _is_supported(call: Callable[[], Any]) -> bool:
    try:
        call()
    except Unsupported:
        return False
    except AdapterError as error:
        if error.__cause__ is None:
            raise
        hint = "what an adapter does not do raises NotImplementedError"
        raise AdapterError(f"{error} ({hint})") from error.__cause__
    return True
