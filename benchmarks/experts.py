"""Time the masks of a layer's experts against those of one expert after the other.

The known way gives each expert's matrix all threads; ours has an expert a worker, each with its
share of them. Medians of paired runs; the masks are compared bit for bit.
"""

import argparse
import sys

import torch
from timing import HEADER, time_in_pairs
from torch import Tensor, nn

from pruneproof.integration.pruning.blockwise import masks_of
from pruneproof.integration.pruning.layer import Observed, keep_mask_of
from pruneproof.integration.pruning.matrices import Matrices
from pruneproof.integration.pruning.plan import Plan
from pruneproof.reference import ActivationStatistics

SHAPES = {
    "small": (64, 64, 128),
    "Qwen3-30B-A3B up": (128, 768, 2048),
    "Qwen3-30B-A3B down": (128, 2048, 768),
    "OLMoE up": (64, 1024, 2048),
    "Mixtral up": (8, 14336, 4096),
}
"""Experts, out_features and in_features."""
PLANS = {
    "wanda": Plan("wanda", 0.5),
    "wanda, layer": Plan("wanda", 0.5, group="layer"),
    "wanda 2:4": Plan("wanda", n_m=(2, 4)),
    "ria": Plan("ria", 0.5),
    "stochria": Plan("stochria", 0.5),
    "wanda, dsnot": Plan("wanda", 0.5, refine="dsnot"),
}
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


def one_after_the_other(
    matrices: Matrices, block: nn.Module, seen: dict[str, Observed], plan: Plan
) -> Tensor:
    weights = matrices.of(block)
    keep = torch.ones_like(weights, dtype=torch.bool)
    for number, name in enumerate(matrices.names):
        own = plan.for_layer(0, name)
        assert own is not None
        keep[number] = keep_mask_of(weights[number], seen[name], own)
    return keep


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experts", type=int, default=16, help="at most so many (default 16)")
    parser.add_argument("--shape", choices=SHAPES, action="append", help="default: all")
    parser.add_argument("--plan", choices=PLANS, action="append", help="default: all")
    parser.add_argument("--dtype", default="bfloat16", choices=("bfloat16", "float32"))
    parser.add_argument("--repeats", type=int, default=5, help="paired runs (default 5)")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    if min(arguments.experts, arguments.repeats, arguments.threads) < 1:
        parser.error("all numbers must be at least 1")
    torch.set_num_threads(arguments.threads)

    print(f"{arguments.dtype}, torch {torch.__version__}, ", end="")
    print(f"threads: {arguments.threads}, repeats: {arguments.repeats}")
    print(f"{'experts':<34} {'plan':<13} {HEADER}   bit-equal")
    all_equal = True
    for shape in arguments.shape or SHAPES:
        count, rows, columns = SHAPES[shape]
        count = min(count, arguments.experts)
        matrices, block = experts(count, rows, columns, getattr(torch, arguments.dtype))
        seen = observed(matrices)
        title = f"{shape}, {count} × {rows} × {columns}"
        for plan in arguments.plan or PLANS:
            known = (matrices, block, seen, PLANS[plan])
            ours = (0, *known)
            pairs = time_in_pairs(
                lambda: one_after_the_other(*known),  # noqa: B023
                lambda: masks_of(*ours),  # noqa: B023
                arguments.repeats,
            )
            equal = masks_of(*ours).equal(one_after_the_other(*known))
            print(f"{title:<34} {plan:<13} {pairs}   {'yes' if equal else 'NO'}", flush=True)
            all_equal = all_equal and equal
    return 0 if all_equal else 1


if __name__ == "__main__":
    sys.exit(main())
