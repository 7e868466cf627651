"""Tensors between the gate and its own worker: their memory as it lies, with strides.

Stands in lines of JSON, as what `wire` writes does, and is checked as that is.
"""

from __future__ import annotations

import base64
import binascii
from numbers import Real
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pruneproof.properties.gate.adapter.wire import DTYPES, WireError, checked_shape, shown

_PACKED = {"packed", "shape", "strides", "offset", "bytes"}
_FOREIGN = "foreign"
PLAIN = (Tensor, torch.nn.Parameter)
"""Classes whose numbers lie in their memory."""

SAME = "same"
"""Key of what stands for a tensor that was sent before: its name then."""


def packed(value: Any) -> Any:
    """A value with dicts of JSON in place of its tensors, and of what cannot be sent.

    Example:
        >>> packed([torch.ones(1), {"p": 2.0}, object()])[1:]
        [{'p': 2.0}, {'foreign': 'object'}]
    """
    if isinstance(value, Tensor):
        try:
            return _packed_tensor(value)
        except Exception:
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


class Watched:
    """A value whose tensors may be written into later.

    Args:
        value: tensors, alone or in lists and dicts; anything else is not looked at.

    Attributes:
        value: as it was given.
    """

    def __init__(self, value: Any) -> None:
        self.value = value
        self._tensors = [each for each in _tensors(value) if _has_memory(each)]
        self._remember()

    def __bool__(self) -> bool:
        """Whether there is anything to look at."""
        return bool(self._tensors)

    def has_changed(self) -> bool:
        """Whether it has, since this was last asked."""
        # By far not as slow as packing it again, which is asked for after each call.
        same = all(
            each.data_ptr() == place and each.shape == shape and memory.tobytes() == content
            for each, (place, shape, memory, content) in zip(
                self._tensors, self._states, strict=True
            )
        )
        if not same:
            self._remember()
        return not same

    def _remember(self) -> None:
        self._states = [
            (each.data_ptr(), each.shape, memory := _memory(each.detach()), memory.tobytes())
            for each in self._tensors
        ]


def _tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if not isinstance(value, (dict, list, tuple)):
        return []
    inside = value.values() if isinstance(value, dict) else value
    return [found for each in inside for found in _tensors(each)]


def _has_memory(tensor: Tensor) -> bool:
    """Whether what lies in its memory is what it holds."""
    return (
        type(tensor) in PLAIN
        and tensor.layout == torch.strided
        and tensor.device.type == "cpu"
        and not tensor.is_neg()
    )


def _packed_tensor(tensor: Tensor) -> dict[str, Any]:
    name = str(tensor.dtype).removeprefix("torch.")
    if name not in DTYPES:
        return {_FOREIGN: f"Tensor of {name}"}
    if type(tensor) not in PLAIN:
        # A class of its own may keep its numbers where it likes, and has to say them itself.
        numbers = torch.tensor(tensor.tolist(), dtype=tensor.dtype, device="cpu")
        tensor = numbers.reshape(tensor.shape)
    here = tensor.detach().cpu().resolve_neg()
    return {
        "packed": name,
        "shape": list(here.shape),
        "strides": list(here.stride()),
        "offset": here.storage_offset(),
        "bytes": base64.b64encode(_memory(here).tobytes()).decode(),
    }


def _memory(tensor: Tensor) -> np.ndarray:
    """All bytes of a tensor's storage, of which it may be a view."""
    # An adapter may have set another default device.
    none = torch.empty(0, dtype=torch.uint8, device="cpu")
    return none.set_(tensor.untyped_storage()).numpy()


def _unpacked_tensor(value: dict[str, Any]) -> Tensor:
    dtype = DTYPES.get(value["packed"]) if isinstance(value["packed"], str) else None
    if set(value) != _PACKED or dtype is None:
        raise WireError(f"a tensor must be an object of {sorted(_PACKED)}, got {shown(value)}")
    shape, strides = checked_shape(value["shape"]), value["strides"]
    try:
        memory = bytearray(base64.b64decode(value["bytes"], validate=True))
        if dtype == torch.bool and not set(memory) <= {0, 1}:
            raise ValueError("a boolean is 0 or 1")
        nothing = torch.empty(0, dtype=dtype, device="cpu")
        whole = torch.frombuffer(memory, dtype=dtype) if memory else nothing
        # Refuses what would lie outside.
        return whole.as_strided(shape, strides, value["offset"])
    except (binascii.Error, RuntimeError, TypeError, ValueError, OverflowError) as error:
        raise WireError(f"a tensor's memory must hold it: {error}") from error
