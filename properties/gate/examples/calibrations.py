"""Inputs of a layer to take statistics of, cut into batches."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from hypothesis import strategies as st
from torch import Tensor

from pruneproof.properties.gate.examples.layers import DTYPES, matrices, sized

HALVES = (torch.float16, torch.bfloat16)


@dataclass(frozen=True)
class Calibration:
    """Inputs of a layer, cut into batches in two ways.

    Attributes:
        tokens: n × in_features.
        batches: the tokens, in their order.
        others: the same, or what a property needs beside them.
    """

    tokens: Tensor
    batches: list[Tensor]
    others: list[Tensor]


@st.composite
def batches_of(draw: st.DrawFn, tokens: Tensor, *, flat: bool = False) -> list[Tensor]:
    """The tokens in order, as tokens × in_features or as sequences × length × in_features."""
    # Few draws, for speed: a bit for every place where a batch may end, and one length for all.
    ends, length = draw(st.integers(0, 2 ** (len(tokens) - 1) - 1)), draw(st.integers(0, 3))
    places = [at for at in range(1, len(tokens)) if ends >> (at - 1) & 1]
    batches = []
    for batch in tokens.tensor_split(places):
        folded = not flat and length and len(batch) % length == 0
        shape = (-1, length, tokens.shape[1]) if folded else batch.shape
        batches.append(batch.clone().reshape(shape))
    return batches


@st.composite
def calibrations(
    draw: st.DrawFn,
    method: str,
    *,
    dtypes: tuple[torch.dtype, ...] = DTYPES,
    least: int = 1,
    most: int = 8,
    flat: bool = False,
) -> Calibration:
    """A few tokens, cut in two ways."""
    dtype = draw(st.sampled_from(dtypes))
    columns = sized(draw(st.integers(1, 2)))
    tokens = draw(matrices(draw(st.integers(least, most)), columns, dtype))
    batches, others = (draw(batches_of(tokens, flat=flat)) for _ in range(2))
    return Calibration(tokens, batches, others)


@st.composite
def reordered(draw: st.DrawFn, method: str) -> Calibration:
    """The same tokens in another order."""
    example = draw(calibrations(method))
    order = draw(st.permutations(range(len(example.tokens))))
    return Calibration(
        example.tokens, example.batches, draw(batches_of(example.tokens[list(order)]))
    )


@st.composite
def stepped(draw: st.DrawFn, method: str) -> Calibration:
    """Batches in which no feature varies, with another value in each."""
    dtype = draw(st.sampled_from(DTYPES))
    columns = sized(draw(st.integers(1, 2)))
    means = draw(matrices(draw(st.integers(2, 4)), columns, dtype, zeros=False))
    batches = [row.repeat(draw(st.integers(1, 3)), 1) for row in means]
    return Calibration(torch.cat(batches), batches, [])


@st.composite
def constants(draw: st.DrawFn, method: str) -> Calibration:
    """Tokens that are all alike, with numbers whose squares must be rounded."""
    dtype = draw(st.sampled_from(DTYPES))
    tenths = st.lists(st.integers(-999, 999), min_size=1, max_size=3)
    token = torch.tensor(draw(tenths), dtype=torch.float64) / 10
    tokens = token.to(dtype).repeat(draw(st.integers(2, 8)), sized(1))
    return Calibration(tokens, draw(batches_of(tokens)), [])


@st.composite
def offset(draw: st.DrawFn, method: str) -> Calibration:
    """Numbers far from zero that vary by little, in float32."""
    columns = sized(draw(st.integers(1, 2)))
    tokens = draw(matrices(draw(st.integers(2, 6)), columns, torch.float32))
    far = draw(st.floats(8192.0, 32768.0, width=32)) * draw(st.sampled_from([1.0, -1.0]))
    tokens = tokens.remainder(4.0) + far
    return Calibration(tokens, draw(batches_of(tokens)), [tokens])


@st.composite
def large_halves(draw: st.DrawFn, method: str) -> Calibration:
    """Half-precision numbers whose squares overflow float16, while no statistic does."""
    dtype = draw(st.sampled_from(HALVES))
    columns = sized(draw(st.integers(1, 2)))
    steps = draw(matrices(draw(st.integers(2, 6)), columns, torch.float32))
    tokens = (steps.remainder(8.0).floor() * 8 + 4096).to(dtype)
    return Calibration(tokens, draw(batches_of(tokens)), [])
