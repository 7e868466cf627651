r"""Could a mask be Wanda's, or RIA's, with any calibration?

Wanda's score is :math:`|W_{ki}|\,x_i` with an activation norm :math:`x_i \ge 0` of each input.
Within outputs, a mask is that of some positive norms iff no cycle of inputs has a product above 1
(:mod:`~pruneproof.integration.inspection.explanations.cycle`). Over a whole layer cycles of one
input suffice: a weight of input i was pruned, a smaller one of the same input kept.

A cycle says that its inputs have no positive norms. Could they be dead, all their activations 0?
Their scores are then 0, and where one of them was kept, all that was pruned in that group has the
score 0 too, hence comes from a dead input. `forced_dead` follows this to its end; the others have
positive norms iff no cycle is left among them. So the answer is complete: with no dead input the
mask is possible, with almost all of them it is refuted, and in between it hangs on whether just
these inputs are dead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

from pruneproof.integration.inspection.explanations.cycle import Cycle, Pair
from pruneproof.integration.inspection.explanations.explanation import Explanation, Verdict
from pruneproof.integration.inspection.explanations.groups import (
    NOTHING,
    checked,
    comparable,
    extremes,
    in_groups,
    sides,
    something_compares,
)
from pruneproof.integration.inspection.explanations.norms import (
    Edge,
    Layer,
    Raised,
    best_fit,
    forced_dead,
    layer_of,
    raise_norms,
)
from pruneproof.integration.inspection.explanations.over_layer import over_layer
from pruneproof.integration.inspection.explanations.rounding import Rounding, rounding_of
from pruneproof.integration.inspection.explanations.short import shorter
from pruneproof.integration.inspection.explanations.sizes import Sizes, relative_importances
from pruneproof.reference.checks import check_integer, check_number

SHARE = Fraction(15, 16)
"""Of the rounding that is allowed for, what the search itself uses up."""
LEAST_ALIVE = 0.05
"""A calibration in which fewer inputs are ever non-zero is not counted as one."""
LEAST_ROUNDS, READ = 50, 2**33
"""Of the search, where the layer is large; and how many weights may be read instead."""
SHORTENED = 8
"""How many groups are searched for a shorter cycle."""


def could_be_wanda(
    W: Tensor,
    keep: Tensor,
    *,
    n_m: tuple[int, int] | None = None,
    group: str = "output",
    computed_in: torch.dtype | None = None,
    least_alive: float = LEAST_ALIVE,
    most_rounds: int | None = None,
) -> Explanation:
    r"""Whether a mask keeps the highest :math:`|W_{ki}|\,x_i` for some norms x of the inputs.

    Args:
        W: weights of the dense model, out_features × in_features.
        keep: True where a weight survived. Where W is 0 it does not matter.
        n_m: kept of group, where m consecutive inputs compare.
        group: `output`, or `layer`, where all weights compare.
        computed_in: the coarsest arithmetic that the scores may have been computed in; None
            allows for bfloat16 and float16, whatever W is stored in.
        least_alive: the share of the inputs that a calibration is taken to reach; 1 where it is
            known that no input is dead, as behind a norm or a SiLU.
        most_rounds: of the search, after which it is `not_decided`; None for as many as can be
            needed, or in layers of many millions of weights as read some 10¹⁰.

    Returns:
        `possible` with norms, for which every group was looked at; `refuted` with a cycle; or
        `not_decided`, with a cycle where the mask is Wanda's only if certain inputs are dead.

    Raises:
        TypeError: W or keep is no tensor, or keep not boolean.
        ValueError: W is not a finite matrix, keep has another shape, or another argument is
            outside its range.

    Example:
        >>> W = torch.tensor([[0.5, 0.25], [0.5, 0.75]])
        >>> could_be_wanda(W, torch.tensor([[True, False], [False, True]])).verdict
        'possible'
        >>> answer = could_be_wanda(W, torch.tensor([[False, True], [True, False]]))
        >>> answer.verdict, answer.certificate.excess()  # 0.5 · 0.75 over 0.25 · 0.5
        ('refuted', 3.0)

    Source: Corollary 3.2 for the score; the theorem is
    pruneproof.symbolic.claims.explanations.
    """
    rest = (W, keep, group, n_m, computed_in, least_alive, most_rounds)
    return _answer("wanda", {}, Sizes, *rest)


def could_be_ria(
    W: Tensor,
    keep: Tensor,
    *,
    terms: str = "both",
    n_m: tuple[int, int] | None = None,
    group: str = "output",
    computed_in: torch.dtype | None = None,
    least_alive: float = LEAST_ALIVE,
    most_rounds: int | None = None,
) -> Explanation:
    r"""Whether a mask keeps the highest :math:`RI_{ki}\,x_i^\alpha` for some norms and any α.

    Any positive x and α give any positive :math:`x_i^\alpha`, so this is `could_be_wanda` with
    the relative importance in the place of the weight. Sums are taken to be accumulated in
    float32 at least.

    Args:
        W: weights of the dense model, out_features × in_features.
        keep: True where a weight survived.
        terms: of the relative importance: `both`, or the `input` or the `output` term alone.
        n_m: kept of group, where m consecutive inputs compare.
        group: `output`, or `layer`, where all weights compare.
        computed_in: see `could_be_wanda`.
        least_alive: see `could_be_wanda`.
        most_rounds: see `could_be_wanda`.

    Raises:
        TypeError: as `could_be_wanda`.
        ValueError: as `could_be_wanda`, or terms is another word.

    Source: Eq. (2).
    """
    rest = (W, keep, group, n_m, computed_in, least_alive, most_rounds)
    return _answer("ria", {"terms": terms}, lambda W: relative_importances(W, terms), *rest)


@dataclass(frozen=True)
class _Found:
    """What the search has established.

    Attributes:
        raised: its end; settled where norms were found for all inputs that are not dead.
        dead: the inputs that checked cycles force to be dead.
        cycle: the shortest of them.
    """

    raised: Raised
    dead: Tensor
    cycle: Cycle | None


def _answer(
    method: str,
    parameters: dict[str, Any],
    sizes_of: Callable[[Tensor], Sizes],
    W: Tensor,
    keep: Tensor,
    group: str,
    n_m: tuple[int, int] | None,
    computed_in: torch.dtype | None,
    least_alive: float,
    most_rounds: int | None,
) -> Explanation:
    grouping = checked(W, keep, group, n_m)
    sizes = sizes_of(comparable(W))
    check_number("least_alive", least_alive, 0, 1)
    if most_rounds is None:
        # A path visits an input once, and a round lengthens all paths by one.
        length = grouping.length(sizes.W.shape[1])
        most_rounds = min(length + 2, max(LEAST_ROUNDS, READ // max(1, sizes.W.numel())))
    check_integer("most_rounds", most_rounds, 1)
    rounding = rounding_of(computed_in)

    def explanation(verdict: Verdict, why: str, agreement: float, **known: Any) -> Explanation:
        return Explanation(
            method, group, verdict, agreement, known.pop("certificate", None), why,
            n_m=grouping.n_m, parameters=parameters, arithmetic=rounding.name, **known,
        )  # fmt: skip

    inputs = sizes.W.shape[1]
    if not something_compares(sizes.W, keep, group, grouping.length(inputs)):
        return explanation("not_decided", NOTHING, 1.0)
    if group == "layer":
        cycle, dead, norms, agreement = over_layer(sizes, keep, rounding)
    else:
        length = grouping.length(inputs)
        found = _search(sizes, keep, rounding, length, least_alive, most_rounds)
        cycle, dead = found.cycle, found.dead.flatten()[:inputs]
        norms = found.raised.u.double().flatten()[:inputs].exp() if found.raised.settled else None
        agreement = None
    if cycle is None and norms is not None:
        agreement = _agreement(sizes, keep, norms, rounding, group, n_m)
        if agreement == 1:
            why = "these norms give the mask: every group was looked at"
            return explanation("possible", why, agreement, norms=norms)
    if agreement is None:
        layer = layer_of(sizes, keep, rounding, grouping.length(inputs))
        fit = best_fit(layer).double().flatten()[:inputs].exp()
        agreement = _agreement(sizes, keep, fit, rounding, group, n_m)
    if cycle is None:
        why = "neither norms nor a cycle that rounding does not explain was found"
        return explanation("not_decided", why, agreement)
    count = int(dead.sum())
    counted = int((sizes.W != 0).any(0).sum())
    told = {"certificate": cycle, "dead": count}
    if counted - count < least_alive * counted or count == counted:
        why = f"no norms order these weights so, unless {count} of {counted} inputs are dead"
        return explanation("refuted", why, agreement, **told)
    least = "" if norms is not None else " at least"
    why = f"only if{least} {count} of {counted} inputs are dead (all their activations are 0)"
    return explanation("not_decided", why, agreement, **told)


def _search(
    sizes: Sizes,
    keep: Tensor,
    rounding: Rounding,
    length: int,
    least_alive: float,
    most_rounds: int,
) -> _Found:
    layer = layer_of(sizes, keep, rounding.shrunk(SHARE), length, room=True)
    dead = torch.zeros(layer.V.shape[1:], dtype=torch.bool)
    raised = raise_norms(layer, dead, most_rounds)
    if not raised.cycles:
        return _Found(raised, dead, None)
    # What was found may hang on the part of the rounding that the search uses up.
    layer = layer_of(sizes, keep, rounding, length)
    raised = raise_norms(layer, dead, most_rounds)
    best: Cycle | None = None
    counted = int((sizes.W != 0).any(0).sum())
    while raised.cycles:
        proofs = [(edges, _cycle(sizes, edges, rounding)) for edges in raised.cycles]
        proofs = [(edges, cycle) for edges, cycle in proofs if cycle.check()]
        if not proofs:
            break
        if best is None:
            best = _best(sizes, layer, proofs, rounding)
        for edges, _ in proofs:
            dead.view(-1)[[edge[2] for edge in edges]] = True
        dead = forced_dead(layer, dead)
        if counted - int(dead.sum()) < least_alive * counted:
            break
        raised = raise_norms(layer, dead, most_rounds)
    return _Found(raised, dead, best)


def _best(
    sizes: Sizes, layer: Layer, proofs: list[tuple[tuple[Edge, ...], Cycle]], rounding: Rounding
) -> Cycle:
    """The shortest cycle, and of those the one that exceeds 1 the most, up to a factor of 1000."""
    length, of_groups = layer.V.shape[2], dict[int, tuple[Edge, ...]]()
    for edges, _ in sorted(proofs, key=lambda proof: len(proof[0])):
        of_groups.setdefault(edges[0][1] // length, edges)
    tried = list(of_groups.values())[:SHORTENED]
    found = [_cycle(sizes, each, rounding) for edges in tried for each in shorter(layer, edges)]
    proved = [cycle for cycle in found if cycle.check()]
    return min(proved, key=lambda cycle: (len(cycle.pairs), -min(1000.0, cycle.excess())))


def _cycle(sizes: Sizes, edges: tuple[Edge, ...], rounding: Rounding) -> Cycle:
    pairs = tuple(Pair(sizes.entry(k, i), sizes.entry(k, j)) for k, i, j in edges)
    return Cycle(pairs, rounding)


def _agreement(
    sizes: Sizes,
    keep: Tensor,
    norms: Tensor,
    rounding: Rounding,
    group: str,
    n_m: tuple[int, int] | None,
) -> float:
    """Share of the groups that keep their highest scores, but for rounding."""
    length = n_m[1] if n_m else max(1, sizes.W.shape[1])
    pruned, kept = sides(sizes.W, keep)
    highest, lowest = [], []
    for rows, low, high in sizes.ends(rounding):
        top, bottom = extremes(
            in_groups(low * norms, length, 0.0),
            in_groups(high * norms, length, 0.0),
            in_groups(pruned[rows], length, False),
            in_groups(kept[rows], length, False),
        )
        highest.append(top)
        lowest.append(bottom)
    top, bottom = torch.cat(highest), torch.cat(lowest)
    if group == "layer":
        top, bottom = top.amax(), bottom.amin()
    # The products above are rounded, once each.
    return float((top <= bottom * (1 - 2.0**-50)).double().mean())
