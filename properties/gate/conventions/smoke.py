"""The first look at an adapter: what it offers, and whether its answers can be judged at all."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from pruneproof.properties.gate.adapter.process import ProcessError
from pruneproof.properties.gate.adapter.subject import AdapterError, Call, Subject, Unsupported
from pruneproof.properties.gate.examples.layers import given
from pruneproof.properties.gate.methods import EVERY_SCORE, REFINEMENTS

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

    What it offers and cannot do, since it raises or answers in a wrong form, is offered: that is
    for the verdicts to say. What ends or blocks its process is remembered, and not asked again.

    Raises:
        AdapterError: an answer of the wrong form, or an exception of its own, and no other answer.
    """
    offers: set[Offer] = set()
    look = _Look(subject)
    # Copies, since an adapter may change what it is given.
    weight, tokens, activations = _WEIGHT.clone(), _INPUTS.clone(), _OUTPUTS.clone()
    for name in EVERY_SCORE:
        takes_inputs, takes_outputs = given(name, {})
        inputs = tokens if takes_inputs else None
        outputs = activations if takes_outputs else None
        arguments = (name, weight, inputs, outputs)
        calls: dict[str, Callable[[], Any]] = {
            "score": lambda given=arguments: subject.score(*given),
            "keep_mask": lambda given=arguments: subject.keep_mask(*given, sparsity=0.5),
            "n_m": lambda given=arguments: subject.keep_mask(*given, n_m=(2, 4)),
        }
        offers |= {
            (kind, name) for kind, call in calls.items() if look.is_offered(kind, name, call)
        }
    keep = _WEIGHT.abs() > 2
    for name in REFINEMENTS:
        call = partial(subject.refine, name, weight, keep, tokens)
        if look.is_offered("refine", name, call):
            offers.add(("refine", name))
    if look.is_offered("statistics", "all", lambda: subject.activation_statistics([tokens])):
        offers.add(("statistics", "all"))
    subject.sound = look.sound
    if look.first is not None and not look.sound:
        error, subject.calls[:] = look.first
        raise error
    return offers


class _Look:
    """What the calls of the first look have shown.

    Attributes:
        sound: kinds and methods that had an answer which can be judged.
        first: what went wrong first, and the calls until then.
    """

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.sound: set[Offer] = set()
        self.first: tuple[AdapterError, list[Call]] | None = None

    def is_offered(self, kind: str, method: str, call: Callable[[], Any]) -> bool:
        """Whether the adapter does not refuse a call."""
        self.subject.begin()
        try:
            call()
        except Unsupported:
            return False
        except AdapterError as error:
            if error.__cause__ is not None and not isinstance(error.__cause__, ProcessError):
                hint = "what an adapter does not do raises NotImplementedError"
                error.args = (f"{error} ({hint})",)
            self.first = self.first or (error, [*self.subject.calls])
            if isinstance(error.__cause__, ProcessError):
                self.subject.broken[kind, method] = str(error), [*self.subject.calls]
        else:
            self.sound.add((kind, method))
        return True
