"""The same tensors in two checkpoints, which may name and lay them out differently."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pruneproof.integration.inspection.content import Content
from pruneproof.integration.inspection.source import Entry, Source

LOOKED_AT = 64
"""Rows by which an order of rows is recognised, from first to last."""
TURNED = ("attn_q", "attn_k")
"""Layers whose rows llama.cpp's converter puts into the order of its rotary embeddings."""
FUSED = ("attn_qkv",)
"""Layers whose rows a folder may hold head by head, where a GGUF file has all queries first."""


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
        *before, rows, columns = (1, *found.shape) if len(found.shape) < 2 else found.shape
        turn = found.role.inputs_first != entry.role.inputs_first
        if entry.shape != ((*before, columns, rows) if turn else found.shape):
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
            content = transposed(content, found.shape[0] if len(found.shape) == 3 else 1)
        orders = self._orders(entry, found) if self.across else []
        ways = [in_order(content, each if self.is_gguf else np.argsort(each)) for each in orders]
        return _nearest([content, *ways], own) if ways else content

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

    def _orders(self, entry: Entry, found: Entry) -> list[NDArray[np.int64]]:
        """Where in a folder the rows of a GGUF file's layer may be, if not in the same order."""
        gguf, it = (self.source, entry) if self.is_gguf else (self.other, found)
        count = f"{gguf.architecture}.attention.head_count"
        heads = _of_block(gguf.settings.get(count), entry.role.block)
        few = _of_block(gguf.settings.get(f"{count}_kv", heads), entry.role.block)
        rows = it.shape[0]
        if entry.role.inputs_first or found.role.inputs_first:
            # GPT-2's, which is transposed and keeps its order.
            return []
        if not (isinstance(heads, int) and isinstance(few, int) and 0 < few <= heads):
            return []
        if any(f".{each}." in it.name for each in FUSED):
            parts = heads + 2 * few
            fit = heads % few == 0 and rows % parts == 0
            return [regrouped(rows, heads, few)] if fit else []
        if any(f".{each}." in it.name for each in TURNED):
            halves = 2 * (few if "attn_k" in it.name else heads)
            return [turned(rows, halves // 2)] if rows % halves == 0 else []
        return []


def _of_block(setting: object, block: int | None) -> object:
    """A setting that may differ from block to block."""
    if isinstance(setting, list):
        return setting[block] if block is not None and block < len(setting) else None
    return setting


def transposed(content: Content, experts: int = 1) -> Content:
    """A tensor with each expert's rows and columns exchanged, in memory at once."""
    stack = content.bits(slice(0, content.rows)).reshape(experts, -1, content.columns)
    rows = stack.shape[1]
    whole = np.ascontiguousarray(stack.swapaxes(1, 2)).reshape(-1, rows)
    return Content(len(whole), rows, content.dtype, lambda a, b: whole[a:b])


def in_order(content: Content, order: NDArray[np.int64]) -> Content:
    """A tensor with its rows in another order."""

    def read(start: int, stop: int) -> Any:
        rows = order[start:stop].tolist()
        return np.concatenate([content.bits(slice(row, row + 1)) for row in rows])

    return Content(content.rows, content.columns, content.dtype, read)


def turned(rows: int, heads: int) -> NDArray[np.int64]:
    """Where each row of a GGUF file's layer is in a folder's: a head's halves take turns."""
    return np.arange(rows).reshape(heads, 2, rows // heads // 2).swapaxes(1, 2).reshape(-1)


def regrouped(rows: int, heads: int, few: int) -> NDArray[np.int64]:
    """Where each row of a GGUF file's queries, keys and values is in a folder's.

    There each of a few key heads lies after the queries that share it, and before its values, as in
    GPT-NeoX, Bloom (as many key heads as queries) and Falcon; llama.cpp's converter puts all
    queries first, then all keys.
    """
    share = heads // few
    groups = np.arange(rows).reshape(few, share + 2, -1)
    parts = groups[:, :share], groups[:, share], groups[:, share + 1]
    return np.concatenate([each.reshape(-1) for each in parts])


def _nearest(ways: list[Content], own: Content) -> Content:
    """The one whose rows are nearest to this checkpoint's."""
    some = np.unique(np.linspace(0, own.rows - 1, min(LOOKED_AT, own.rows)).astype(int)).tolist()
    rows = [slice(each, each + 1) for each in some]
    mine = np.concatenate([own.floats(each) for each in rows])

    def far(each: Content) -> float:
        theirs = np.concatenate([each.floats(row) for row in rows])
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
