"""What DSnoT and R²-DSnoT do to small masks, worked out by hand."""

import torch

from pruneproof.reference.refinements import dsnot, r2_dsnot


def vectors(*lists):
    return [torch.tensor(numbers, dtype=torch.float64) for numbers in lists]


def columns(w, keep):
    return torch.tensor(w, dtype=torch.float64)[:, None], torch.tensor(keep)[:, None]


def test_the_guard_refuses_a_swap_that_overshoots_and_the_sign_check_one_that_crosses_zero():
    # The error is 1; growing 2 and pruning -2 would make it -3.
    W, keep = columns([2.0, -2.0, -1.0], [False, True, False])
    ones = torch.ones(3, dtype=torch.float64)
    swapped = [True, False, False]
    assert dsnot(W, keep, ones, ones, ones)[:, 0].tolist() == swapped
    assert dsnot(W, keep, ones, ones, ones, guard=True).equal(keep)
    assert dsnot(W, keep, ones, ones, ones, same_sign=True).equal(keep)
    # The error is 3; growing 3 and pruning -1 makes it -1: smaller, with another sign.
    W, keep = columns([3.0, -1.0], [False, True])
    assert dsnot(W, keep, *([ones[:2]] * 3), guard=True)[:, 0].tolist() == [True, False]
    assert dsnot(W, keep, *([ones[:2]] * 3), same_sign=True).equal(keep)


def test_an_error_of_the_threshold_is_small_enough():
    W, keep = columns([2.0, -1.0], [False, True])
    ones = torch.ones(2, dtype=torch.float64)
    assert dsnot(W, keep, ones, ones, ones, update_threshold=2.0).equal(keep)
    assert not dsnot(W, keep, ones, ones, ones, update_threshold=1.75).equal(keep)


def test_nothing_is_undone():
    # The error goes 2, -2 (grow 0, prune 1), then only 1 could be grown and 0 pruned again.
    W, keep = columns([2.0, -2.0], [False, True])
    ones = torch.ones(2, dtype=torch.float64)
    assert dsnot(W, keep, ones, ones, ones)[:, 0].tolist() == [True, False]


def test_a_weight_of_0_never_grows():
    # The error goes 1, -3 (grow 0, prune 3). Then weight 1 has gain 0 and weight 2, which moves the
    # error away from zero, has -1: the larger one would give nothing back for weight 4.
    W, keep = columns([1.0, 0.0, 1.0, -3.0, 2.0], [False, False, False, True, True])
    mean, ones = vectors([1.0] * 5, [1.0] * 5)
    mean[2] = 0.0
    grown_alone = [True, False, False, False, True]
    assert dsnot(W, keep, mean, ones, ones, max_cycles=1)[:, 0].tolist() == grown_alone
    assert dsnot(W, keep, mean, ones, ones)[:, 0].tolist() == [True, False, True, False, False]
    # With nothing else to grow nothing more is pruned, whatever the sign of the 0.
    W[1:3] = torch.tensor([[-0.0], [0.0]])
    assert dsnot(W, keep, mean, ones, ones)[:, 0].tolist() == grown_alone
    for form in ("printed", "repaired"):
        refined = r2_dsnot(W, keep, ones, ones, ones, form=form)
        assert refined[:, 0].tolist() == grown_alone


def test_a_group_with_nothing_but_zeros_to_grow_is_passed_over():
    # Input 0 would be the first to grow by the printed line, which does not see its weight.
    W, keep = columns([0.0, -1.0, 2.0, -1.0], [False, True, False, True])
    mean, ones = vectors([3.0, 1.0, 1.0, 1.0], [1.0] * 4)
    refined = r2_dsnot(W, keep, mean, ones, ones, form="printed", m=2)
    assert refined[:, 0].tolist() == [False, True, True, False]
    W[2] = 0.0
    assert dsnot(W, keep, mean, ones, ones, update_threshold=0.0, m=2).equal(keep)


def test_an_input_that_never_varies_is_grown_first_and_a_dead_one_never_before_a_helpful_one():
    W, keep = columns([9.0, 1.0, 5.0, -1.0], [False, False, False, True])
    mean, var, norms = vectors([1.0, 1.0, 0.0, 1.0], [1.0, 0.0, 0.0, 1.0], [1.0, 1.0, 0.0, 1.0])
    once = {"max_cycles": 1}
    assert dsnot(W, keep, mean, var, norms, **once)[:, 0].tolist() == [False, True, False, False]
    mean[1] = -1.0
    assert dsnot(W, keep, mean, var, norms, **once)[:, 0].tolist() == [True, False, False, False]


def test_an_emptied_input_counts_by_its_output_alone():
    # Input 0 has nothing left. With 1/0 it would be grown before input 1, whose gain is larger.
    W = torch.tensor([[1.0, 1.0], [8.0, 1.0], [-1.0, 1.0]], dtype=torch.float64)
    keep = torch.tensor([[False, False], [False, True], [True, True]])
    ones = torch.ones(3, dtype=torch.float64)
    refined = r2_dsnot(W, keep, ones, ones, ones, max_cycles=1)
    assert refined[:, 0].tolist() == [False, True, False]


def test_the_printed_growth_does_not_see_the_weight_it_grows():
    # Both pruned inputs have the same mean and variance; only one of the weights helps.
    W, keep = columns([-1.0, 4.0, -2.0], [False, False, True])
    ones = torch.ones(3, dtype=torch.float64)
    once = {"max_cycles": 1, "relative_grow": False}
    printed = r2_dsnot(W, keep, ones, ones, ones, form="printed", **once)
    repaired = r2_dsnot(W, keep, ones, ones, ones, form="repaired", **once)
    assert printed[:, 0].tolist() == [True, False, False]
    assert repaired[:, 0].tolist() == [False, True, False]


def test_an_input_whose_group_has_nothing_to_prune_is_passed_over():
    # The error is 5. Input 0 would be grown first, but its group keeps only what adds to the error.
    W, keep = columns([3.0, 1.0, -1.0, 2.0], [False, True, True, False])
    ones = torch.ones(4, dtype=torch.float64)
    assert dsnot(W, keep, ones, ones, ones)[:, 0].tolist() == [True, True, False, False]
    assert dsnot(W, keep, ones, ones, ones, m=2)[:, 0].tolist() == [False, True, False, True]


def test_a_swap_may_take_several_inputs_out_of_the_running():
    # The error goes 9, 4 (grow 0, prune 2), 1 (grow 4, prune 5): 1 has nothing left in its group.
    W, keep = columns(
        [4.0, 3.0, -1.0, 5.0, 2.0, -1.0, 5.0, 5.0],
        [False, False, True, True, False, True, True, True],
    )
    refined = dsnot(W, keep, *([torch.ones(8, dtype=torch.float64)] * 3), m=4, max_cycles=2)
    assert refined[:, 0].tolist() == [True, False, False, True, True, False, True, True]
