"""Which layers a plan leaves dense, and which have a sparsity of their own.

A layer is called by its block's number and its name in the block, such as `3.self_attn.q_proj`.
Patterns are shell globs over the whole of that: `*` stands for anything, dots included, `?` for one
character and `[02]` for one of several.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import translate
from fractions import Fraction
from numbers import Real
from reprlib import repr as shortened
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pruneproof.integration.recipe.plan import Plan

WILD = frozenset("*?[")
"""What makes a pattern more than a name."""


class Patterns:
    """Shell globs in an order; of those that match, the last one decides.

    As in .gitignore: what holds for most layers comes first, and exceptions after it. That one
    pattern is more special than another would be hard to say: `0.*` or `*.down_proj`?

    Args:
        patterns: each once.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self.patterns = tuple(patterns)
        # A file may name each of a model's experts, and plain names need no search.
        self._places = {each: place for place, each in enumerate(self.patterns)}
        self._globs = [
            (place, re.compile(translate(each)))
            for each, place in self._places.items()
            if not WILD.isdisjoint(each)
        ][::-1]

    def deciding(self, name: str) -> str | None:
        """The last pattern that matches a name, or None."""
        exact = self._places.get(name, -1)
        for place, glob in self._globs:
            if place < exact:
                break
            if glob.match(name):
                return self.patterns[place]
        return name if exact >= 0 else None

    def unmatched(self, names: Sequence[str]) -> list[str]:
        """Patterns that match none of the names."""
        globs, known = dict(self._globs), frozenset(names)
        return [
            each
            for place, each in enumerate(self.patterns)
            if each not in known and not (place in globs and any(map(globs[place].match, names)))
        ]


def layer_name(block: int, name: str) -> str:
    """What patterns are matched with.

    Example:
        >>> layer_name(3, "self_attn.q_proj")
        '3.self_attn.q_proj'
    """
    return f"{block}.{name}"


def checked_sparsities(table: Mapping[Any, Any], what: str = "sparsities") -> dict[str, float]:
    """A table from patterns to sparsities, in its order.

    Args:
        table: as it was read or given.
        what: begins the error.

    Raises:
        ValueError: a pattern that is no text, or a sparsity that is no number in [0, 1).

    Example:
        >>> checked_sparsities({"*": 0.5, "0.*": 0})
        {'*': 0.5, '0.*': 0.0}
    """
    for pattern, sparsity in table.items():
        if not isinstance(pattern, str):
            raise ValueError(f"{what}: patterns must be text, got {shortened(pattern)}")
        number = isinstance(sparsity, Real) and not isinstance(sparsity, bool)
        if number and 0 <= sparsity < 1:
            continue
        got, hint = shortened(sparsity), ""
        if isinstance(sparsity, Mapping):
            got, hint = "a table", "; write a whole name or pattern between one pair of quotes"
        raise ValueError(
            f"{what}: {shortened(pattern)} must have a number in [0, 1), got {got}{hint}"
        )
    return {pattern: float(sparsity) for pattern, sparsity in table.items()}


def check_chosen(plan: Plan, layers: Iterable[tuple[int, str]]) -> None:
    """Hold what a plan chooses against the layers that there are.

    Args:
        plan: how they are pruned.
        layers: block and name of every layer that could be pruned.

    Raises:
        ValueError: a pattern that matches no layer, a line of sparsities that later ones leave no
            layer to, everything skipped, or a layer without a sparsity.
    """
    if not (plan.skip or plan.sparsities):
        return
    layers = list(layers)
    names = [layer_name(*each) for each in layers]
    like = f"; their names are as {names[0]} and {names[-1]}" if names else ""
    for what, patterns in (("skip", plan.skipping), ("sparsities", plan.lines)):
        for each in patterns.unmatched(names):
            raise ValueError(
                f"{what}: {shortened(each)} matches none of the {len(names)} matrices that could "
                f"be pruned{like}"
            )
    deciding = set(map(plan.lines.deciding, names))
    for each in plan.sparsities:
        if each not in deciding:
            raise ValueError(
                f"sparsities: {shortened(each)} decides nothing, since the last line that matches "
                "decides and later ones match all of its matrices; put it after them, or remove it"
            )
    # All are asked, so that one without a sparsity is found.
    if {plan.sparsity_of(*each) for each in layers} == {None}:
        raise ValueError(f"skip: all {len(names)} matrices are skipped; leave some to be pruned")


def mean_sparsity(plan: Plan, layers: Iterable[tuple[int, str, int]]) -> float:
    r"""The mean of the layers' sparsities as the plan asks for them, over what is not skipped.

    .. math:: \frac{\sum_l n_l s_l}{\sum_l n_l}

    where layer l has n_l weights and the sparsity s_l, which is 1 - n/m for n:m. What the masks
    prune is a little less, since each group's count is rounded down.

    Args:
        plan: how they are pruned.
        layers: block, name and number of weights of every layer that could be pruned.

    Raises:
        ValueError: all are skipped, or a layer has no sparsity.

    Example:
        >>> from pruneproof.integration.recipe.plan import Plan
        >>> plan = Plan("wanda", 0.5, sparsities={"0.*": 0.25}, skip=("*.v",))
        >>> mean_sparsity(plan, [(0, "q", 300), (1, "q", 100), (1, "v", 100)])
        0.3125
    """
    weights: Counter[float] = Counter()
    for block, name, count in layers:
        if (sparsity := plan.sparsity_of(block, name)) is not None:
            weights[sparsity] += count
    if not weights:
        raise ValueError("layers: all are skipped, so there is no mean sparsity")
    # Exact until the end, so that the mean of equal sparsities is that sparsity.
    total = sum(Fraction(sparsity) * count for sparsity, count in weights.items())
    return float(total / weights.total())


def chosen_in_words(plan: Plan, layers: Iterable[tuple[int, str, int]]) -> str:
    """What a plan chooses, as a user reads it.

    Args:
        plan: how they are pruned.
        layers: block, name and number of weights of every layer that could be pruned.

    Raises:
        ValueError: see `mean_sparsity`.

    Example:
        >>> from pruneproof.integration.recipe.plan import Plan
        >>> plan = Plan("wanda", 0.5, sparsities={"0.*": 0.25}, skip=("*.v",))
        >>> chosen_in_words(plan, [(0, "q", 300), (1, "q", 100), (1, "v", 100)])
        'mean sparsity 0.3125 (0.25 to 0.5) over 2 of 3 matrices; 100 weights are skipped'
    """
    layers = list(layers)
    of = [plan.sparsity_of(block, name) for block, name, _ in layers]
    pruned = [each for each in of if each is not None]
    low, high = min(pruned, default=0.0), max(pruned, default=0.0)
    between = f" ({low:.4g} to {high:.4g})" if low < high else ""
    skipped = sum(count for (*_, count), each in zip(layers, of, strict=True) if each is None)
    left = f"; {skipped:,} weights are skipped" if skipped else ""
    mean = f"mean sparsity {mean_sparsity(plan, layers):.4g}"
    return f"{mean}{between} over {len(pruned)} of {len(of)} matrices{left}"
