"""Time keep masks against the ways of the well-known repositories, on one matrix.

Those sort each row in full, sort the whole layer, and loop over groups of columns. Medians of
paired runs; the masks are compared bit for bit with those of a stable sort.
"""

import argparse
import multiprocessing
import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass

import torch
from timing import HEADER, time_in_pairs
from torch import Tensor

from pruneproof.reference.masks import keep_mask, keep_n_of_m

SPARSITY = 0.5


@dataclass(frozen=True)
class Case:
    """One kind of mask, of scores in nn.Linear's layout, out × in; True where kept."""

    known: Callable[[Tensor], Tensor]
    ours: Callable[[Tensor], Tensor]
    groups: Callable[[Tensor], Tensor]
    share: float = SPARSITY


def sort_each_row(S: Tensor) -> Tensor:
    order = torch.sort(S, dim=-1, stable=True).indices
    pruned = order[:, : int(S.shape[1] * SPARSITY)]
    return torch.ones_like(S, dtype=torch.bool).scatter_(1, pruned, False)


def sort_the_layer(S: Tensor) -> Tensor:
    threshold = torch.sort(S.flatten()).values[int(S.numel() * SPARSITY)]
    return threshold < S


def loop_over_groups_of_four(S: Tensor) -> Tensor:
    keep = torch.ones_like(S, dtype=torch.bool)
    for start in range(0, S.shape[1], 4):
        lowest = torch.topk(S[:, start : start + 4], 2, dim=1, largest=False).indices
        keep.scatter_(1, start + lowest, False)
    return keep


CASES = {
    "within outputs": Case(sort_each_row, lambda S: keep_mask(S.T, SPARSITY).T, lambda S: S),
    "over the layer": Case(
        sort_the_layer,
        lambda S: keep_mask(S.T, SPARSITY, group="layer").T,
        lambda S: S.view(1, -1),
    ),
    "2:4": Case(
        loop_over_groups_of_four,
        lambda S: keep_n_of_m(S.T, 2, 4).T,
        lambda S: S.view(-1, 4),
    ),
}


def scores(rows: int, columns: int) -> Tensor:
    torch.manual_seed(0)
    return torch.empty(rows, columns).normal_().abs_()


def is_the_mask_of_a_stable_sort(keep: Tensor, S: Tensor, case: Case) -> bool:
    groups = case.groups(S)
    pruned = groups.sort(dim=1, stable=True).indices[:, : int(groups.shape[1] * case.share)]
    expected = torch.ones_like(groups, dtype=torch.bool).scatter_(1, pruned, False)
    return keep.equal(expected.view(S.shape))


def peak_extra_bytes(name: str, rows: int, columns: int) -> int:
    """Growth of this process's peak memory, which must be a fresh process for each call."""
    S = scores(rows, columns)
    CASES[name].ours(S[: rows // 64 + 1])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    CASES[name].ours(S)
    kibibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return kibibytes * (1 if sys.platform == "darwin" else 1024)


def in_a_fresh_process(name: str, arguments: argparse.Namespace) -> int:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(peak_extra_bytes, (name, arguments.rows, arguments.columns))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=4096, help="out_features (default 4096)")
    parser.add_argument("--columns", type=int, default=11008, help="in_features (default 11008)")
    parser.add_argument("--repeats", type=int, default=5, help="paired runs (default 5)")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    if arguments.columns % 4 != 0 or min(arguments.rows, arguments.columns, arguments.repeats) < 1:
        parser.error("--columns must be a multiple of 4, and all numbers at least 1")
    torch.set_num_threads(arguments.threads)

    # Before this process grows: on Linux a child's peak starts at its parent's.
    extra = {name: in_a_fresh_process(name, arguments) for name in CASES}
    S = scores(arguments.rows, arguments.columns)
    print(f"{arguments.rows} × {arguments.columns} float32, torch {torch.__version__}, ", end="")
    print(f"threads: {arguments.threads}, repeats: {arguments.repeats}")
    print(f"{'mask':<16} {HEADER} {'extra memory':>14}   bit-equal")
    all_equal = True
    for name, case in CASES.items():
        pairs = time_in_pairs(lambda: case.known(S), lambda: case.ours(S), arguments.repeats)  # noqa: B023
        equal = is_the_mask_of_a_stable_sort(case.ours(S), S, case)
        memory = f"{extra[name] / S.nbytes:.2f} × matrix"
        print(f"{name:<16} {pairs} {memory:>14}   {'yes' if equal else 'NO'}", flush=True)
        all_equal = all_equal and equal
    return 0 if all_equal else 1


if __name__ == "__main__":
    sys.exit(main())
