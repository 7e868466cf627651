"""Several sequences at once give what one after the other gives."""

import copy
import threading
import time

import pytest
import torch
from torch import nn

from pruneproof.integration.decoder.parallel import in_order
from pruneproof.integration.pruning.blockwise import prune_blocks
from pruneproof.integration.recipe.plan import Plan


@pytest.fixture
def threads():
    """Sets torch's number of threads, for a test."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.fixture
def block():
    return nn.Linear(2, 2)


def together(item):
    """Returns only where another thread has come as far."""
    together.barrier.wait(timeout=60)
    return item, torch.get_num_threads(), torch.is_grad_enabled()


def test_items_are_worked_on_at_once_and_come_in_order(threads, block):
    threads(4)
    together.barrier = threading.Barrier(4)
    assert list(in_order(together, range(8), block)) == [(item, 1, False) for item in range(8)]
    assert torch.get_num_threads() == 4


def test_each_worker_has_its_share_of_many_threads(threads, block):
    threads(9)
    together.barrier = threading.Barrier(4)
    assert {share for _, share, _ in in_order(together, range(8), block)} == {2}


@pytest.mark.parametrize("reason", ["one thread", "on a device", "hooked"])
def test_one_at_a_time_where_more_cannot_be(reason, threads, block):
    threads(1 if reason == "one thread" else 4)
    if reason == "on a device":
        block.to("meta")
    if reason == "hooked":
        block._hf_hook = object()
    here = threading.current_thread()
    for thread, gradients in in_order(
        lambda _: (threading.current_thread(), torch.is_grad_enabled()), range(3), block
    ):
        assert thread is here
        assert not gradients


def test_an_error_comes_out_and_the_threads_stay_as_many(threads, block):
    threads(2)
    worked = []

    def work(item):
        worked.append(item)
        if item == 1:
            raise ValueError("item 1")
        # All would take ten seconds, for a busy machine to ask in.
        time.sleep(0.02)
        return item

    results = in_order(work, range(1000), block)
    assert next(results) == 0
    with pytest.raises(ValueError, match="item 1"):
        list(results)
    assert len(worked) < 1000
    assert torch.get_num_threads() == 2


PLANS = [
    Plan("wanda", sparsity=0.5),
    Plan("symwanda", sparsity=0.5),
    Plan("ria", sparsity=0.5, refine="r2_dsnot"),
    Plan("magnitude", sparsity=0.5),
]


@pytest.mark.parametrize("plan", PLANS, ids=str)
def test_masks_do_not_depend_on_how_many_are_worked_on_at_once(plan, family, tokens, threads):
    masks = {}
    for number in (1, 2, 4):
        threads(number)
        found = masks.setdefault(number, {})
        list(prune_blocks(copy.deepcopy(family), tokens, plan, store_masks=found.__setitem__))
    for number in (2, 4):
        for block, expected in masks[1].items():
            for name, mask in expected.items():
                assert mask.equal(masks[number][block][name]), (number, block, name)


def test_activations_that_are_not_finite_name_block_and_layer(llama, tokens, threads):
    threads(2)
    llama.model.layers[1].mlp.up_proj.weight.data[0, 0] = torch.inf
    with pytest.raises(ValueError, match=r"block 1, mlp.down_proj: .* finite"):
        list(prune_blocks(llama, tokens, Plan("wanda", sparsity=0.5)))
