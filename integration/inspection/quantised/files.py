"""The tensors of a checkpoint, and the weights that some of them make together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pruneproof.integration.checkpoint.safetensors_files import Header
from pruneproof.integration.inspection.content import Array, Content

Whole = Callable[[str], Array]
UNREAD = "its packed numbers are not read yet"


@dataclass(frozen=True)
class Packed:
    """A weight that several tensors make.

    What is read of whole numbers are these without their zero point and without their scale, so
    that 0 is 0 and the levels are one apart.

    Attributes:
        shape: of the weight.
        dtype: what its numbers are, or would be, stored as.
        storage: the format.
        size: bytes in the file.
        content: reads it.
        unread: why it is not read; "" where it is.
        unscaled: whether what is read are numbers without their scale.
    """

    shape: tuple[int, ...]
    dtype: str
    storage: str
    size: int
    content: Callable[[], Content]
    unread: str = ""
    unscaled: bool = True


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


class Files:
    """The tensors of a checkpoint, and those that packed weights took.

    Args:
        headers: of all tensors.
        whole: reads a tensor.
        said: what config.json says of how they are quantised.
    """

    def __init__(
        self, headers: Mapping[str, Header], whole: Whole, said: Mapping[str, Any]
    ) -> None:
        self.headers, self.whole, self.said = headers, whole, said
        self.used: set[str] = set()
        self.weights: dict[str, Packed] = {}

    def take(self, *names: str) -> int:
        """Mark tensors as used; how many bytes they have."""
        there = [each for each in names if each in self.headers]
        self.used.update(there)
        return sum(self.headers[each].size for each in there)

    def is_kind(self, name: str, dtype: str, dimensions: int = 2) -> bool:
        """Whether a tensor is there, of a dtype and with so many dimensions."""
        header = self.headers.get(name)
        return header is not None and header.dtype == dtype and len(header.shape) == dimensions

    def shape_of(self, name: str) -> tuple[int, ...]:
        """What a tensor of whole numbers says that a weight's shape is."""
        return tuple(int(each) for each in np.asarray(self.whole(name)).reshape(-1).tolist())

    def words(self, name: str) -> NDArray[np.uint32]:
        """A tensor of int32 as unsigned words."""
        return np.asarray(self.whole(name)).view(np.uint32)

    def add_unread(
        self, name: str, kind: str, taken: int, shape: tuple[int, ...], why: str
    ) -> None:
        """A weight of which only its name and the shape of its first tensor are known."""

        def content() -> Content:
            raise AssertionError("not read")

        size = shape if len(shape) > 1 else (*shape, 1)
        self.weights[name] = Packed(size, kind, kind, taken, content, f"{kind}: {why}")


def codes_of(words: NDArray[np.uint32], bits: int) -> NDArray[np.uint8]:
    """Whole numbers that lie side by side in words, the first one lowest.

    Args:
        words: rows × words.
        bits: of a number, up to 8; one may begin in a word and end in the next.

    Returns:
        rows × numbers, of which there are 32 / bits in a word.
    """
    rows, width = words.shape
    if 32 % bits == 0:
        shifts = np.arange(0, 32, bits, dtype=np.uint32)
        codes = words[:, :, None] >> shifts & np.uint32((1 << bits) - 1)
        return codes.astype(np.uint8).reshape(rows, width * 32 // bits)
    flat = np.ascontiguousarray(words).astype("<u4").view(np.uint8)
    each = np.unpackbits(flat, axis=1, bitorder="little")
    count = width * 32 // bits
    each = each[:, : count * bits].reshape(rows, count, bits)
    return each @ (1 << np.arange(bits, dtype=np.uint8))
