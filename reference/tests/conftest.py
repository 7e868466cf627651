"""The catalogue of matrices, the exact arithmetic and the comparison that these tests share."""

import math
from collections.abc import Callable
from decimal import MAX_EMAX, MIN_EMIN, Decimal, localcontext

import pytest
import torch
from torch import Tensor

DTYPES = [
    torch.float64,
    torch.float32,
    torch.bfloat16,
    torch.float16,
    torch.float8_e4m3fn,
    torch.float8_e5m2fnuz,
]
KINDS = {
    "one_weight": [[-3.0]],
    "one_input": [[1.0, -2.0, 0.0, 4.0]],
    "one_output": [[1.0], [-2.0], [0.5]],
    "zeros": [[0.0, -0.0], [0.0, 0.0]],
    "dead_input_and_output": [[1.0, 0.0, -3.0], [0.0, -0.0, 0.0], [2.0, 0.0, 7.0], [0.5, 0.0, 1.0]],
    "ties_and_signed_zeros": [[1.0, -1.0, 0.0], [-0.0, 1.0, 1.0]],
    "spread": [[0.02, -7.0, 0.5, 0.11], [13.0, 0.3, -0.07, 2.0], [0.9, 0.02, 5.0, -0.6]],
}


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request) -> str:
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("needs a CUDA device, and torch finds none here")
    return request.param


@pytest.fixture(params=DTYPES, ids=str)
def dtype(request) -> torch.dtype:
    return request.param


@pytest.fixture(params=[*KINDS, "huge", "tiny"])
def W(request, dtype: torch.dtype, device: str) -> Tensor:
    """One matrix of the catalogue. Huge is near the end of the range, tiny is subnormal."""
    if request.param in KINDS:
        return torch.tensor(KINDS[request.param]).to(dtype).to(device)
    info = torch.finfo(dtype)
    # A float64 norm must stay within half of the range; a product with float8 is no subnormal.
    unit = info.max / 16 if request.param == "huge" else info.tiny / (8 if info.bits == 8 else 64)
    numbers = torch.tensor([[1.0, -0.5, 0.0], [0.25, 1.0, 1.0]], dtype=torch.float64)
    return (numbers * unit).to(dtype).to(device)


@pytest.fixture(autouse=True)
def _fifty_digits():
    with localcontext() as context:
        context.prec, context.Emax, context.Emin = 50, MAX_EMAX, MIN_EMIN
        yield


@pytest.fixture
def decimals() -> Callable[[Tensor], list]:
    """Turn a tensor into nested lists of the decimals that equal its numbers."""

    def convert(numbers):
        if isinstance(numbers, list):
            return [convert(number) for number in numbers]
        return Decimal(numbers)

    return lambda tensor: convert(tensor.double().cpu().tolist())


@pytest.fixture
def p_norm() -> Callable[[list[Decimal], float], Decimal]:
    """Compute a norm by its definition, with 50 digits and no limit of range."""

    def norm(numbers: list[Decimal], p: float) -> Decimal:
        magnitudes = [abs(number) for number in numbers if number]
        if p == 0 or not magnitudes:
            return Decimal(len(magnitudes))
        if p == math.inf:
            return max(magnitudes)
        return sum(number ** Decimal(p) for number in magnitudes) ** (1 / Decimal(p))

    return norm


@pytest.fixture
def assert_close() -> Callable[..., None]:
    """Compare with exact numbers, up to so many roundings in float64 and one to the dtype."""

    def check(actual: Tensor, expected: list[Decimal], roundings: float) -> None:
        info = torch.finfo(actual.dtype)
        relative = Decimal(roundings * 2.0**-53) + Decimal(info.eps) / 2
        smallest = Decimal(info.smallest_normal) * Decimal(info.eps)
        assert actual.numel() == len(expected)
        for number, exact in zip(actual.flatten().tolist(), expected, strict=True):
            bound = relative * exact + smallest
            if exact > Decimal(info.max):
                assert number == math.inf
            else:
                assert abs(Decimal(number) - exact) <= bound, (number, exact)

    return check
