"""Layers to make masks of: distinct, close and equal scores, and weights that are already zero.

They are made from a few drawn numbers, since drawing every weight would take longer than
judging the mask.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from pruneproof.properties.gate.examples.layers import DTYPES, Example, given, sized
from pruneproof.properties.gate.methods import VALUES

Shape = tuple[int, int]
SMALL: tuple[Shape, ...] = ((2, 4), (1, 1), (1, 6), (3, 5), (2, 7), (4, 4), (5, 3))
WIDER: tuple[Shape, ...] = (*SMALL, (4, 16), (3, 24), (8, 12), (2, 40))
"""With rows long enough for a wrong score to come out in another order: as many again, nearly."""
SPARSITIES = (0.5, 0.25, 0.75, 0.4, 0.6, 0.9)
SMALLEST_DIFFERENCE = 2.0**-13
"""Of close weights near 1: float32 tells them apart, half precision does not."""


def layer(
    method: str,
    shape: Shape,
    pattern: str,
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
    /,
    **parameters: Any,
) -> Example:
    """A layer without dead inputs and outputs.

    Args:
        method: a score.
        shape: out_features × in_features.
        pattern: of the weights: `distinct` magnitudes; `close` ones, a little more than 1;
            `few` different ones; all `equal`; `zeros` among a few others; `wide`, where a fifth
            are so large that float32 cannot add the others to them. The inputs and outputs
            of the middle four patterns are ones, so that the weights alone decide.
        seed: which of these layers.
        dtype: of all tensors.
        parameters: of the score.
    """
    random = torch.Generator().manual_seed(seed)
    shape = sized(shape[0]), sized(shape[1])
    weight = _weight(shape, pattern, random)
    takes_inputs, takes_outputs = given(method, parameters)
    ones = pattern not in ("distinct", "wide")
    inputs = _activations(shape[1], ones, random) if takes_inputs else None
    outputs = _activations(shape[0], ones, random).T if takes_outputs else None
    tensors = (
        None if each is None else each.to(dtype).contiguous() for each in (weight, inputs, outputs)
    )
    return Example(method, *tensors, parameters)  # type: ignore[arg-type]


@st.composite
def layers(
    draw: st.DrawFn,
    method: str,
    shapes: tuple[Shape, ...] = SMALL,
    patterns: tuple[str, ...] = ("distinct",),
    *,
    parameters: bool = False,
    **more: st.SearchStrategy[Any],
) -> Example:
    """Layers of these shapes and patterns; `more` is drawn for the property."""
    values = VALUES[method] if parameters and draw(st.booleans()) else {}
    example = layer(
        method,
        draw(st.sampled_from(shapes)),
        draw(st.sampled_from(patterns)),
        draw(st.integers(0, 99)),
        draw(st.sampled_from(DTYPES)),
        **{name: draw(each) for name, each in values.items()},
    )
    return replace(example, more={name: draw(each) for name, each in more.items()})


def _weight(shape: Shape, pattern: str, random: torch.Generator) -> Tensor:
    n = shape[0] * shape[1]
    signs = 1.0 - 2.0 * torch.randint(0, 2, shape, generator=random)
    places = torch.randperm(n, generator=random).reshape(shape)
    if pattern == "distinct":
        return (places + 1) * signs
    if pattern == "wide":
        return (places + 1) * signs * torch.where(places % 5 == 0, 2.0**30, 1.0)
    if pattern == "close":
        return (1 + places * SMALLEST_DIFFERENCE) * signs
    if pattern == "equal":
        return torch.ones(shape) * signs
    weight = torch.randint(1, 4, shape, generator=random) * signs
    if pattern == "zeros":
        weight[places % 2 == 0] = 0.0
        weight[0], weight[:, 0] = 3.0, 3.0
    return weight


def _activations(n: int, ones: bool, random: torch.Generator) -> Tensor:
    if ones:
        # Next to one that is zero, so that every norm is exactly 1.
        return torch.stack([torch.ones(n), torch.zeros(n)])
    return torch.randint(1, 10, (2, n), generator=random).float()
