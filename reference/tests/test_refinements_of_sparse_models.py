"""A layer that was pruned before, pruned again and refined: no live weight goes for a dead one."""

import pytest
import torch

from pruneproof.reference import (
    ActivationStatistics,
    dsnot,
    keep_mask,
    keep_n_of_m,
    r2_dsnot,
    wanda,
)


@pytest.fixture
def sparse(dtype):
    """Half of the weights of each output are 0, by magnitude; and statistics of the inputs."""
    generator = torch.Generator().manual_seed(0)
    W = torch.randn(128, 64, generator=generator)
    W = (W * keep_mask(W.abs(), 0.5)).to(dtype)
    scale, shift = torch.randn(2, 128, generator=generator)
    X = torch.randn(512, 128, generator=generator) * scale.exp() + shift
    statistics = ActivationStatistics(len(W))
    statistics.update(X)
    return W, statistics


def refined(sparse, keep, refine, **options):
    W, statistics = sparse
    return refine(W, keep, statistics.mean, statistics.var, statistics.norm, **options)


@pytest.mark.parametrize("options", [{}, {"update_threshold": 0.0}, {"guard": True}], ids=str)
@pytest.mark.parametrize("refine", [dsnot, r2_dsnot])
@pytest.mark.parametrize("pattern", [0.5, 0.6, 0.8, (2, 4), (4, 8)], ids=str)
def test_no_swap_grows_a_0_and_none_loses_a_weight(sparse, pattern, refine, options):
    W, statistics = sparse
    scores = wanda(W, statistics.norm)
    m = None if isinstance(pattern, float) else pattern[1]
    keep = keep_mask(scores, pattern) if m is None else keep_n_of_m(scores, *pattern)
    mask = refined(sparse, keep, refine, m=m, **options)
    grown, pruned = mask & ~keep, keep & ~mask
    assert (grown & (W == 0)).sum() == 0
    assert grown.sum(0).equal(pruned.sum(0))
    assert ((W != 0) & mask).sum(0).equal(((W != 0) & keep).sum(0))
    # At 50 % nothing but zeros is pruned, and there is no error to make smaller.
    assert bool(grown.any()) is (pattern != 0.5)


@pytest.mark.parametrize("form", ["printed", "repaired"])
def test_zeros_of_the_whole_layer_leave_outputs_of_every_kind(form):
    """Outputs have from no live weight pruned to no 0 pruned, and each keeps its live ones."""
    generator = torch.Generator().manual_seed(1)
    W = torch.randn(64, 48, generator=generator) * torch.rand(48, generator=generator)
    W = W * keep_mask(W.abs(), 0.6, "layer")
    keep = keep_mask(W.abs(), 0.6)
    dead = ((W == 0) & ~keep).sum(0)
    assert dead.min() < dead.max() == (~keep).sum(0).max()
    mean, var = torch.randn(64, generator=generator), torch.ones(64)
    mask = r2_dsnot(W, keep, mean, var, var, form=form, update_threshold=0.0)
    assert not mask.equal(keep)
    assert ((W != 0) & mask).sum(0).equal(((W != 0) & keep).sum(0))
