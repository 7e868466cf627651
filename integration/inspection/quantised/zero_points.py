"""GPTQ and AWQ: whole numbers in `qweight`, and the number that means 0 in `qzeros`, by groups.

Both lie as inputs × outputs. GPTQ packs the inputs of an output together, AWQ neighbouring outputs.
A weight is 0 where its number is its group's zero point.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from pruneproof.integration.inspection.content import Array, Content
from pruneproof.integration.inspection.quantised.files import UNREAD, Files, Packed, codes_of
from pruneproof.integration.inspection.roles import EMBEDDING, role_of

PARTS = ("qweight", "qzeros", "scales", "g_idx")
BITS = (2, 3, 4, 8)
LOWERED, AS_IT_IS = "gptq", "gptq_v2"
"""Formats of GPTQ's files: zero points less 1 (also where nothing is said), or as they are."""
PLACE = np.array([0, 4, 1, 5, 2, 6, 3, 7], np.uint32)
"""Where each of eight neighbouring outputs is in AWQ's word, by the numbers in it."""
NEITHER = "config.json does not say whether it is GPTQ's or AWQ's"
AMBIGUOUS = "a zero point less 1 has all bits set, of which libraries make different numbers"
OFF_CENTRE = "its zero points are not those of the symmetric numbers that config.json says it has"
"""So lie those that a library stored as they are, and labelled as less 1."""
THREE = "libraries disagree about what is taken from three-bit zero points"


@dataclass(frozen=True)
class _Layer:
    """A layer's tensors by what they are called, and their sizes."""

    files: Files
    name: str

    def named(self, part: str) -> str:
        return f"{self.name}.{part}"

    def shape(self, part: str) -> tuple[int, ...]:
        return self.files.headers[self.named(part)].shape

    def wrong(self, what: str) -> ValueError:
        return ValueError(f"{self.name}: {what}; fetch it again")


def read(files: Files, name: str) -> None:
    """Add a layer's weight.

    Raises:
        ValueError: a tensor is missing or does not fit the others.
    """
    layer = _Layer(files, name)
    method = str(files.said.get("quant_method", "")).lower()
    if method not in ("gptq", "awq"):
        _unread(layer, "GPTQ or AWQ", NEITHER)
    elif role_of(f"{name}.weight", (2, 2)).kind == EMBEDDING:
        # GPTQModel packs embeddings along their tokens.
        _unread(layer, method.upper(), UNREAD)
    elif method == "gptq":
        _gptq(layer)
    else:
        _awq(layer)


def _unread(layer: _Layer, kind: str, why: str, shape: tuple[int, ...] | None = None) -> None:
    """Add a layer that is not read, of a shape if that is known, else of that of its words."""
    taken = layer.files.take(*map(layer.named, PARTS))
    shape = shape or layer.shape("qweight")
    layer.files.add_unread(f"{layer.name}.weight", kind, taken, shape, why)


def _there(layer: _Layer, kind: str) -> bool:
    """Whether a layer has the tensors that its format has, of the dtypes that are read."""
    missing = [each for each in PARTS[:3] if layer.named(each) not in layer.files.headers]
    if missing:
        raise layer.wrong(f"lacks its {missing[0]}")
    wrong = [each for each in PARTS[:3] if len(layer.shape(each)) != 2]
    if wrong:
        raise layer.wrong(f"its {wrong[0]} is no matrix")
    of_words = all(layer.files.is_kind(layer.named(each), "I32") for each in PARTS[:2])
    if not of_words:
        _unread(layer, kind, UNREAD)
    return of_words


def _gptq(layer: _Layer) -> None:
    """GPTQ's, as auto-gptq 0.7.1 and GPTQModel 7.7.0 write it."""
    files = layer.files
    form = str(files.said.get("checkpoint_format") or files.said.get("format") or LOWERED).lower()
    if form not in (LOWERED, AS_IT_IS):
        _unread(layer, f"GPTQ {form}", UNREAD)
        return
    if not _there(layer, "GPTQ"):
        return
    height, outputs = layer.shape("qweight")
    groups, wide = layer.shape("qzeros")
    ordered = layer.named("g_idx") in files.headers
    if ordered and not files.is_kind(layer.named("g_idx"), "I32", 1):
        raise layer.wrong("its g_idx is no row of int32")
    fit = [
        bits
        for bits in range(2, 9)
        if wide == ceil(outputs * bits / 32)
        and (not ordered or height == ceil(layer.shape("g_idx")[0] * bits / 32))
    ]
    if not fit or layer.shape("scales") != (groups, outputs):
        raise layer.wrong("its tensors do not fit each other as GPTQ's")
    said = [each for each in fit if each == files.said.get("bits")] or fit
    if len(said) > 1:
        # Of a few outputs, without g_idx.
        _unread(layer, "GPTQ", UNREAD)
        return
    (bits,) = said
    inputs = layer.shape("g_idx")[0] if ordered else height * 32 // bits
    over = height * 32 // bits - inputs
    group_of = _groups(layer, inputs, groups)
    stored = codes_of(files.words(layer.named("qzeros")), bits)[:, :outputs]
    if group_of is None or bits not in BITS:
        _unread(layer, f"GPTQ int{bits}", UNREAD, (outputs, inputs))
        return
    if form == LOWERED and (bits == 3 or (stored == (1 << bits) - 1).any()):
        why = THREE if bits == 3 else AMBIGUOUS
        _unread(layer, f"GPTQ int{bits}", why, (outputs, inputs))
        return
    zeros = stored.T + np.uint8(form == LOWERED)
    if files.said.get("sym") is True and (zeros != 1 << (bits - 1)).any():
        _unread(layer, f"GPTQ int{bits}", OFF_CENTRE, (outputs, inputs))
        return

    def content() -> Content:
        words = np.ascontiguousarray(files.words(layer.named("qweight")).T)
        # The last word may be filled up with zeros; of three bits, the last three words are whole.
        if over and codes_of(words[:, -bits:], bits)[:, -over:].any():
            raise layer.wrong("its g_idx is shorter than its numbers")

        def rows(start: int, stop: int) -> Array:
            codes = codes_of(words[start:stop], bits)[:, :inputs]
            return codes.astype(np.float32) - zeros[start:stop][:, group_of]

        return Content(outputs, inputs, "", rows)

    taken = files.take(*map(layer.named, PARTS))
    files.weights[f"{layer.name}.weight"] = Packed(
        (outputs, inputs), f"I{bits}", f"GPTQ int{bits}", taken, content
    )


def _groups(layer: _Layer, inputs: int, groups: int) -> NDArray[np.int64] | None:
    """The group of each input, or None where nothing says it."""
    files = layer.files
    if layer.named("g_idx") in files.headers:
        found = np.asarray(files.whole(layer.named("g_idx"))).reshape(-1).astype(np.int64)
        if len(found) and not 0 <= found.min() <= found.max() < groups:
            raise layer.wrong(f"its g_idx names groups that do not exist; there are {groups}")
        neighbours = np.arange(inputs) // max(1, np.count_nonzero(found == 0))
        # Libraries that are told of no order do not look at it.
        told = files.said.get("desc_act") is not False or np.array_equal(found, neighbours)
        return found if told else None
    if files.said.get("desc_act"):
        raise layer.wrong("lacks the g_idx that desc_act in config.json asks for")
    size = files.said.get("group_size")
    if groups == 1:
        return np.zeros(inputs, np.int64)
    if isinstance(size, int) and size > 0 and ceil(inputs / size) == groups:
        return np.arange(inputs) // size
    return None


def _awq(layer: _Layer) -> None:
    """AWQ's, in the layout for matrix products, as AutoAWQ 0.2.9 writes it."""
    files = layer.files
    said = files.said
    named = (said.get(each) for each in ("version", "checkpoint_format", "format"))
    form = str(next(filter(None, named), "")).lower()
    if form != "gemm":
        _unread(layer, f"AWQ {form}".strip(), UNREAD)
        return
    if not _there(layer, "AWQ"):
        return
    (inputs, wide), (groups, wide_too) = layer.shape("qweight"), layer.shape("qzeros")
    outputs = 8 * wide
    fit = wide == wide_too and layer.shape("scales") == (groups, outputs)
    if not fit or not groups or inputs % groups:
        raise layer.wrong("its tensors do not fit each other as AWQ's")
    size = inputs // groups
    if said.get("group_size") not in (None, size, -1 if groups == 1 else size):
        _unread(layer, "AWQ int4", UNREAD, (outputs, inputs))
        return
    group_of = np.arange(inputs) // max(1, size)

    def content() -> Content:
        # Words of eight outputs, as word × inputs.
        words = np.ascontiguousarray(files.words(layer.named("qweight")).T)
        zeros = _of_outputs(np.ascontiguousarray(files.words(layer.named("qzeros")).T))

        def rows(start: int, stop: int) -> Array:
            first = start // 8
            codes = _of_outputs(words[first : ceil(stop / 8)])[start - 8 * first : stop - 8 * first]
            return codes.astype(np.float32) - zeros[start:stop][:, group_of]

        return Content(outputs, inputs, "", rows)

    taken = files.take(*map(layer.named, PARTS))
    files.weights[f"{layer.name}.weight"] = Packed(
        (outputs, inputs), "I4", "AWQ int4", taken, content
    )


def _of_outputs(words: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Numbers of outputs × inputs, of words of eight outputs × inputs."""
    codes = words[:, None, :] >> (4 * PLACE)[:, None] & np.uint32(15)
    return codes.astype(np.uint8).reshape(8 * len(words), words.shape[1])
