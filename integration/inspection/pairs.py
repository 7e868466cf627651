"""The same tensors in two checkpoints, which may name and lay them out differently."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pruneproof.integration.inspection.content import Content
from pruneproof.integration.inspection.source import Entry, Source

LOOKED_AT = 64
"""Rows by which an order of rows is recognised."""
TURNED = ("attn_q", "attn_k")
"""Layers whose rows llama.cpp's converter puts into the order of its rotary embeddings."""


class Pairs:
    """Finds in another checkpoint what a tensor of this one is to be compared with.

    Args:
        source: this one.
        other: the other.
        what: what an error calls the other: `dense` or `mask-of`.
    """

    def __init__(self, source: Source, other: Source, what: str) -> None:
        self.source, self.other, self.what = source, other, what
        self.entries = other.named()
        self.is_gguf = source.format.startswith("GGUF")
        self.across = self.is_gguf != other.format.startswith("GGUF")
        self.to_other = self._names() if self.across else {}

    def entry(self, entry: Entry) -> Entry:
        """The tensor of the other checkpoint.

        Raises:
            ValueError: it is not there, has another shape, or cannot be read.
        """
        name = self.to_other.get(entry.name, entry.name)
        found = self.entries.get(name)
        if found is None:
            raise ValueError(
                f"{self.what}: {self.other.name} has no {name}, which {self.source.name} has; "
                "name the model that it was made of"
            )
        if found.unread:
            raise ValueError(f"{self.what}: {name} of {self.other.name}: {found.unread}")
        turn = found.role.inputs_first != entry.role.inputs_first
        shapes = {found.shape, found.shape[::-1]} if turn else {found.shape}
        if entry.shape not in shapes:
            raise ValueError(
                f"{self.what}: {name} of {self.other.name} is {_by(found.shape)}, and "
                f"{_by(entry.shape)} in {self.source.name}; name the model that it was made of"
            )
        return found

    def content(self, entry: Entry, own: Content) -> Content:
        """The other tensor's numbers, laid out as this one's."""
        found = self.entry(entry)
        content = self.other.read(found)
        if found.role.inputs_first != entry.role.inputs_first:
            content = transposed(content)
        if self.across and (heads := self._heads(entry, found)):
            content = _nearest_order(content, own, heads, self.is_gguf)
        return content

    def _names(self) -> dict[str, str]:
        """By each tensor of this checkpoint, the other's name; GGUF files have their own."""
        from gguf import MODEL_ARCH, MODEL_ARCH_NAMES, get_tensor_name_map

        gguf, folder = (self.source, self.other) if self.is_gguf else (self.other, self.source)
        kinds = {name: kind for kind, name in MODEL_ARCH_NAMES.items()}
        kind = kinds.get(gguf.architecture, MODEL_ARCH.LLAMA)
        blocks = 1 + max((each.role.block or 0 for each in folder.entries), default=0)
        table = get_tensor_name_map(kind, blocks)
        pairs = {}
        for each in folder.entries:
            own = table.get_name(each.name, try_suffixes=(".weight", ".bias"))
            if own is not None:
                pairs[each.name] = own
        return {own: name for name, own in pairs.items()} if self.is_gguf else pairs

    def _heads(self, entry: Entry, found: Entry) -> int:
        """Of a layer whose rows may be in another order, how many heads it has; else 0."""
        gguf, it = (self.source, entry) if self.is_gguf else (self.other, found)
        if not any(f".{each}." in it.name for each in TURNED):
            return 0
        count = f"{gguf.architecture}.attention.head_count"
        key = f"{count}_kv" if "attn_k" in it.name else count
        heads = gguf.settings.get(key, gguf.settings.get(count))
        return heads if isinstance(heads, int) and heads > 0 and it.shape[0] % heads == 0 else 0


def transposed(content: Content) -> Content:
    """A tensor with rows and columns exchanged, in memory at once."""
    whole = np.ascontiguousarray(content.bits(slice(0, content.rows)).T)
    return Content(content.columns, content.rows, content.dtype, lambda a, b: whole[a:b])


def in_order(content: Content, order: NDArray[np.int64]) -> Content:
    """A tensor with its rows in another order."""

    def read(start: int, stop: int) -> Any:
        rows = order[start:stop].tolist()
        return np.concatenate([content.bits(slice(row, row + 1)) for row in rows])

    return Content(content.rows, content.columns, content.dtype, read)


def turned(rows: int, heads: int) -> NDArray[np.int64]:
    """Where each row of a GGUF file's layer is in a folder's: a head's halves take turns."""
    return np.arange(rows).reshape(heads, 2, rows // heads // 2).swapaxes(1, 2).reshape(-1)


def _nearest_order(other: Content, own: Content, heads: int, own_is_gguf: bool) -> Content:
    """The rows in the order in which they are nearer to this checkpoint's."""
    if other.rows // heads % 2:
        return other
    order = turned(other.rows, heads)
    there = order if own_is_gguf else np.argsort(order)
    ways = [other, in_order(other, there)]
    part = slice(0, min(LOOKED_AT, own.rows))
    mine = own.floats(part)

    def far(each: Content) -> float:
        theirs = each.floats(part)
        return float(np.abs(np.where(mine != 0, mine - theirs, 0)).sum())

    return min(ways, key=far)


def check_pairs(pairs: Pairs) -> None:
    """Refuse another model before a number is read.

    Raises:
        ValueError: a tensor of a layer that one of them lacks, or has in another shape.
    """
    known = set()
    for each in pairs.source.entries:
        if each.role.judged and prod(each.shape):
            known.add(pairs.entry(each).name)
    for each in pairs.other.entries:
        if each.role.judged and prod(each.shape) and each.name not in known:
            raise ValueError(
                f"{pairs.source.name} has no {each.name}, which {pairs.what}, {pairs.other.name}, "
                "has; fetch the checkpoint again, or name the model that it was made of"
            )


def _by(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))
