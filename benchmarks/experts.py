"""Time the masks of a layer's experts against those of one expert after the other.

The known ways take an expert's matrix after the other, as the well-known repositories take linear
layers: its scores, then a stable sort of each output, or a loop over groups of columns. With
`--against ours` the same is done with pruneproof's own masks of one matrix, which shows what is
gained by taking several experts at once. Medians of paired runs. Exit 1 where the masks are not,
bit for bit, those of one matrix after the other.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass

import torch
from timing import HEADER, time_in_pairs
from torch import Tensor, nn

from pruneproof.integration.decoder.matrices import Matrices
from pruneproof.integration.pruning.blockwise import masks_of
from pruneproof.integration.pruning.layer import Observed, keep_mask_of
from pruneproof.integration.recipe.plan import Plan
from pruneproof.reference import ActivationStatistics

SHAPES = {
    "small": (64, 64, 128),
    "Qwen3-30B-A3B up": (128, 768, 2048),
    "Qwen3-30B-A3B down": (128, 2048, 768),
    "OLMoE up": (64, 1024, 2048),
    "Mixtral up": (8, 14336, 4096),
}
"""Experts, out_features and in_features."""
TOKENS = 64


def experts(count: int, rows: int, columns: int, dtype: torch.dtype) -> tuple[Matrices, nn.Module]:
    torch.manual_seed(0)
    block = nn.Module()
    weights = torch.empty(count, rows, columns, dtype=dtype).normal_()
    block.register_parameter("experts", nn.Parameter(weights, requires_grad=False))
    return Matrices("experts.*", "experts", count, rows, columns, expert=True), block


def observed(matrices: Matrices) -> dict[str, Observed]:
    seen = {}
    for name in matrices.names:
        inputs = ActivationStatistics(matrices.in_features)
        inputs.update(torch.randn(TOKENS, matrices.in_features) + 0.5)
        seen[name] = Observed(inputs)
    return seen


def wanda(W: Tensor, observed: Observed) -> Tensor:
    assert observed.inputs is not None
    return W.float().abs() * observed.inputs.norm.float()


def ria(W: Tensor, observed: Observed) -> Tensor:
    assert observed.inputs is not None
    A = W.float().abs()
    return (A / A.sum(0) + A / A.sum(1, keepdim=True)) * observed.inputs.norm.float().sqrt()


def sort_each_output(S: Tensor) -> Tensor:
    pruned = S.sort(dim=-1, stable=True).indices[:, : S.shape[1] // 2]
    return torch.ones_like(S, dtype=torch.bool).scatter_(1, pruned, False)


def loop_over_groups_of_four(S: Tensor) -> Tensor:
    keep = torch.ones_like(S, dtype=torch.bool)
    for start in range(0, S.shape[1], 4):
        lowest = S[:, start : start + 4].topk(2, dim=1, largest=False).indices
        keep.scatter_(1, start + lowest, False)
    return keep


@dataclass(frozen=True)
class Case:
    """A plan, and the scores and masks of the known way."""

    plan: Plan
    score: Callable[[Tensor, Observed], Tensor]
    mask: Callable[[Tensor], Tensor]

    def known(self, W: Tensor, observed: Observed) -> Tensor:
        return self.mask(self.score(W, observed))

    def of_one_matrix(self, W: Tensor, observed: Observed) -> Tensor:
        return keep_mask_of(W, observed, self.plan)


CASES = {
    "wanda": Case(Plan("wanda", 0.5), wanda, sort_each_output),
    "wanda 2:4": Case(Plan("wanda", n_m=(2, 4)), wanda, loop_over_groups_of_four),
    "ria": Case(Plan("ria", 0.5), ria, sort_each_output),
}


def one_after_the_other(
    matrices: Matrices,
    block: nn.Module,
    seen: dict[str, Observed],
    mask_of: Callable[[Tensor, Observed], Tensor],
) -> Tensor:
    weights = matrices.of(block)
    keep = torch.ones_like(weights, dtype=torch.bool)
    for number, name in enumerate(matrices.names):
        keep[number] = mask_of(weights[number], seen[name])
    return keep


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experts", type=int, default=16, help="at most so many (default 16)")
    parser.add_argument("--shape", choices=SHAPES, action="append", help="default: all")
    parser.add_argument("--plan", choices=CASES, action="append", help="default: all")
    parser.add_argument("--against", choices=("known", "ours"), default="known", help="see above")
    parser.add_argument("--dtype", default="bfloat16", choices=("bfloat16", "float32"))
    parser.add_argument("--repeats", type=int, default=5, help="paired runs (default 5)")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    if min(arguments.experts, arguments.repeats, arguments.threads) < 1:
        parser.error("all numbers must be at least 1")
    torch.set_num_threads(arguments.threads)

    print(f"{arguments.dtype}, torch {torch.__version__}, against {arguments.against}, ", end="")
    print(f"threads: {arguments.threads}, repeats: {arguments.repeats}")
    print(f"{'experts':<36} {'plan':<10} {HEADER}   same mask")
    all_equal = True
    for shape in arguments.shape or SHAPES:
        count, rows, columns = SHAPES[shape]
        count = min(count, arguments.experts)
        matrices, block = experts(count, rows, columns, getattr(torch, arguments.dtype))
        seen = observed(matrices)
        title = f"{shape}, {count} × {rows} × {columns}"
        for plan in arguments.plan or CASES:
            case = CASES[plan]
            mask_of = case.known if arguments.against == "known" else case.of_one_matrix
            known, ours = (matrices, block, seen, mask_of), (0, matrices, block, seen, case.plan)
            pairs = time_in_pairs(
                lambda: one_after_the_other(*known),  # noqa: B023
                lambda: masks_of(*ours),  # noqa: B023
                arguments.repeats,
            )
            kept = masks_of(*ours)
            alone = one_after_the_other(matrices, block, seen, case.of_one_matrix)
            same = float((kept == one_after_the_other(*known)).float().mean())
            print(f"{title:<36} {plan:<10} {pairs}   {same:.4%}", flush=True)
            all_equal = all_equal and kept.equal(alone)
    return 0 if all_equal else 1


if __name__ == "__main__":
    sys.exit(main())
