"""All that a tensor says by itself: its zeros, their pattern, and whether it was pruned."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pruneproof.integration.inspection.content import Content
from pruneproof.integration.inspection.counts import Convention, Counted
from pruneproof.integration.inspection.formats import storage_format
from pruneproof.integration.inspection.levels import (
    SHARED,
    Levels,
    displaced,
    levels_of,
    removed_by_input,
    sample,
    shared,
)
from pruneproof.integration.inspection.n_of_m import LARGEST, Pattern, row_zeros, strongest
from pruneproof.integration.inspection.source import PLAIN, Entry
from pruneproof.integration.inspection.structured import Structured, structured

DENSE_ZEROS = 0.01
"""Between what dense weights have that were never quantised (0.03 % at most in those measured) and
the lowest sparsity that anybody prunes to."""
ROWS = 8
"""Outputs that must have the same number of zeros before it says something."""


@dataclass
class Facts:
    """What one tensor says by itself.

    Attributes:
        entry: the tensor.
        zeros: weights that are 0 or −0.0.
        negative: those that are −0.0.
        finite: whether no weight is NaN or infinite.
        displaced: weights at a value near 0 that their block shares, where the format moved zeros.
        pruned: whether it was pruned.
        decided: whether that can be told at all.
        why: in words, why or why not.
        pattern: the strongest n:m, or None.
        row_zeros: the fewest and the most zeros of an output.
        counted: zeros of each output where all have the same, else of the layer; None without
            zeros.
        convention: the rounding, once all tensors are known.
        whole: rows, columns, heads, experts and blocks.
        dead: whether all its zeros are those of a few inputs that no output uses, which dense
            models have, too, where their width was padded.
        levels: what values its runs share; None where nothing asked for a closer look.
        uneven: whether its value nearest to 0 is frequent, and not at single inputs, so that it may
            be what rounding made of inputs of very different sizes.
    """

    entry: Entry
    zeros: int = 0
    negative: int = 0
    finite: bool = True
    displaced: int = 0
    pruned: bool = False
    decided: bool = True
    why: str = ""
    pattern: Pattern | None = None
    row_zeros: tuple[int, int] = (0, 0)
    counted: Counted | None = None
    convention: Convention | None = None
    whole: Structured = field(default_factory=lambda: Structured(0, 0, None))
    dead: bool = False
    levels: Levels | None = None
    uneven: bool = False

    @property
    def sparsity(self) -> float:
        """Share of zeros."""
        return self.zeros / self.entry.weights if self.entry.weights else 0.0

    @property
    def quantised(self) -> bool:
        """Whether its values are those of a format with few levels, whatever it is stored in."""
        return self.levels is not None and self.levels.quantised

    @property
    def removed(self) -> int:
        """Weights that were pruned as far as can be seen: zeros, and zeros that were moved."""
        return self.zeros + self.displaced if self.pruned else 0

    def record(self) -> dict[str, Any]:
        """As plain data, by the names of inspect.json."""
        entry, pattern, counted = self.entry, self.pattern, self.counted
        return {
            "name": entry.name,
            "shape": list(entry.shape),
            "dtype": entry.dtype,
            "storage": entry.storage,
            "role": entry.role.kind,
            "layer": entry.role.name,
            "block": entry.role.block,
            "pruned": self.pruned,
            "decided": self.decided,
            "why": self.why,
            "weights": entry.weights,
            "zeros": self.zeros,
            "negative_zeros": self.negative,
            "sparsity": self.sparsity,
            "displaced_zeros": self.displaced,
            "finite": self.finite,
            "pattern": {
                "n_m": None if pattern is None else str(pattern),
                "violations": None if pattern is None else pattern.violations,
                "groups": None if pattern is None else pattern.groups,
                "tail": None if pattern is None else pattern.tail,
                "same_count_per_output": None if counted is None else counted.group == "output",
                "zeros_in_each": None if counted is None else counted.zeros,
                "count_convention": None if self.convention is None else self.convention.name,
                "count_sparsity": None if self.convention is None else self.convention.sparsity,
                **self.whole.record(),
            },
        }


def look(
    entry: Entry,
    content: Content,
    heads: dict[str, tuple[str, int]],
    *,
    damaged: bool = False,
) -> tuple[Facts, NDArray[np.bool_] | None]:
    """What a tensor says by itself.

    Args:
        entry: the tensor.
        content: its numbers.
        heads: by the last part of a layer's name, whether its rows or columns are those of heads,
            and how many a head has.
        damaged: whether it may hold NaN and infinity, of which only the zeros are said.

    Returns:
        The facts, and where its zeros are, outputs × inputs; None for a vector.

    Raises:
        ValueError: a weight that is NaN or infinite.
    """
    found = content.zeros()
    facts = Facts(entry, int(np.count_nonzero(found.mask)), found.negative, found.finite)
    # Buffers, such as a causal mask, may hold them.
    weight = entry.role.judged or entry.name.endswith(".weight")
    if not found.finite and weight and not damaged:
        raise ValueError(
            f"{entry.name}: holds NaN or infinity; fetch the checkpoint again, or save it in a "
            "dtype that holds its weights"
        )
    if len(entry.shape) < 2 or not entry.weights:
        facts.why = "no matrix"
        return facts, None
    mask = as_outputs(entry, found.mask)
    experts = entry.shape[0] if len(entry.shape) == 3 else 1
    if found.finite:
        _look_at_levels(facts, content)
    if facts.zeros:
        _look_at_mask(facts, mask, experts, heads.get(entry.role.name.rpartition(".")[2]))
    facts.pruned, facts.why = _judged(facts)
    if not entry.role.judged and entry.role.why:
        facts.why = f"set aside: {entry.role.why}"
    return facts, mask


def as_outputs(entry: Entry, mask: Any) -> Any:
    """A mask, or weights, as they are stored, as outputs × inputs, experts one after the other."""
    if not entry.role.inputs_first:
        return mask
    experts = entry.shape[0] if len(entry.shape) == 3 else 1
    stack = mask.reshape(experts, -1, mask.shape[1])
    return np.ascontiguousarray(stack.swapaxes(1, 2)).reshape(-1, stack.shape[1])


def _look_at_mask(
    facts: Facts, mask: NDArray[np.bool_], experts: int, head: tuple[str, int] | None
) -> None:
    inputs = mask.shape[1]
    each = row_zeros(mask)
    facts.row_zeros = int(each.min()), int(each.max())
    same = facts.row_zeros[0] == facts.row_zeros[1]
    facts.counted = (
        Counted("output", inputs, int(each[0]))
        if same
        else (Counted("layer", mask.size, facts.zeros))
    )
    if same and facts.sparsity <= DENSE_ZEROS:
        # As many in each output as inputs are zero in all outputs, of each expert.
        inputs_gone = mask.reshape(experts, -1, inputs).all(axis=1).sum(axis=1)
        facts.dead = bool((inputs_gone == each[0]).all())
    if facts.sparsity * (LARGEST + 1) >= 1:
        facts.pattern = strongest(mask, each)
        none = facts.pattern is None
        facts.whole = structured(mask, each, experts=experts, head=head, blocks=none)


def _look_at_levels(facts: Facts, content: Content) -> None:
    """Whether zeros were moved, and whether a quantiser explains those that are there."""
    values = sample(content)
    plain = facts.entry.storage == PLAIN
    moved = shared(values) >= SHARED
    if not moved and (plain and facts.sparsity <= DENSE_ZEROS):
        return
    facts.levels = levels_of(values)
    zeros = facts.sparsity > facts.levels.nearest / 2
    rounded = not plain or facts.quantised
    if not facts.levels.excess or facts.levels.too_few or (zeros and not rounded):
        return
    facts.uneven = not removed_by_input(content)
    if moved and not zeros and not facts.uneven:
        facts.displaced = displaced(content)


def _judged(facts: Facts) -> tuple[bool, str]:
    """Whether a tensor was pruned, and why."""
    share, levels, storage = facts.sparsity, facts.levels, storage_format(facts.entry.storage)
    if facts.pattern is not None:
        return True, f"its zeros are {facts.pattern}"
    if facts.whole.kind is not None:
        return True, f"its zeros are whole {facts.whole.kind}"
    counted = facts.counted
    if counted is not None and counted.group == "output" and counted.zeros:
        outputs = facts.entry.weights // counted.total
        if facts.dead:
            return False, f"{100 * share:.3g} % zeros, of inputs that no output uses"
        if outputs >= ROWS:
            return True, f"each output has {counted.zeros} zeros"
    if facts.displaced:
        moved = 100 * facts.displaced / facts.entry.weights
        return True, f"the format moved its zeros: {moved:.1f} % are at one value of their block"
    rounded = levels is not None and (levels.quantised or storage is not None)
    if rounded and levels.excess and facts.uneven:
        facts.decided = False
        return False, (
            f"not decided: {100 * levels.nearest:.1f} % are at the value nearest to 0, which "
            "pruning may have made, or rounding of inputs of very different sizes"
        )
    if rounded and levels.too_few:
        facts.decided = False
        return False, "not decided: a dense weight has as many zeros where levels are so few"
    if share <= DENSE_ZEROS:
        return False, f"{100 * share:.3g} % zeros"
    if rounded:
        if not levels.excess:
            return False, f"{100 * share:.1f} % zeros, which rounding to its levels explains"
        return True, f"{100 * share:.1f} % zeros, more than rounding to its levels explains"
    return True, f"{100 * share:.1f} % zeros"
