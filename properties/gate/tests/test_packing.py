"""Tensors between the gate and its worker: every bit and stride arrives, and nothing is trusted."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from pruneproof.properties.gate.adapter.packing import Watched, packed, unpacked
from pruneproof.properties.gate.adapter.wire import DTYPES, WireError

BITS = torch.tensor([0, 1, 127, 128, 200, 255, 0, 248], dtype=torch.uint8)


def sent(value: Any) -> Any:
    return unpacked(json.loads(json.dumps(packed(value))))


@pytest.mark.parametrize("dtype", [each for each in DTYPES.values() if each != torch.bool], ids=str)
def test_every_bit_arrives(dtype: torch.dtype) -> None:
    # With what NaN carries, subnormal numbers and the sign of zero.
    tensor = BITS.repeat(2).view(dtype)
    arrived = sent(tensor)
    assert arrived.dtype == dtype
    assert torch.equal(arrived.view(torch.uint8), tensor.view(torch.uint8))


@pytest.mark.parametrize(
    "view",
    [
        torch.arange(12.0).reshape(3, 4),
        torch.arange(12.0).reshape(3, 4).T,
        torch.arange(12.0).reshape(3, 4)[1:, ::2],
        torch.ones(1, 2).expand(5, 2),
        torch.empty(0, 3),
        torch.tensor(2.5),
        torch.tensor([True, False]),
        torch.ones(2, requires_grad=True),
    ],
)
def test_a_view_arrives_as_it_lies(view: Tensor) -> None:
    arrived = sent(view)
    assert torch.equal(arrived, view)
    assert arrived.stride() == view.stride()
    assert arrived.storage_offset() == view.storage_offset()
    assert arrived.untyped_storage().nbytes() == view.untyped_storage().nbytes()
    assert not arrived.requires_grad


def test_lists_dicts_and_plain_values_arrive() -> None:
    given = {"norm": [torch.ones(2), 3], "tokens": 4, "name": "a", "none": None, "p": 0.1}
    arrived = sent(given)
    assert torch.equal(arrived["norm"][0], torch.ones(2))
    assert {**arrived, "norm": 3} == {**given, "norm": 3}


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (np.ones(2), "ndarray"),
        (object(), "object"),
        (torch.eye(2).to_sparse(), "Tensor of torch.sparse_coo"),
        (torch.ones(2, device="meta"), "Tensor of torch.strided on meta"),
        (torch.ones(2, dtype=torch.complex64), "Tensor of complex64"),
    ],
)
def test_what_cannot_be_sent_arrives_by_its_name(value: Any, name: str) -> None:
    assert type(sent(value)).__name__.startswith(name)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"packed": "float8"}, "must be an object of"),
        ({"packed": 3}, "must be an object of"),
        ({"more": 1}, "must be an object of"),
        ({"shape": [2, -1]}, "shape must be"),
        ({"shape": [2**40]}, "shape must be"),
        ({"shape": [3, 3]}, "memory must hold it"),
        ({"strides": [100, 1]}, "memory must hold it"),
        ({"strides": [-1, 1]}, "memory must hold it"),
        ({"strides": "ab"}, "memory must hold it"),
        ({"offset": 1}, "memory must hold it"),
        ({"offset": -1}, "memory must hold it"),
        ({"offset": 2**70}, "memory must hold it"),
        ({"bytes": "*"}, "memory must hold it"),
        ({"bytes": "AAA="}, "memory must hold it"),
        ({"bytes": None}, "memory must hold it"),
        ({"packed": "bool", "bytes": base64.b64encode(b"\2" * 16).decode()}, "is 0 or 1"),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(WireError, match=message):
        unpacked({**packed(torch.ones(2, 2)), **change})


def test_what_is_written_later_is_noticed_once() -> None:
    weight, base = torch.ones(2, 2), torch.zeros(4)
    watched = Watched({"weight": weight, "list": [base[1:3]], "tokens": 3})
    assert not watched.has_changed()
    weight.data[0, 0] = 2
    assert watched.has_changed()
    assert not watched.has_changed()
    # By its memory, whoever writes.
    base.numpy()[3] = -0.0
    assert watched.has_changed()
    weight.resize_(1, 1)
    assert watched.has_changed()
