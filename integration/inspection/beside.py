"""A tensor beside the dense model's: what became of the weights that were kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pruneproof.integration.inspection.content import KINDS, Array, Content

EQUAL, ROUNDED, RESCALED, QUANTISED, CHANGED = (
    "equal", "rounded", "rescaled", "quantised", "changed",
)  # fmt: skip
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Beside:
    """Kept weights, compared with the dense ones.

    Attributes:
        relation: `equal`; `rounded` to another dtype, by way of a third one or not, and up or
            down; `rescaled` by one number of each row, column or of the layer; `quantised` where
            the storage is the reason; or `changed`.
        changed: kept weights that are neither equal nor rounded to another dtype.
        largest: the largest |difference| of a kept weight, None where numbers lack their scale.
        dense_zeros: zeros that the dense tensor has in the same places.
        rescaled_by: `row`, `column` or `layer`, as it is stored, where they were rescaled.
    """

    relation: str
    changed: int
    largest: float | None
    dense_zeros: int
    rescaled_by: str | None = None

    @property
    def speaks_of_change(self) -> bool:
        """Whether kept weights are others than the dense ones, and no format explains it."""
        return self.relation in (CHANGED, RESCALED)

    def explained_by_storage(self) -> Beside:
        """The same of a tensor that is quantised."""
        return replace(self, relation=QUANTISED) if self.speaks_of_change else self

    def without_scale(self) -> Beside:
        """The same of a tensor whose numbers are read without their scale."""
        return replace(self, largest=None)

    def record(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "relation": self.relation,
            "rescaled_by": self.rescaled_by,
            "changed_kept": self.changed,
            "largest_change": self.largest,
            "zeros_of_dense": self.dense_zeros,
        }


class _Ratios:
    """The smallest and the largest ratio of each row, of each column, and of all."""

    def __init__(self, rows: int, columns: int) -> None:
        self.of = {"row": _limits(rows), "column": _limits(columns), "layer": _limits(1)}

    def add(self, rows: slice, ratios: Array, kept: Bools) -> None:
        low, high = np.where(kept, ratios, np.inf), np.where(kept, ratios, -np.inf)
        lows, highs = self.of["row"]
        lows[rows], highs[rows] = low.min(axis=1), high.max(axis=1)
        for way, axis in (("column", 0), ("layer", None)):
            lows, highs = self.of[way]
            np.minimum(lows, low.min(axis=axis), out=lows)
            np.maximum(highs, high.max(axis=axis), out=highs)

    def near_one(self, unit: float) -> bool:
        """Whether each weight is a neighbour of the dense one, whichever way it was rounded."""
        (low,), (high,) = self.of["layer"]
        return bool(abs(low - 1) <= 2 * unit and abs(high - 1) <= 2 * unit)

    def same(self, unit: float) -> str | None:
        """By which of them the ratios are one number each, but for rounding."""
        for way in ("layer", "row", "column"):
            low, high = self.of[way]
            there = np.isfinite(low) & np.isfinite(high)
            # A product is rounded by at most a unit of itself, and the quotient is rounded.
            spread = 4 * unit * np.maximum(np.abs(low[there]), np.abs(high[there]))
            if (high[there] - low[there] <= spread).all():
                return way
        return None


def _limits(count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.full(count, np.inf), np.full(count, -np.inf)


def compare(it: Content, dense: Content) -> Beside:
    """Compare a tensor with the dense model's, weight by weight.

    Args:
        it: of the checkpoint.
        dense: of the same shape.
    """
    rules: list[_Rounding | _OfOne] = [_Rounding(rule) for rule in _roundings(it.dtype)]
    if {it.dtype, dense.dtype} == {"BF16", "F16"}:
        rules.append(_OfOne(it.dtype, dense.dtype))
    ratios = _Ratios(it.rows, it.columns)
    changed = both = grown = 0
    largest = 0.0
    for rows in it.parts():
        one, other = it.floats(rows), dense.floats(rows)
        zero = one == 0
        both += int(np.count_nonzero(zero & (other == 0)))
        off = (one != other) & ~zero
        count = int(np.count_nonzero(off))
        if count:
            values, of = one[off], other[off]
            changed += count
            grown += int(np.count_nonzero(of == 0))
            with np.errstate(all="ignore"):
                largest = max(largest, float(np.abs(values - of).max()))
                for rule in rules:
                    rule.add(values, of)
        with np.errstate(all="ignore"):
            kept = ~zero & (other != 0)
            ratios.add(rows, np.divide(one, other, dtype=np.float64), kept)
    if not changed:
        return Beside(EQUAL, 0, 0.0, both)
    unexplained = min((rule.missed for rule in rules), default=changed)
    if not unexplained:
        return Beside(ROUNDED, 0, largest, both)
    if 2 * unexplained > changed:
        # Some changed weights are by chance what rounding would have made of them.
        unexplained = changed
    kind, finer = KINDS.get(it.dtype), KINDS.get(dense.dtype)
    unit = None if kind is None else 2.0**-kind.digits
    if (
        unit is not None
        and finer
        and 2.0**-finer.digits < unit
        and not grown
        and ratios.near_one(unit)
    ):
        return Beside(ROUNDED, 0, largest, both)
    way = None if unit is None else ratios.same(unit)
    return Beside(CHANGED if way is None else RESCALED, unexplained, largest, both, way)


class _Rounding:
    """Counts the weights that a rounding of the dense ones does not give."""

    def __init__(self, rule: Callable[[Array], Array]) -> None:
        self.rule, self.missed = rule, 0

    def add(self, values: Array, of: Array) -> None:
        self.missed += int(np.count_nonzero(self.rule(of) != values))


class _OfOne:
    """Counts the weights that no one number gives when it is rounded to either dtype."""

    def __init__(self, *dtypes: str) -> None:
        self.kinds, self.missed = [KINDS[each] for each in dtypes], 0

    def add(self, values: Array, of: Array) -> None:
        both = [each.astype(np.float64) for each in (values, of)]
        room = sum(
            np.maximum(np.abs(each) * 2.0**-kind.digits, 2.0 ** (kind.lowest - 1))
            for each, kind in zip(both, self.kinds, strict=True)
        )
        self.missed += int(np.count_nonzero(np.abs(both[0] - both[1]) > room))


def _roundings(dtype: str) -> list[Callable[[Array], Array]]:
    """What may have rounded weights that are stored in a dtype."""
    to: dict[str, Callable[[Array], Array]] = {
        "F32": lambda values: values.astype(np.float32),
        "BF16": to_bfloat16,
        "F16": lambda values: values.astype(np.float16).astype(np.float32),
        "F16, BF16": lambda values: to_bfloat16(values.astype(np.float16).astype(np.float32)),
        "BF16, F16": lambda values: to_bfloat16(values).astype(np.float16).astype(np.float32),
        "cut": cut_to_bfloat16,
    }
    names = {"F64": ("F32", "BF16", "F16", "cut"), "F32": ("F32", "BF16", "F16", "cut"),
             "BF16": ("BF16", "F16", "F16, BF16", "cut"),
             "F16": ("F16", "BF16", "BF16, F16")}.get(dtype, ())  # fmt: skip
    return [to[name] for name in names]


def to_bfloat16(values: Array) -> Array:
    """Round to the nearest bfloat16, halves to even; finite float32."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    bits = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    return (bits & np.uint32(0xFFFF0000)).view(np.float32)


def cut_to_bfloat16(values: Array) -> Array:
    """Round to the bfloat16 that is next towards 0; finite float32."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    return (bits & np.uint32(0xFFFF0000)).view(np.float32)
