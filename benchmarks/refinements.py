"""Time DSnoT against the way of the official code: full sorts of every row, walked by pointers.

Medians of paired runs. The official way computes in float32 and pruneproof in float64, so near
ties may fall differently; the share of outputs with the same mask is printed.
"""

import argparse
import sys
from dataclasses import dataclass

import torch
from timing import HEADER, time_in_pairs
from torch import Tensor

from pruneproof.reference.masks import keep_mask
from pruneproof.reference.refinements import dsnot, r2_dsnot

MAX_CYCLES = 50
UPDATE_THRESHOLD = 0.1


@dataclass(frozen=True)
class Layer:
    """A layer in nn.Linear's layout, out × in, and statistics of its inputs."""

    weight: Tensor
    keep: Tensor
    mean: Tensor
    var: Tensor
    norm: Tensor


def layer(rows: int, columns: int) -> Layer:
    torch.manual_seed(0)
    weight = torch.randn(rows, columns) / columns**0.5
    mean, var = torch.randn(columns), torch.rand(columns) + 0.5
    norm = torch.sqrt(2048 * (var + mean**2))
    return Layer(weight, keep_mask((weight.abs() * norm).T, 0.5).T, mean, var, norm)


def sort_and_walk(x: Layer) -> Tensor:
    """Sort gains and costs of each row in full; take from either end, by the error's sign."""
    pruned = ~x.keep
    contribution = x.weight * x.mean
    gain = contribution.masked_fill(x.keep, 0)
    error = gain.sum(1, keepdim=True)
    by_gain = torch.sort(gain / x.var, dim=1, stable=True).indices
    cost = (x.weight.abs() * x.norm).masked_fill(pruned, torch.inf)
    by_cost = torch.sort(cost, dim=1, stable=True).indices
    signed = contribution.masked_fill(pruned, 0).gather(1, by_cost)
    # Negative contributions in ascending cost from the front, positive ones from the back.
    place = torch.arange(x.weight.shape[1], dtype=torch.float64).expand_as(signed)
    negative = torch.sort(place.masked_fill(signed >= 0, torch.inf), dim=1).values
    positive = torch.sort(place.masked_fill(signed <= 0, torch.inf), dim=1).values.flip(1)
    order = negative.masked_fill(negative.isinf(), 0) + positive.masked_fill(positive.isinf(), 0)
    by_cost = by_cost.gather(1, order.long())

    ends = torch.tensor([0, x.weight.shape[1] - 1]).expand(len(x.weight), 2)
    grow_at, prune_at = ends.clone(), ends.clone()
    steps = torch.tensor([[1, -1]]).expand_as(ends)
    keep, active = x.keep.clone(), torch.ones_like(error, dtype=torch.bool)
    for _ in range(MAX_CYCLES):
        side = (error > 0).long()
        grown = by_gain.gather(1, grow_at.gather(1, side))
        victim = by_cost.gather(1, prune_at.gather(1, 1 - side.where(error != 0, 1)))
        grow_at.scatter_add_(1, side, steps.gather(1, side))
        prune_at.scatter_add_(1, 1 - side, steps.gather(1, 1 - side))
        active &= error.abs() > UPDATE_THRESHOLD
        if not active.any():
            break
        keep.scatter_(1, grown, keep.gather(1, grown) | active)
        keep.scatter_(1, victim, keep.gather(1, victim) & ~active)
        change = contribution.gather(1, victim) - contribution.gather(1, grown)
        error = torch.where(active, error + change, error)
    return keep


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=4096, help="out_features (default 4096)")
    parser.add_argument("--columns", type=int, default=4096, help="in_features (default 4096)")
    parser.add_argument("--repeats", type=int, default=5, help="paired runs (default 5)")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    if min(arguments.rows, arguments.columns, arguments.repeats) < 1:
        parser.error("all numbers must be at least 1")
    torch.set_num_threads(arguments.threads)

    x = layer(arguments.rows, arguments.columns)
    limits = {"max_cycles": MAX_CYCLES, "update_threshold": UPDATE_THRESHOLD}
    statistics = (x.weight.T, x.keep.T, x.mean, x.var, x.norm)
    print(f"{arguments.rows} × {arguments.columns} float32, torch {torch.__version__}, ", end="")
    print(f"threads: {arguments.threads}, repeats: {arguments.repeats}")
    print(f"{'refinement':<12} {HEADER}   same outputs")
    for name, refine in (("DSnoT", dsnot), ("R²-DSnoT", r2_dsnot)):
        pairs = time_in_pairs(
            lambda: sort_and_walk(x),
            lambda: refine(*statistics, **limits),  # noqa: B023
            arguments.repeats,
        )
        line = f"{name:<12} {pairs}"
        if refine is dsnot:
            same = (sort_and_walk(x) == dsnot(*statistics, **limits).T).all(1).float().mean()
            line += f"   {100 * same:.2f} %"
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
