"""Where faults and variants are entered; importing `everything` enters them all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """A wrong implementation.

    Attributes:
        adapter: its class; the docstring's first line names the fault.
        caught_by: the property that is about it, as `id:method`.
        verdict: of that property: failed, or not_shown where it refuses to be judged.
    """

    adapter: type
    caught_by: str
    verdict: str = "failed"

    @property
    def name(self) -> str:
        """Of the class."""
        return self.adapter.__name__


FAULTS: dict[str, Fault] = {}
VARIANTS: dict[str, type] = {}


def fault(caught_by: str, verdict: str = "failed") -> Callable[[type], type]:
    """Enter a wrong adapter."""

    def enter(adapter: type) -> type:
        if adapter.__name__ in FAULTS:
            raise ValueError(f"adapter must have a name of its own, got {adapter.__name__} twice")
        FAULTS[adapter.__name__] = Fault(adapter, caught_by, verdict)
        return adapter

    return enter


def variant(adapter: type) -> type:
    """Enter a right adapter."""
    if adapter.__name__ in VARIANTS:
        raise ValueError(f"adapter must have a name of its own, got {adapter.__name__} twice")
    VARIANTS[adapter.__name__] = adapter
    return adapter
