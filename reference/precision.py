"""Which precision sums are taken in and scores are returned in, and exact powers of two."""

import torch
from jaxtyping import Float, Integer
from torch import Tensor


def is_supported(dtype: torch.dtype) -> bool:
    """Tell whether a tensor of this dtype holds one floating-point number per element.

    float16, bfloat16, float32, float64 and the signed float8 types do; float8_e8m0fnu, which holds
    scales alone, and the packed 4-bit type, which torch cannot convert, do not.

    Example:
        >>> is_supported(torch.bfloat16), is_supported(torch.int8)
        (True, False)
    """
    scales_and_packed = ("torch.float8_e8m0fnu", "torch.float4_e2m1fn_x2")
    return dtype.is_floating_point and str(dtype) not in scales_and_packed


def accumulation_dtype(device: torch.device) -> torch.dtype:
    """Precision of every sum and of a score's arithmetic: float64, or float32 on Apple's GPU.

    It does not depend on the weights' dtype: in float64 no sum of squares of float32 or
    half-precision numbers overflows or underflows.

    Args:
        device: where the tensor lies.

    Returns:
        float64; float32 on ``mps``, which has no float64.

    Example:
        >>> accumulation_dtype(torch.device("cpu"))
        torch.float64
    """
    return torch.float32 if device.type == "mps" else torch.float64


def to_accumulation(A: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """Convert, exactly, to the accumulation dtype; outside any autograd graph.

    Args:
        A: any floating dtype, at most as wide as the accumulation dtype.

    Returns:
        The same numbers; A itself (detached, not a copy) where the dtype is right already.

    Example:
        >>> to_accumulation(torch.tensor([0.5], dtype=torch.float16))
        tensor([0.5000], dtype=torch.float64)
    """
    return A.detach().to(accumulation_dtype(A.device))


def accumulation_copy(
    A: Float[Tensor, "..."], memory_format: torch.memory_format = torch.preserve_format
) -> Float[Tensor, "..."]:
    """Convert as :func:`to_accumulation` does, but always to a new tensor.

    In-place operations on the copy then allocate nothing: torch takes longer to find new memory
    than to fill it.

    Args:
        A: any floating dtype, at most as wide as the accumulation dtype.
        memory_format: as A lies in memory, unless told.

    Returns:
        The same numbers, which the caller may overwrite.

    Example:
        >>> A = torch.tensor([-0.5], dtype=torch.float64)
        >>> accumulation_copy(A).abs_(), A
        (tensor([0.5000], dtype=torch.float64), tensor([-0.5000], dtype=torch.float64))
    """
    dtype = accumulation_dtype(A.device)
    return A.detach().to(dtype, copy=True, memory_format=memory_format)


def score_dtype(dtype: torch.dtype) -> torch.dtype:
    """Precision of the scores of weights of this dtype: float64 for float64, else float32.

    A score of half-precision weights is not rounded to half precision, where it could overflow
    or tie with another.

    Example:
        >>> score_dtype(torch.float16), score_dtype(torch.float64)
        (torch.float32, torch.float64)
    """
    return torch.float64 if dtype == torch.float64 else torch.float32


def summable_limit(dtype: torch.dtype) -> float:
    """Largest magnitude of which 1/ε numbers, more than there ever are, have a finite sum.

    Args:
        dtype: float32 or float64.

    Returns:
        ε times the largest number of the dtype.

    Example:
        >>> summable_limit(torch.float32) == 2.0**105 - 2.0**81
        True
    """
    return torch.finfo(dtype).max * torch.finfo(dtype).eps


def times_power_of_two(
    A: Float[Tensor, "..."], exponent: Integer[Tensor, "..."]
) -> Float[Tensor, "..."]:
    r"""Multiply by a power of two without rounding, except where the result is subnormal.

    .. math:: A \cdot 2^{e}

    torch.ldexp forms :math:`2^e` itself, which overflows for the exponents that lift a subnormal
    number to 1 and, in older versions, is a float32.

    Args:
        A: float32 or float64.
        exponent: e, broadcast against A; |e| at most twice the largest exponent of A's dtype.

    Returns:
        A new tensor.

    Example:
        >>> smallest = torch.tensor([2.0**-1074], dtype=torch.float64)
        >>> times_power_of_two(smallest, torch.tensor([1074])).tolist()
        [1.0]
    """
    half = exponent // 2
    return A * _power_of_two(half, A.dtype) * _power_of_two(exponent - half, A.dtype)


def _power_of_two(exponent: Tensor, dtype: torch.dtype) -> Tensor:
    # The bits of a normal number 2^e: biased exponent, mantissa zero.
    if dtype == torch.float64:
        return ((exponent.long() + 1023) << 52).view(torch.float64)
    return ((exponent.int() + 127) << 23).view(torch.float32)
