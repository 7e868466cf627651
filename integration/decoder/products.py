"""What a weight is multiplied by, seen where it is: at the product, not at the module.

Experts in one tensor, GPT-2's Conv1D and Mamba's projections are multiplied without an `nn.Linear`
being called. All of them go through the same few functions of torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

Handle = TypeVar("Handle")
_LINEAR = {torch.nn.functional.linear}
_PRODUCT = {
    torch.matmul, torch.Tensor.matmul, torch.Tensor.__matmul__, torch.Tensor.__rmatmul__,
    torch.mm, torch.Tensor.mm, torch.bmm, torch.Tensor.bmm,
}  # fmt: skip
_BIASED = {torch.addmm, torch.Tensor.addmm}
PRODUCTS = _LINEAR | _PRODUCT | _BIASED
"""Functions whose products with a weight are understood."""


class Weights(Generic[Handle]):
    """Finds the parameter that a tensor is, or is a view of.

    Args:
        parameters: each with what it is to be known by.
    """

    def __init__(self, parameters: Iterable[tuple[Tensor, Handle]]) -> None:
        self._by_storage: dict[int, list[tuple[int, int, Tensor, Handle]]] = {}
        for parameter, handle in parameters:
            first = parameter.storage_offset()
            entry = first, first + parameter.numel(), parameter, handle
            self._by_storage.setdefault(storage_of(parameter), []).append(entry)

    def find(self, tensor: Any) -> tuple[Tensor, Handle] | None:
        """The parameter and its handle, or None."""
        if not isinstance(tensor, Tensor) or tensor.layout != torch.strided:
            return None
        for first, end, parameter, handle in self._by_storage.get(storage_of(tensor), ()):
            if first <= tensor.storage_offset() < end:
                return parameter, handle
        return None


def storage_of(tensor: Tensor) -> int:
    """The memory that a tensor is a view of, on the meta device too; 0 where it has none."""
    try:
        return tensor.untyped_storage()._cdata
    # As within torch.vmap, by which transformers 4 makes masks.
    except NotImplementedError:
        return 0


Factors = tuple[Tensor, Tensor, Callable[[Tensor], Tensor]]


def factors(
    func: Any, args: Any, kwargs: Any, is_weight: Callable[[Any], bool]
) -> Iterator[Factors]:
    """The weights that a function multiplies.

    Args:
        func: one of `PRODUCTS`.
        args: its arguments.
        kwargs: the same.
        is_weight: what counts as a weight.

    Yields:
        The weight, … × out × in; the other factor, … × in; and what turns the function's result
        into the product alone, … × out, without a bias.
    """
    if func in _LINEAR:
        x, weight, bias = _arguments(args, kwargs, "input", "weight", "bias")
        if is_weight(weight):
            yield weight, x, lambda y: y if bias is None else y - bias
        return
    bias: Any = None
    alpha = beta = 1
    if func in _BIASED:
        bias, first, second = _arguments(args, kwargs, "input", "mat1", "mat2")
        alpha, beta = kwargs.get("alpha", 1), kwargs.get("beta", 1)
    elif func is torch.Tensor.__rmatmul__:
        second, first = args
    else:
        first, second = _arguments(args, kwargs, "input", "other")
        second = kwargs.get("mat2", second)

    def product(y: Tensor) -> Tensor:
        if bias is not None and beta != 0:
            y = y - (bias if beta == 1 else beta * bias)
        return y if alpha == 1 else y / alpha

    if is_weight(second) and second.ndim > 1:
        yield second.mT, first, product
    elif is_weight(first) and first.ndim > 1:
        if second.ndim == 1:
            yield first, second, product
        else:
            yield first, second.mT, lambda y: product(y).mT


class Products(TorchFunctionMode):
    """While entered, tells of each product with a weight, before it is computed and after.

    Args:
        weights: those to look for.
        before: is given the handle, the parameter, the weight as it is multiplied and the other
            factor.
        after: is given the handle, the parameter, the weight and the product, or None.
    """

    def __init__(
        self,
        weights: Weights[Handle],
        before: Callable[[Handle, Tensor, Tensor, Tensor], None],
        after: Callable[[Handle, Tensor, Tensor, Tensor], None] | None = None,
    ) -> None:
        super().__init__()
        self.weights, self.before, self.after = weights, before, after

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Call the function."""
        kwargs = kwargs or {}
        if func not in PRODUCTS:
            return func(*args, **kwargs)
        found: Any = None

        def is_weight(tensor: Any) -> bool:
            nonlocal found
            found = self.weights.find(tensor)
            return found is not None

        seen = next(factors(func, args, kwargs, is_weight), None)
        if seen is None:
            return func(*args, **kwargs)
        weight, x, product = seen
        parameter, handle = found
        self.before(handle, parameter, weight, x)
        result = func(*args, **kwargs)
        if self.after is not None:
            self.after(handle, parameter, weight, product(result))
        return result


def _arguments(args: Any, kwargs: Any, *names: str) -> list[Any]:
    given = dict(zip(names, args, strict=False)) | kwargs
    return [given.get(name) for name in names]
