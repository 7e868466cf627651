"""A checkpoint's tensors, whatever they are stored in, one at a time and in a stable order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import prod

from pruneproof.integration.inspection.content import Content
from pruneproof.integration.inspection.roles import Role

PLAIN, SCALED = "plain", "float8, its scale elsewhere"


@dataclass(frozen=True)
class Entry:
    """A tensor before its numbers.

    Attributes:
        name: the checkpoint's, of the weight that is meant: of several tensors that make one
            weight, such as packed numbers and their scales, its name.
        shape: of the weight.
        dtype: what its numbers are stored as, in the words of safetensors or GGUF.
        storage: `plain` where its numbers stand for themselves, else the format.
        role: what it is in a decoder.
        size: bytes in the file.
        unread: why its numbers are not read; "" where they are.
        unscaled: whether what is read are numbers without the scale that makes them weights.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    storage: str
    role: Role
    size: int
    unread: str = ""
    unscaled: bool = False

    @property
    def weights(self) -> int:
        """How many numbers there are."""
        return prod(self.shape)


@dataclass(frozen=True)
class Source:
    """A checkpoint.

    Attributes:
        name: as it was given.
        format: `safetensors` or `GGUF`, and how it is quantised.
        entries: all tensors, block by block in the order of their names.
        read: the numbers of one.
        architecture: what the configuration says, by which names of GGUF files are known.
        settings: of the configuration.
    """

    name: str
    format: str
    entries: tuple[Entry, ...]
    read: Callable[[Entry], Content]
    architecture: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)

    def named(self) -> dict[str, Entry]:
        """The tensors by name."""
        return {each.name: each for each in self.entries}


def in_order(name: str) -> tuple[tuple[int, int, str], ...]:
    """What names are sorted by: numbers in them as numbers, so that layer 2 is before layer 10."""
    parts = name.split(".")
    return tuple((0, int(each), "") if each.isdecimal() else (1, 0, each) for each in parts)
