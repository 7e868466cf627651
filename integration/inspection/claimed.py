"""What is said of a checkpoint: options of the command, or a TOML file."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from pruneproof.integration.inspection.explaining import QUESTIONS
from pruneproof.integration.recipe.chosen import Patterns

MASKS_ONLY = (
    "magnitude", "wanda", "owanda", "symwanda", "symwanda_squared", "symmetric",
    "symmetric_squared", "ri", "ria", "general_diagonal", "lp", "stochria", "stade", "dsnot",
    "r2_dsnot",
)  # fmt: skip
"""Methods that leave the weights they keep as they are."""
ALSO_CHANGE = ("sparsegpt", "least_squares")
VARIANTS = tuple(each.method for each in QUESTIONS if each.method != each.base)
"""Methods with parameters that are not their own, such as ``ri[terms=output]``."""
METHODS = MASKS_ONLY + ALSO_CHANGE + VARIANTS
GROUPS = ("output", "layer")


def base_of(method: str) -> str:
    """A method's name without its parameters."""
    return method.partition("[")[0]


@dataclass(frozen=True)
class Claimed:
    """What is said of a checkpoint; nothing is asked of what is not said.

    Attributes:
        methods: the scores that its mask is said to come from.
        sparsity: share of the weights of each layer that is said to be 0.
        n_m: how many of how many consecutive inputs survive.
        group: `output` or `layer`.
        skip: patterns of layers that were left alone on purpose, such as `0.*` or `*.down_proj`.
    """

    methods: tuple[str, ...] = ()
    sparsity: float | None = None
    n_m: tuple[int, int] | None = None
    group: str | None = None
    skip: tuple[str, ...] = field(default_factory=tuple)

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            ValueError: with the name of the option.
        """
        for each in self.methods:
            if each not in METHODS:
                raise ValueError(f"method must be one of {', '.join(METHODS)}, got {each[:100]}")
        if self.sparsity is not None and not (
            math.isfinite(self.sparsity) and 0 <= self.sparsity < 1
        ):
            raise ValueError(f"sparsity must lie in [0, 1), got {self.sparsity}")
        if self.n_m is not None:
            n, m = self.n_m
            if not 0 < n < m <= 255:
                raise ValueError(f"n-m must have 0 < n < m, m at most 255, got {n}:{m}")
        if self.sparsity is not None and self.n_m is not None:
            raise ValueError("give either sparsity or n-m, not both: n:m says the sparsity")
        if self.group is not None and self.group not in GROUPS:
            raise ValueError(f"group must be output or layer, got {self.group[:100]}")
        if self.group is not None and self.n_m is not None:
            raise ValueError("give either group or n-m, not both: n:m says what is compared")

    @cached_property
    def skipping(self) -> Patterns:
        """The patterns of layers that were left alone."""
        return Patterns(self.skip)

    def check_skip(self, layers: Iterable[str]) -> None:
        """Refuse a pattern that names nothing, which is a slip.

        Args:
            layers: of all tensors that are there.

        Raises:
            ValueError: with the first such pattern.
        """
        there = list(layers)
        for pattern in self.skipping.unmatched(there):
            like = f"; they are called such as {there[0]}" if there else ""
            raise ValueError(f"skip: {pattern[:100]} matches no layer{like}")

    def skips(self, layer: str) -> bool:
        """Whether a layer is said to have been left alone."""
        return self.skipping.deciding(layer) is not None


def pattern_of(text: str) -> tuple[int, int]:
    """The numbers of a text such as 2:4.

    Raises:
        ValueError: it is none.
    """
    n, colon, m = text.partition(":")
    if not (colon and n.isdecimal() and m.isdecimal() and len(n) < 4 and len(m) < 4):
        raise ValueError(f"n-m must be two numbers with a colon, as 2:4, got {text[:100]}")
    return int(n), int(m)


def read_claims(path: Path) -> Claimed:
    """What a TOML file says, by the names of the options: `method`, `sparsity`, `n_m`, …

    Raises:
        ValueError: no TOML, an unknown name, or a value of another kind.
        OSError: it cannot be read.
    """
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"claims: {path} is no TOML ({error}); correct it") from error
    known = {each.name for each in fields(Claimed)} - {"methods"} | {"method"}
    if unknown := sorted(data.keys() - known):
        raise ValueError(
            f"claims: {path} has the unknown key {unknown[0][:100]}; the keys are "
            f"{', '.join(sorted(known))}"
        )
    n_m = data.get("n_m")
    return Claimed(
        _texts(path, "method", data.get("method", [])),
        _number(path, data.get("sparsity")),
        None if n_m is None else pattern_of(_text(path, "n_m", n_m)),
        None if data.get("group") is None else _text(path, "group", data["group"]),
        _texts(path, "skip", data.get("skip", [])),
    )


def _text(path: Path, key: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"claims: {key} in {path} must be a text, got {str(value)[:100]}")
    return value


def _texts(path: Path, key: str, value: Any) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    return tuple(_text(path, key, each) for each in values)


def _number(path: Path, value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"claims: sparsity in {path} must be a number, got {str(value)[:100]}")
    return float(value)
