"""Nothing is lost on the wire, and nothing that is wrong gets through."""

import json
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from pruneproof.properties.gate.adapter.wire import (
    DTYPES,
    WireError,
    decoded,
    encoded,
    from_line,
    hex_float,
    to_line,
)


def sent(value: object) -> object:
    return decoded(from_line(to_line({"value": value}))["value"])


@given(st.lists(st.floats(allow_nan=False), min_size=1))
def test_doubles_arrive_as_they_were(numbers: list[float]) -> None:
    tensor = torch.tensor(numbers, dtype=torch.float64)
    arrived = sent(tensor)
    assert isinstance(arrived, Tensor)
    # As bits, since 0.0 equals -0.0.
    assert torch.equal(arrived.view(torch.int64), tensor.view(torch.int64))


@pytest.mark.parametrize("name", DTYPES)
def test_every_dtype_and_shape_arrives(name: str) -> None:
    for shape in [(), (0,), (3, 0), (2, 3), (1, 2, 2)]:
        tensor = torch.arange(math.prod(shape)).reshape(shape).to(DTYPES[name])
        arrived = sent(tensor)
        assert isinstance(arrived, Tensor)
        assert (arrived.dtype, arrived.shape) == (tensor.dtype, tensor.shape)
        assert torch.equal(arrived, tensor)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_ends_of_the_range_and_what_is_not_finite_arrive(dtype: torch.dtype) -> None:
    info = torch.finfo(dtype)
    tensor = torch.tensor(
        [info.max, info.tiny, info.smallest_normal, math.inf, -math.inf], dtype=dtype
    )
    arrived = sent(tensor)
    assert isinstance(arrived, Tensor)
    assert torch.equal(arrived, tensor)
    assert sent(torch.tensor([math.nan], dtype=dtype)).isnan().all()  # type: ignore[attr-defined]


def test_strides_are_not_carried() -> None:
    arrived = sent(torch.ones(2, 3).T)
    assert isinstance(arrived, Tensor)
    assert arrived.is_contiguous()


def test_parameters_arrive() -> None:
    parameters = {"p": math.inf, "sparsity": 0.29, "n_m": (2, 4), "terms": "both", "seed": 3}
    assert sent(parameters) == parameters | {"n_m": [2, 4]}


@pytest.mark.parametrize("number", [0.1, -0.0, 1.0, 1024.0, 5e-324, 1.7976931348623157e308])
def test_hex_floats_have_no_needless_zeros(number: float) -> None:
    text = hex_float(number)
    assert float.fromhex(text) == number
    assert "0p" not in text or text.endswith("0x0p+0")


GOOD = {"dtype": "float32", "shape": [2], "values": ["0x1p+0", "0x1p+1"]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dtype": "float128"}, "dtype must be one of"),
        ({"dtype": ["float32"]}, "dtype must be one of"),
        ({"shape": [3]}, "values must be 3"),
        ({"shape": [-2]}, "shape must be a list of lengths"),
        ({"shape": [True, 2]}, "shape must be a list of lengths"),
        ({"shape": 2}, "shape must be a list of lengths"),
        ({"shape": [0, 2**40]}, "at most 8 lengths"),
        ({"shape": [1] * 9}, "at most 8 lengths"),
        ({"values": "ab"}, "values must be 2"),
        ({"values": ["0x1p+0", "10"]}, "floats in hexadecimal"),
        ({"values": ["0x1p+0", 1.5]}, "floats in hexadecimal"),
        ({"values": ["0x1p+0", "0x1p+99999"]}, "range of doubles"),
        ({"values": ["0x1p+0", "0x1.0000001p+0"]}, "between two"),
        ({"values": ["0x1p+0", "0x1p+128"]}, "between two"),
        ({"dtype": "bool"}, "must be bools"),
        ({"dtype": "int8", "values": [1, 300]}, "within the range"),
        ({"dtype": "int64", "values": [1, 2**70]}, "within the range"),
        ({"dtype": "int64", "values": [1, True]}, "must be ints"),
        ({"more": 1}, "must be an object of"),
    ],
)
def test_a_tensor_that_does_not_fit_together_is_refused(change: dict, message: str) -> None:
    with pytest.raises(WireError, match=message):
        decoded(GOOD | change)


@pytest.mark.parametrize("line", [b"", b"hello\n", b"[1]\n", b'{"a": NaN}\n', b"[" * 100_000])
def test_a_line_that_is_no_object_is_refused(line: bytes) -> None:
    with pytest.raises(WireError, match="one JSON object"):
        from_line(line)


@pytest.mark.parametrize("value", [object(), torch.ones(1, dtype=torch.complex64), {1, 2}])
def test_what_has_no_form_is_refused(value: object) -> None:
    with pytest.raises(WireError):
        encoded(value)


def test_a_line_is_plain_json() -> None:
    line = to_line({"id": 1, "answer": torch.tensor([[True, False]])})
    assert line.endswith(b"\n")
    assert json.loads(line)["answer"] == {"dtype": "bool", "shape": [1, 2], "values": [True, False]}
