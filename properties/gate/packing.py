"""Tensors between the gate and its own worker: their memory as it lies, with strides.

Stands in lines of JSON, as what `wire` writes does, and is checked as that is.
"""

from __future__ import annotations

import base64
import binascii
from numbers import Real
from typing import Any

import torch
from torch import Tensor

from pruneproof.properties.gate.wire import DTYPES, WireError, checked_shape, shown

_PACKED = {"packed", "shape", "strides", "offset", "bytes"}
_FOREIGN = "foreign"


def packed(value: Any) -> Any:
    """A value with dicts of JSON in place of its tensors, and of what cannot be sent.

    Example:
        >>> packed([torch.ones(1), {"p": 2.0}, object()])[1:]
        [{'p': 2.0}, {'foreign': 'object'}]
    """
    if isinstance(value, Tensor):
        try:
            return _packed_tensor(value)
        except (RuntimeError, TypeError, NotImplementedError):
            # Such as one without memory of its own: sparse, or on the device meta.
            return {_FOREIGN: f"{type(value).__name__} of {value.layout} on {value.device}"}
    if isinstance(value, dict):
        return {str(key): packed(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [packed(each) for each in value]
    if value is None or isinstance(value, (str, Real)):
        return value
    return {_FOREIGN: type(value).__name__}


def unpacked(value: Any) -> Any:
    """The value that `packed` made something of; a stand-in for what could not be sent.

    Raises:
        WireError: a tensor whose parts do not fit together.
    """
    if isinstance(value, dict):
        if "packed" in value:
            return _unpacked_tensor(value)
        if set(value) == {_FOREIGN}:
            return type(shown(value[_FOREIGN]).strip("'").replace("\0", ""), (), {})()
        return {key: unpacked(each) for key, each in value.items()}
    return [unpacked(each) for each in value] if isinstance(value, list) else value


def _packed_tensor(tensor: Tensor) -> dict[str, Any]:
    name = str(tensor.dtype).removeprefix("torch.")
    if name not in DTYPES:
        return {_FOREIGN: f"Tensor of {name}"}
    here = tensor.detach().cpu()
    memory = torch.empty(0, dtype=torch.uint8).set_(here.untyped_storage())
    return {
        "packed": name,
        "shape": list(here.shape),
        "strides": list(here.stride()),
        "offset": here.storage_offset(),
        "bytes": base64.b64encode(memory.numpy().tobytes()).decode(),
    }


def _unpacked_tensor(value: dict[str, Any]) -> Tensor:
    dtype = DTYPES.get(value["packed"]) if isinstance(value["packed"], str) else None
    if set(value) != _PACKED or dtype is None:
        raise WireError(f"a tensor must be an object of {sorted(_PACKED)}, got {shown(value)}")
    shape, strides = checked_shape(value["shape"]), value["strides"]
    try:
        memory = bytearray(base64.b64decode(value["bytes"], validate=True))
        if dtype == torch.bool and not set(memory) <= {0, 1}:
            raise ValueError("a boolean is 0 or 1")
        whole = torch.frombuffer(memory, dtype=dtype) if memory else torch.empty(0, dtype=dtype)
        # Refuses what would lie outside.
        return whole.as_strided(shape, strides, value["offset"])
    except (binascii.Error, RuntimeError, TypeError, ValueError, OverflowError) as error:
        raise WireError(f"a tensor's memory must hold it: {error}") from error
