r"""Norms of the inputs for which a mask keeps the highest scores, or a cycle that excludes them.

In logarithms, :math:`u_i = \log x_i`, a group of output k with threshold θ says
:math:`u_i + \log|W_{ki}| \le \theta \le u_j + \log|W_{kj}|` for each pruned i and kept j: a
system of differences. Starting from u = 0, every θ is raised to its highest pruned score, then
every :math:`u_j` until no kept score lies below θ: Bellman's and Ford's iteration for longest
paths, whose edges i → j, as many as pairs, are never written down. A round reads the layer twice.
It ends when nothing rises, and u is a solution; or some inputs raised each other around a cycle,
whose product is then above 1.

Source: R. Bellman, "On a routing problem" (1958); Cormen et al., *Introduction to Algorithms*,
3rd ed., 24.4 (difference constraints) and Lemma 24.16 (cycles of predecessors).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from pruneproof.integration.inspection.explanations.groups import in_groups, sides
from pruneproof.integration.inspection.explanations.rounding import Rounding
from pruneproof.integration.inspection.explanations.sizes import Sizes
from pruneproof.reference.blocks import row_blocks

Edge = tuple[int, int, int]
"""An output, the pruned input and the kept one, both counted through all groups."""
BLOCK = 2**19


@dataclass(frozen=True)
class Layer:
    """Logarithms of the sizes, in groups.

    Attributes:
        V: the lower end where a weight was pruned (-inf: it says nothing), the upper end where it
            was kept; out × groups × length.
        kept: where it was kept and is not 0.
        room: what is added to every edge, so that rounding of V itself cannot matter.
    """

    V: Float[Tensor, "c g m"]
    kept: Bool[Tensor, "c g m"]
    room: float

    def rows(self) -> list[slice]:
        """Blocks of whole rows that stay in a cache."""
        outputs, groups, length = self.V.shape
        return list(row_blocks(outputs, groups * length, BLOCK))

    def thresholds(self, u: Tensor) -> Float[Tensor, "c g"]:
        """Of every group the highest pruned score."""
        out = self.V.new_empty(self.V.shape[:2])
        for rows in self.rows():
            scores = (self.V[rows] + u).masked_fill_(self.kept[rows], -math.inf)
            out[rows] = scores.amax(-1)
        return out

    def required(
        self, theta: Tensor, above: Tensor
    ) -> tuple[Float[Tensor, "g m"], Int[Tensor, "g m"]]:
        """How high every u must be for the kept scores to reach θ, and which output says so.

        The output is found only where u must be higher than `above`.
        """
        best = torch.full_like(above, -math.inf)
        which = torch.zeros_like(above, dtype=torch.long)
        for rows in self.rows():
            least = theta[rows, :, None] - self.V[rows]
            least.masked_fill_(~self.kept[rows], -math.inf)
            highest = least.amax(0)
            better = (highest > best) & (highest + self.room > above)
            which[better] = least[:, better].argmax(0) + rows.start
            best = torch.maximum(best, highest)
        return best + self.room, which

    def highest_pruned(self, outputs: Tensor, groups: Tensor, u: Tensor) -> Tensor:
        """The input, counted through all groups, with the highest pruned score of some groups."""
        found = []
        step = max(1, BLOCK // max(1, self.V.shape[2]))
        for k, g in zip(outputs.split(step), groups.split(step), strict=True):
            scores = (self.V[k, g] + u[g]).masked_fill_(self.kept[k, g], -math.inf)
            found.append(scores.argmax(-1) + g * self.V.shape[2])
        return torch.cat(found)


@dataclass(frozen=True)
class Raised:
    """Where the iteration ended.

    Attributes:
        u: logarithms of norms, groups × length; those of dead inputs are -inf.
        settled: whether nothing had to rise any more.
        cycles: those that were found, each as its edges.
    """

    u: Tensor
    settled: bool
    cycles: tuple[tuple[Edge, ...], ...]


def layer_of(
    sizes: Sizes, keep: Tensor, rounding: Rounding, length: int, *, room: bool = False
) -> Layer:
    """The logarithms of a layer's sizes as rounding may have left them.

    Single precision does where rounding is coarser by far. Elsewhere norms need some room.
    """
    wide = rounding.u < 2.0**-14
    dtype = torch.float64 if wide else torch.float32
    pruned, kept = sides(sizes.W, keep)
    V = torch.full_like(sizes.W, -math.inf, dtype=dtype)
    for rows, low, high in sizes.ends(rounding):
        ends = torch.where(kept[rows], high, torch.where(pruned[rows], low, 0.0))
        V[rows] = ends.log().to(dtype)
    return Layer(
        in_groups(V, length, -math.inf),
        in_groups(kept, length, False),
        1e-12 if wide and room else 0.0,
    )


def raise_norms(layer: Layer, dead: Bool[Tensor, "g m"], most_rounds: int) -> Raised:
    """Raise norms until all kept scores reach their thresholds, or a cycle shows.

    Args:
        layer: the sizes.
        dead: inputs with a norm of 0, which raise nothing.
        most_rounds: when to give up.
    """
    length = layer.V.shape[2]
    u = torch.zeros(dead.shape, dtype=layer.V.dtype).masked_fill(dead, -math.inf)
    least = 2.5e-13 if layer.V.dtype == torch.float64 else 1e-5
    predecessor = torch.arange(dead.numel())
    through = torch.zeros(dead.numel(), dtype=torch.long)
    for _ in range(most_rounds):
        theta = layer.thresholds(u)
        higher, outputs = layer.required(theta, u + least)
        up = (higher > u + least) & ~dead
        if not up.any():
            return Raised(u, True, ())
        at = up.flatten().nonzero().squeeze(1)
        through[at] = outputs.flatten()[at]
        predecessor[at] = layer.highest_pruned(through[at], at // length, u)
        u = torch.where(up, higher, u)
        if cycles := _cycles(predecessor, through):
            return Raised(u, False, cycles)
    return Raised(u, False, ())


def _cycles(predecessor: Tensor, through: Tensor) -> tuple[tuple[Edge, ...], ...]:
    """The cycles of a graph in which everything has one predecessor, itself for none."""
    ends = predecessor
    for _ in range(max(1, len(ends)).bit_length()):
        ends = ends[ends]
    on = {n for n in ends.unique().tolist() if predecessor[n] != n}
    found = []
    while on:
        start = node = on.pop()
        edges: list[Edge] = []
        while True:
            before = int(predecessor[node])
            edges.append((int(through[node]), before, node))
            on.discard(before)
            node = before
            if node == start:
                break
        # From the last edge to the first, each kept input is the next pruned one.
        found.append(tuple(reversed(edges)))
    return tuple(found)


def forced_dead(layer: Layer, dead: Bool[Tensor, "g m"]) -> Bool[Tensor, "g m"]:
    """All inputs whose norm must be 0 once those of `dead` are.

    Where a kept score is 0, so is every pruned one of its group.
    """
    while True:
        more = dead.clone()
        for rows in layer.rows():
            kept = layer.kept[rows]
            empty = (kept & dead).any(-1)
            more |= (~kept & (layer.V[rows] > -math.inf) & empty[..., None]).any(0)
        if torch.equal(more, dead):
            return dead
        dead = more


def best_fit(layer: Layer, rounds: int = 4) -> Tensor:
    """Norms that agree with many groups where none agree with all: middles of what is asked."""
    u = torch.zeros(layer.V.shape[1:], dtype=layer.V.dtype)
    for _ in range(rounds):
        low, high = layer.thresholds(u), _lowest_kept(layer, u)
        theta = torch.where(low.isfinite() & high.isfinite(), (low + high) / 2, math.nan)
        at_least, at_most = _asked(layer, theta)
        both = at_least.isfinite() & at_most.isfinite()
        one = torch.where(
            at_least.isfinite(), at_least, torch.where(at_most.isfinite(), at_most, u)
        )
        u = torch.where(both, (at_least + at_most) / 2, one)
    return u


def _lowest_kept(layer: Layer, u: Tensor) -> Tensor:
    out = layer.V.new_empty(layer.V.shape[:2])
    for rows in layer.rows():
        scores = (layer.V[rows] + u).masked_fill_(~layer.kept[rows], math.inf)
        out[rows] = scores.amin(-1)
    return out


def _asked(layer: Layer, theta: Tensor) -> tuple[Tensor, Tensor]:
    shape = layer.V.shape[1:]
    at_least = torch.full(shape, -math.inf, dtype=layer.V.dtype)
    at_most = torch.full(shape, math.inf, dtype=layer.V.dtype)
    for rows in layer.rows():
        middle, kept = theta[rows, :, None] - layer.V[rows], layer.kept[rows]
        unknown = middle.isnan()
        at_least = torch.maximum(at_least, middle.masked_fill(~kept | unknown, -math.inf).amax(0))
        at_most = torch.minimum(at_most, middle.masked_fill(kept | unknown, math.inf).amin(0))
    return at_least, at_most
