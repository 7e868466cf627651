"""Several sequences at a time through a block, or several of its experts, lest cores wait."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch
from torch import nn

T, R = TypeVar("T"), TypeVar("R")
MOST_WORKERS = 4
"""So that the temporaries of a forward pass, one set a worker, stay small beside the model."""
WORTH_A_WORKER = 2**16
"""Weights of an expert below which handing it to a worker takes longer than its scores do."""


def in_order(work: Callable[[T], R], items: Iterable[T], block: nn.Module) -> Iterator[R]:
    """What the work gives for each item, in their order, without gradients.

    On a CPU up to four items are worked on at once, each by its share of torch's threads: a
    block's many small operations leave cores idle when all are set on one of them.

    Args:
        work: runs the block, or reads its weights; may be called from several threads.
        items: sequences, or numbers of experts.
        block: whose weights' devices, and hooks of accelerate, say whether this may be.
    """
    threads = torch.get_num_threads()
    workers = workers_on_cpu() if _may_run_at_once(block) else 1
    if workers == 1:
        with torch.no_grad():
            yield from map(work, items)
        return

    def without_gradients(item: T) -> R:
        # Gradients and the number of threads are a thread's own.
        with torch.no_grad():
            return work(item)

    try:
        share = threads // workers
        with ThreadPoolExecutor(workers, "worker", torch.set_num_threads, (share,)) as pool:
            yield from pool.map(without_gradients, items)
    finally:
        torch.set_num_threads(threads)


def workers_on_cpu() -> int:
    """How many items :func:`in_order` works on at once there."""
    return min(MOST_WORKERS, torch.get_num_threads())


def scored_at_once(count: int, weights: int) -> int:
    """How many of so many matrices, of so many weights each, are scored at once on a CPU."""
    return min(count, workers_on_cpu()) if weights >= WORTH_A_WORKER else 1


def _may_run_at_once(block: nn.Module) -> bool:
    # A hook of accelerate may bring the weights for one pass and take them away after it.
    hooked = any(hasattr(each, "_hf_hook") for each in block.modules())
    return not hooked and all(each.device.type == "cpu" for each in block.parameters())
