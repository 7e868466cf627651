"""Weights of a loaded model as inspection sees them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pruneproof.integration.inspection.content import KINDS, Content
from pruneproof.integration.inspection.roles import MATRIX, Role
from pruneproof.integration.inspection.source import PLAIN, Entry

NAMES = {torch.float64: "F64", torch.float32: "F32", torch.bfloat16: "BF16", torch.float16: "F16"}
_INTEGERS = {8: torch.int64, 4: torch.int32, 2: torch.int16}


def content_of(weight: Tensor) -> Content:
    """The numbers of a matrix, of one of the dtypes in `NAMES`."""
    name = NAMES[weight.dtype]
    whole = weight.detach().to("cpu").contiguous().view(_INTEGERS[weight.element_size()])
    bits: Any = whole.numpy().view(KINDS[name].bits)
    return Content(*weight.shape, name, lambda start, stop: bits[start:stop])


def entry_of(name: str, weight: Tensor) -> Entry:
    """A layer's matrix before its numbers."""
    shape = tuple(weight.shape)
    return Entry(name, shape, NAMES[weight.dtype], PLAIN, Role(MATRIX, None, name), weight.nbytes)
