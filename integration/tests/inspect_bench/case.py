"""A case of the bench: what makes its files, how it is asked about, and what is right."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from inspect_bench.dense import MATRICES, Arrays, llama, save
from inspect_bench.masks import how_many, keep, scores

Right = dict[str, Any]
"""Findings of a tensor, by the names of inspect.json; those of `pattern` have them in front, as
`pattern.n_m`. A set holds all values that are right, and a range the numbers."""
CONVENTIONS = ("floor", "round", "ceil", "one_more")


@dataclass
class Made:
    """Files that are there, and what is right of them.

    Attributes:
        checkpoint: what is inspected.
        options: of the command, after it.
        code: its exit code.
        tensors: findings by name.
        explained: verdicts that are right, by method and group.
        claims: verdicts of which each must be among the claims'.
        line: what the one line on standard error says, where the code is 2.
    """

    checkpoint: Path
    options: tuple[str | Path, ...] = ()
    code: int = 0
    tensors: dict[str, Right] = field(default_factory=dict)
    explained: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    claims: frozenset[str] = frozenset()
    line: str = ""


@dataclass(frozen=True)
class Case:
    """A name, what makes the files in an empty folder, and whether it waits for `tox -e long`."""

    name: str
    make: Callable[[Path], Made]
    long: bool = False


class Cases(list[Case]):
    """Cases in order; `add` is a decorator of what makes the files of one."""

    def add(
        self, name: str, *arguments: Any, long: bool = False
    ) -> Callable[[Callable[..., Made]], Callable[..., Made]]:
        """Remember a maker, which is given the folder and these arguments."""

        def remember(make: Callable[..., Made]) -> Callable[..., Made]:
            self.append(Case(name, lambda folder: make(folder, *arguments), long))
            return make

        return remember


Choose = Callable[[str, np.ndarray], np.ndarray]
"""From a matrix' name and weights to what is kept of it."""


def masked(
    tensors: Arrays, choose: Choose, names: Iterable[str] = MATRICES
) -> tuple[Arrays, Arrays]:
    """Tensors with zeros in some matrices, and what is kept of each of those."""
    kept = {name: choose(name, tensors[name]) for name in names}
    zeroed = {name: np.where(each, tensors[name], np.float32(0)) for name, each in kept.items()}
    return tensors | zeroed, kept


def by_score(
    method: str, sparsity: float = 0.5, group: str = "output", count: str = "floor", **more: Any
) -> Choose:
    """A mask by one score; the norms of the inputs are `more`'s, lognormal without."""
    from inspect_bench.dense import norms

    def choose(name: str, W: np.ndarray) -> np.ndarray:
        return keep(scores(method, W, norms(name, **more)), sparsity, group, count)

    return choose


def alone(kept: Arrays, **same: Any) -> dict[str, Right]:
    """What is right of masks whose every zero is a pruned weight."""
    return {
        name: {
            "shape": [*each.shape],
            "pruned": True,
            "zeros": int((~each).sum()),
            "negative_zeros": 0,
            "displaced_zeros": 0,
            "sparsity": float((~each).mean()),
        }
        | same
        for name, each in kept.items()
    }


def dense_ones(names: Iterable[str], **same: Any) -> dict[str, Right]:
    """What is right of tensors that nobody pruned and that hold no zero."""
    return {name: {"pruned": False, "zeros": 0, "displaced_zeros": 0} | same for name in names}


def conventions(counts: dict[int, int], sparsity: float) -> set[str]:
    """All that count like this, by how many there are in a group."""
    return {
        each
        for each in CONVENTIONS
        if all(how_many(total, sparsity, each) == pruned for total, pruned in counts.items())
    }


def saved_dense(folder: Path, tensors: Arrays | None = None, dtype: str = "F32") -> Path:
    """The dense model in a folder beside the checkpoint."""
    return save(folder / "dense", llama() if tensors is None else tensors, dtype)
