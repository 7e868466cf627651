"""`fasterai`: |W|·sqrt(Σx²/tokens) + 1.2e-7, within the layer; one weight too few is pruned."""

from __future__ import annotations

import contextlib
import io
from importlib.metadata import version

from fasterai.core.criteria import Criteria, large_final, wanda
from fasterai.sparse.sparsifier import Sparsifier
from torch import Tensor, nn

CRITERIA: dict[str, Criteria] = {"magnitude": large_final, "wanda": wanda}


class Adapter:
    """`Sparsifier` with the criteria `large_final` and `wanda`; 2:4 is for convolutions alone."""

    name = "fasterai"
    version = version("fasterai")
    conventions = {"group": "layer", "score_scale": "order"}

    def score(self, method: str, weight: Tensor, inputs: Tensor | None = None) -> Tensor:
        criteria = criteria_of(method)
        layer = linear(weight)
        if criteria.needs_data:
            criteria.calibrate(nn.Sequential(layer), inputs, nn.Linear)
        return criteria(layer, "weight")

    def keep_mask(
        self,
        method: str,
        weight: Tensor,
        inputs: Tensor | None = None,
        *,
        sparsity: float | None = None,
        n_m: tuple[int, int] | None = None,
    ) -> Tensor:
        criteria = criteria_of(method)
        if n_m not in (None, (2, 4)):
            raise NotImplementedError("only 2:4")
        if n_m:
            return two_of_four(criteria, weight, inputs)
        layer = linear(weight)
        sparsifier = Sparsifier(
            nn.Sequential(layer), "weight", "local", criteria, layer_type=nn.Linear, data=inputs
        )
        sparsifier.sparsify_model(sparsity)
        return layer.get_buffer("_mask").bool()


def criteria_of(method: str) -> Criteria:
    if method not in CRITERIA:
        raise NotImplementedError(f"no {method}")
    return CRITERIA[method]


def linear(weight: Tensor) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=False, dtype=weight.dtype)
    # A copy: a sparsifier writes zeros into the weight itself, as it says.
    layer.weight = nn.Parameter(weight.clone())
    return layer


def two_of_four(criteria: Criteria, weight: Tensor, inputs: Tensor | None) -> Tensor:
    """With convolutions of 1 × 1, which are linear."""
    layer = nn.Conv2d(weight.shape[1], weight.shape[0], 1, bias=False, dtype=weight.dtype)
    layer.weight = nn.Parameter(weight.clone()[..., None, None])
    data = None if inputs is None else inputs[..., None, None]
    # It prints that the sparsity is 50%, and where it leaves a layer dense.
    with contextlib.redirect_stdout(io.StringIO()):
        sparsifier = Sparsifier(
            nn.Sequential(layer), "weight", "local", criteria, nm=True, data=data
        )
        sparsifier.sparsify_model(0.5)
    return layer.get_buffer("_mask")[..., 0, 0].bool()
