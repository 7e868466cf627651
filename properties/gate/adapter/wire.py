"""Tensors and messages as lines of JSON, exactly, for a process or a language of its own.

A float is written as C writes it with ``%a``, in hexadecimal digits, so that nothing is rounded.
Strides and devices are not carried. Nothing that arrives is trusted: it is parsed, never executed,
and every dtype, size and number is checked.
"""

from __future__ import annotations

import json
import math
import re
from numbers import Integral, Real
from typing import Any, NoReturn

import torch
from torch import Tensor

DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        *(torch.float16, torch.bfloat16, torch.float32, torch.float64),
        *(torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64),
    )
}
"""What a tensor may hold, by its name on the wire."""

MOST_NUMBERS, MOST_DIMENSIONS = 2**31, 8
_TENSOR = {"dtype", "shape", "values"}
_HEX = re.compile(r"[+-]?(0x[0-9a-f]+(\.[0-9a-f]*)?p[+-]?[0-9]{1,5}|inf(inity)?|nan)", re.I)
_NEEDLESS_ZEROS = re.compile(r"\.?0+p")
_NOT_FINITE = ("inf", "-inf", "nan")


class WireError(ValueError):
    """What the other side sent is no message of the protocol, or cannot be sent at all."""


def to_line(message: dict[str, Any]) -> bytes:
    """One message, with the newline that ends it."""
    return (json.dumps(encoded(message), allow_nan=False) + "\n").encode()


def from_line(line: bytes) -> dict[str, Any]:
    """The message of one line, with its tensors not yet decoded.

    Raises:
        WireError: it is not a JSON object.
    """
    try:
        message = json.loads(line, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise WireError(f"a line must be one JSON object ({error}), got {shown(line)}") from None
    if not isinstance(message, dict):
        raise WireError(f"a line must be one JSON object, got {shown(line)}")
    return message


def encoded(value: Any) -> Any:
    """What stands for a value in JSON.

    Example:
        >>> encoded({"scores": torch.tensor([1.5, -math.inf]), "p": math.inf})
        {'scores': {'dtype': 'float32', 'shape': [2], 'values': ['0x1.8p+0', '-inf']}, 'p': 'inf'}

    Raises:
        WireError: neither tensor, number, string, boolean, None, nor a dict or list of these.
    """
    if isinstance(value, Tensor):
        return _encoded_tensor(value)
    if isinstance(value, dict):
        return {str(key): encoded(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [encoded(each) for each in value]
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        number = float(value)
        return number if math.isfinite(number) else str(number)
    raise WireError(f"a tensor, number or text can be sent, not a {type(value).__name__}")


def decoded(value: Any) -> Any:
    """The value that a piece of JSON stands for.

    Example:
        >>> decoded({"dtype": "bool", "shape": [2], "values": [True, False]})
        tensor([ True, False])

    Raises:
        WireError: a tensor whose parts do not fit together.
    """
    if isinstance(value, dict):
        if "dtype" in value:
            return decoded_tensor(value)
        return {key: decoded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [decoded(each) for each in value]
    return float(value) if value in _NOT_FINITE else value


def decoded_tensor(value: Any) -> Tensor:
    """A tensor of the dtype and shape that it says it has, and of as many numbers as that needs.

    Raises:
        WireError: it has not, or a number is not one of that dtype.
    """
    if not isinstance(value, dict) or set(value) != _TENSOR:
        raise WireError(f"a tensor must be an object of {sorted(_TENSOR)}, got {shown(value)}")
    dtype = DTYPES.get(value["dtype"]) if isinstance(value["dtype"], str) else None
    if dtype is None:
        raise WireError(f"dtype must be one of {', '.join(DTYPES)}, got {shown(value['dtype'])}")
    shape, values = checked_shape(value["shape"]), value["values"]
    if not isinstance(values, list) or len(values) != math.prod(shape):
        got = len(values) if isinstance(values, list) else shown(values)
        raise WireError(f"values must be {math.prod(shape)} for shape {shape}, got {got}")
    if dtype.is_floating_point:
        return _floats(values, dtype).reshape(shape)
    return _whole_numbers(values, dtype).reshape(shape)


def hex_float(number: float) -> str:
    """A double in C99's hexadecimal form, without needless zeros.

    Example:
        >>> hex_float(0.1), hex_float(-3.0), hex_float(float("inf"))
        ('0x1.999999999999ap-4', '-0x1.8p+1', 'inf')
    """
    return _NEEDLESS_ZEROS.sub("p", float.hex(number))


def shown(value: Any) -> str:
    """The beginning of something unexpected."""
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}…"


def _encoded_tensor(tensor: Tensor) -> dict[str, Any]:
    name = str(tensor.dtype).removeprefix("torch.")
    if name not in DTYPES:
        raise WireError(f"dtype must be one of {', '.join(DTYPES)}, got {name}")
    flat = tensor.detach().cpu().flatten()
    if tensor.is_floating_point():
        values = [hex_float(number) for number in flat.double().tolist()]
    else:
        values = flat.tolist()
    return {"dtype": name, "shape": list(tensor.shape), "values": values}


def checked_shape(shape: Any) -> list[int]:
    """The shape, of at most `MOST_DIMENSIONS` dimensions and `MOST_NUMBERS` numbers.

    Raises:
        WireError: it is none.
    """
    if not isinstance(shape, list) or not all(type(each) is int and each >= 0 for each in shape):
        raise WireError(f"shape must be a list of lengths, got {shown(shape)}")
    # Also of an empty tensor, whose strides must not overflow.
    if len(shape) > MOST_DIMENSIONS or math.prod(max(1, each) for each in shape) > MOST_NUMBERS:
        raise WireError(
            f"shape must be at most {MOST_DIMENSIONS} lengths of at most {MOST_NUMBERS} numbers, "
            f"got {shown(shape)}"
        )
    return shape


def _floats(values: list[Any], dtype: torch.dtype) -> Tensor:
    exact = torch.tensor([_double(value) for value in values], dtype=torch.float64)
    tensor = exact.to(dtype)
    lost = (tensor.double() != exact) & ~exact.isnan()
    if lost.any():
        text = values[int(lost.nonzero()[0])]
        raise WireError(f"values must be numbers of {dtype}, got {text}, which is between two")
    return tensor


def _double(value: Any) -> float:
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        raise WireError(
            "values must be floats in hexadecimal, such as '0x1.8p+1', or 'inf', '-inf', 'nan', "
            f"got {shown(value)}"
        )
    try:
        return float.fromhex(value)
    except OverflowError:
        raise WireError(f"values must be within the range of doubles, got {value}") from None


def _whole_numbers(values: list[Any], dtype: torch.dtype) -> Tensor:
    kind = bool if dtype == torch.bool else int
    for value in values:
        if type(value) is not kind:
            raise WireError(f"values of {dtype} must be {kind.__name__}s, got {shown(value)}")
    try:
        return torch.tensor(values, dtype=dtype)
    except (RuntimeError, ValueError):
        raise WireError(f"values must be within the range of {dtype}") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
