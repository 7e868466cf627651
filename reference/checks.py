"""Refusals: every argument is checked where a public function takes it, before any arithmetic.

Each check raises a ``TypeError`` for a value of the wrong type and a ``ValueError`` for a wrong
value; the message names the argument, what it was and what is allowed. Shapes are compared in
full, since torch would broadcast a norm of length 1 without a word.
"""

import math
from collections.abc import Collection, Sequence
from numbers import Integral, Real

import torch
from torch import Tensor

from pruneproof.reference.precision import accumulation_dtype, is_supported


def check_floating(
    name: str,
    value: object,
    shape: Sequence[int | None],
    *,
    device: torch.device | None = None,
    limit: float = math.inf,
) -> None:
    """Refuse all but a floating-point tensor of finite numbers with this shape.

    Args:
        name: what the caller calls the argument.
        value: the argument.
        shape: one length a dimension; None where any length will do.
        device: where it must be; None for anywhere.
        limit: the largest magnitude allowed.

    Raises:
        TypeError: not a tensor.
        ValueError: another shape or device, a dtype that is not floating-point, inf or nan in it,
            or a magnitude beyond the limit.

    Example:
        >>> check_floating("W", torch.ones(2, 3), (2, None))
        >>> check_floating("W", torch.ones(2, 3), (2, 4))
        Traceback (most recent call last):
        ValueError: W must have shape (2, 4), got (2, 3)
    """
    tensor = _with_shape(name, value, shape, device)
    if not is_supported(tensor.dtype):
        raise ValueError(f"{name} must be a floating-point tensor, got {tensor.dtype}")
    largest = max(map(abs, _extremes(tensor)))
    if not math.isfinite(largest):
        raise ValueError(f"{name} must be finite, got inf or nan")
    if largest > limit:
        raise ValueError(f"{name} must be at most {limit} in magnitude, got {largest}")


def check_matrix(name: str, value: object) -> None:
    """Refuse all but a floating-point matrix of finite numbers (see :func:`check_floating`)."""
    check_floating(name, value, (None, None))


def check_batch(
    name: str,
    value: object,
    features: int | None = None,
    *,
    device: torch.device | None = None,
    limit: float = math.inf,
) -> None:
    """Refuse all but a floating-point tensor of finite numbers with this last dimension.

    Args:
        name: what the caller calls the argument.
        value: the argument, of shape [..., features].
        features: length of the last dimension; None where any length will do.
        device: where it must be; None for anywhere.
        limit: the largest magnitude allowed.

    Raises:
        TypeError: not a tensor.
        ValueError: no dimension, another last one, another device, not floating-point, inf or
            nan in it, or a magnitude beyond the limit.

    Example:
        >>> check_batch("batch", torch.ones(5, 2, 3), 3)
        >>> check_batch("batch", torch.ones(5, 2, 3), 2)
        Traceback (most recent call last):
        ValueError: batch must have shape (any, any, 2), got (5, 2, 3)
    """
    leading = value.ndim - 1 if isinstance(value, Tensor) else 0
    check_floating(name, value, (*[None] * leading, features), device=device, limit=limit)


def check_norms(name: str, value: object, length: int, device: torch.device | None = None) -> None:
    """Refuse all but a vector of ``length`` norms: finite and non-negative.

    Args:
        name: what the caller calls the argument.
        value: the argument.
        length: how many norms there must be; one too few would broadcast.
        device: where they must be; None for anywhere.

    Raises:
        TypeError: not a tensor.
        ValueError: another shape or device, not floating-point, or a norm that is negative, nan,
            or so large (beyond half of float64's range) that the sum of two could overflow.

    Example:
        >>> check_norms("x_norm", torch.tensor([0.0, 2.0]), 2)
        >>> check_norms("x_norm", torch.tensor([2.0]), 2)
        Traceback (most recent call last):
        ValueError: x_norm must have shape (2,), got (1,)
    """
    norms = _with_shape(name, value, (length,), device)
    limit = torch.finfo(accumulation_dtype(norms.device)).max / 2
    check_floating(name, norms, (length,), limit=limit)
    lowest, _ = _extremes(norms)
    if lowest < 0:
        raise ValueError(f"{name} must not be negative, got {lowest}")


def check_mask(
    name: str,
    value: object,
    shape: Sequence[int | None],
    *,
    device: torch.device | None = None,
) -> None:
    """Refuse all but a boolean tensor of this shape on this device (None for any).

    Example:
        >>> check_mask("keep", torch.ones(2, 3), (2, 3))
        Traceback (most recent call last):
        TypeError: keep must be a boolean tensor, got torch.float32
    """
    tensor = _with_shape(name, value, shape, device)
    if tensor.dtype != torch.bool:
        raise TypeError(f"{name} must be a boolean tensor, got {tensor.dtype}")


def check_device(name: str, value: Tensor, other_name: str, other: Tensor) -> None:
    """Refuse two tensors on different devices: nothing is moved behind the caller's back.

    Example:
        >>> check_device("x_norm", torch.ones(1, device="meta"), "W", torch.ones(1))
        Traceback (most recent call last):
        ValueError: x_norm must be on W's device, cpu, got meta
    """
    if value.device != other.device:
        raise ValueError(
            f"{name} must be on {other_name}'s device, {other.device}, got {value.device}"
        )


def check_number(
    name: str,
    value: object,
    low: float,
    high: float = math.inf,
    *,
    open_low: bool = False,
    open_high: bool = False,
) -> None:
    """Refuse all but a real number between ``low`` and ``high``.

    Args:
        name: what the caller calls the argument.
        value: the argument.
        low: the lower end.
        high: the upper end.
        open_low: the lower end itself is refused.
        open_high: the upper end itself is refused.

    Raises:
        TypeError: not a real number; True and False are not numbers here.
        ValueError: outside the interval, or nan.

    Example:
        >>> check_number("sparsity", 0.5, 0, 1, open_high=True)
        >>> check_number("sparsity", 1.0, 0, 1, open_high=True)
        Traceback (most recent call last):
        ValueError: sparsity must be in [0, 1), got 1.0
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a real number, got {value!r}")
    # Whole, since a double has no room for the last digits of a large integer.
    number = int(value) if isinstance(value, Integral) else float(value)
    above = number > low if open_low else number >= low
    below = number < high if open_high else number <= high
    if not (above and below):
        interval = f"{'(' if open_low else '['}{low}, {high}{')' if open_high else ']'}"
        raise ValueError(f"{name} must be in {interval}, got {value!r}")


def check_integer(name: str, value: object, low: int, high: float = math.inf) -> None:
    """Refuse all but an integer from ``low`` to ``high``, both allowed.

    Example:
        >>> check_integer("m", 0, 1)
        Traceback (most recent call last):
        ValueError: m must be in [1, inf], got 0
        >>> check_integer("m", 4.0, 1)
        Traceback (most recent call last):
        TypeError: m must be an integer, got 4.0
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    check_number(name, value, low, high)


def check_group_length(name: str, value: int, inputs: int) -> None:
    """Refuse all but a group's length that divides the number of inputs; one input is no group.

    Example:
        >>> check_group_length("m", 4, 6)
        Traceback (most recent call last):
        ValueError: m must divide in_features, 6, got 4
    """
    check_integer(name, value, 2)
    if inputs % value != 0:
        raise ValueError(f"{name} must divide in_features, {inputs}, got {value}")


def check_choice(name: str, value: object, allowed: Collection[str]) -> None:
    """Refuse all but one of a few words.

    Example:
        >>> check_choice("group", "row", ("output", "layer"))
        Traceback (most recent call last):
        ValueError: group must be one of 'output', 'layer', got 'row'
    """
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, got {value!r}")
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}, got {value!r}")


def _with_shape(
    name: str, value: object, shape: Sequence[int | None], device: torch.device | None
) -> Tensor:
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} must be a torch.Tensor, got {type(value).__name__}")
    fits = len(shape) == value.ndim and all(
        wanted is None or wanted == length
        for wanted, length in zip(shape, value.shape, strict=True)
    )
    if not fits:
        raise ValueError(
            f"{name} must have shape {_shape_text(shape)}, got {_shape_text(value.shape)}"
        )
    if device not in (None, value.device):
        raise ValueError(f"{name} must be on {device}, got {value.device}")
    return value


def _shape_text(shape: Sequence[int | None]) -> str:
    lengths = ["any" if length is None else str(length) for length in shape]
    return f"({', '.join(lengths)}{',' if len(lengths) == 1 else ''})"


def _extremes(tensor: Tensor) -> tuple[float, float]:
    # One pass and no copy, where isfinite or abs would hold one; a nan spreads to both ends.
    # torch compares no float8, each of whose values float32 holds.
    if tensor.numel() == 0:
        return 0.0, 0.0
    # Of a matrix that lies in memory by columns, aminmax would make a copy.
    tensor = tensor.T if tensor.ndim == 2 and tensor.T.is_contiguous() else tensor
    ends = torch.aminmax(tensor.float() if tensor.dtype.itemsize == 1 else tensor)
    lowest, highest = torch.stack(ends).tolist()
    return lowest, highest
