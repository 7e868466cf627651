"""On the layers of a real checkpoint the masks are those of the official repositories' own code.

Their functions run unchanged, in the clones that PRUNEPROOF_WANDA, PRUNEPROOF_RIA and
PRUNEPROOF_DSNOT name. Scores that are too close to be told apart in float32 may change places.
"""

from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor

from pruneproof import reference
from pruneproof.properties.gate.reference_adapter import Adapter as Reference
from pruneproof.properties.peers import (
    dsnot_peer,
    ria_peer,
    ria_per_output_peer,
    wanda_magnitude_peer,
    wanda_peer,
)

pytestmark = pytest.mark.official

SEQUENCES = 4
KINDS = ("q_proj", "k_proj", "o_proj", "up_proj", "down_proj")
PATTERNS: tuple[dict[str, Any], ...] = (
    {"sparsity": 0.5},
    {"sparsity": 0.6},
    {"n_m": (2, 4)},
    {"n_m": (4, 8)},
)


class RealLayer:
    """A layer of the checkpoint: its weight, and the inputs as tokens and as sequences."""

    def __init__(self, layer: Any) -> None:
        self.weight, self.inputs = layer.weight, layer.inputs
        self.sequences = layer.inputs.unflatten(0, (SEQUENCES, -1))

    def relative_bound(self) -> float:
        """Of a score in float32: a sum of squares over all tokens, its root, and three products."""
        operations = len(self.inputs) + 2 * SEQUENCES + sum(self.weight.shape) + 8
        return operations * 2.0**-24 / (1 - operations * 2.0**-24)


@pytest.fixture(params=KINDS)
def real(request: pytest.FixtureRequest, checkpoint_layers: dict[str, Any]) -> RealLayer:
    """A linear layer of each kind, from the middle of the model."""
    (name,) = [
        name for name in checkpoint_layers if name.endswith(request.param) and ".14." in name
    ]
    return RealLayer(checkpoint_layers[name])


def assert_agree(
    ours: Tensor, theirs: Tensor, scores: Tensor, bound: float, *, one_too_many: bool = False
) -> None:
    """Assert that masks differ only in scores at the border between kept and pruned.

    Args:
        ours: keep mask, groups × members.
        theirs: the same.
        scores: in double precision.
        bound: relative error of a score.
        one_too_many: whether theirs prunes the lowest score that should be kept, and its equals.
    """
    more = ours.sum(1) - theirs.sum(1)
    assert (more >= 1).all() if one_too_many else (more == 0).all(), more.tolist()
    border = scores.masked_fill(~ours, torch.inf).amin(1, keepdim=True)
    beyond = (scores - border).abs() - 2 * bound * border
    assert (beyond[ours != theirs] <= 0).all()


def groups_of(pattern: dict[str, Any], tensor: Tensor) -> Tensor:
    """The weights that are compared, one group a row."""
    return tensor.reshape(-1, pattern["n_m"][1]) if "n_m" in pattern else tensor


@pytest.mark.parametrize(
    ("method", "official"), [("wanda", wanda_peer), ("ria", ria_per_output_peer)]
)
@pytest.mark.parametrize("pattern", PATTERNS, ids=str)
def test_within_outputs(
    real: RealLayer, method: str, official: ModuleType, pattern: dict[str, Any]
) -> None:
    theirs = official.Adapter().keep_mask(method, real.weight, real.sequences, **pattern)
    ours = Reference().keep_mask(method, real.weight, real.inputs, **pattern)
    scores = Reference().score(method, real.weight.double(), real.inputs.double())
    ours, theirs, scores = (groups_of(pattern, each) for each in (ours, theirs, scores))
    assert_agree(ours, theirs, scores, real.relative_bound())


@pytest.mark.parametrize("method", ["ria", "wanda"])
def test_ria_and_wanda_over_the_layer(real: RealLayer, method: str) -> None:
    """Their threshold is a score that should be kept: see docs/conformance.md."""
    theirs = ria_peer.Adapter().keep_mask(method, real.weight, real.sequences, sparsity=0.5)
    scores = Reference().score(method, real.weight.double(), real.inputs.double())
    ours = reference.keep_mask(scores.T, 0.5, "layer").T
    ours, theirs, scores = (each.reshape(1, -1) for each in (ours, theirs, scores))
    assert_agree(ours, theirs, scores, real.relative_bound(), one_too_many=True)


def test_magnitude_over_the_layer(real: RealLayer) -> None:
    """Their threshold is a score that should be kept: see docs/conformance.md."""
    theirs = wanda_magnitude_peer.Adapter().keep_mask("magnitude", real.weight, sparsity=0.5)
    scores = real.weight.abs()
    ours = reference.keep_mask(scores.T, 0.5, "layer").T
    ours, theirs, scores = (each.reshape(1, -1) for each in (ours, theirs, scores))
    assert_agree(ours, theirs, scores, 0.0, one_too_many=True)


def test_dsnot(real: RealLayer) -> None:
    """Of one sequence, since they average variances; and with a threshold of its sums."""
    few, inputs = real.weight[:64], real.sequences[0]
    keep = Reference().keep_mask("wanda", few, inputs, sparsity=0.6)
    theirs = dsnot_peer.Adapter().refine("dsnot", few, keep, inputs)
    statistics = reference.ActivationStatistics(inputs.shape[1])
    statistics.update(inputs)
    ours = reference.dsnot(
        few.T,
        keep.T,
        statistics.mean,
        statistics.var,
        statistics.norm,
        update_threshold=0.1 / len(inputs),
    ).T
    assert (ours != keep).any()
    assert (ours == theirs).all()


@pytest.mark.parametrize("cycles", [1, 2])
@pytest.mark.parametrize("n_m", [(2, 4), (4, 8)], ids=str)
def test_dsnot_within_groups(real: RealLayer, n_m: tuple[int, int], cycles: int) -> None:
    """Where all their swaps prune a weight with Δ < 0, as Eq. (6) has it and they do not look."""
    few, inputs = real.weight[:64], real.sequences[0]
    keep, theirs = dsnot_peer.Adapter().wanda_refined(few, inputs, *n_m, cycles)
    statistics = reference.ActivationStatistics(inputs.shape[1])
    statistics.update(inputs)
    contribution = few * statistics.mean
    sign = contribution.masked_fill(keep, 0).sum(1, keepdim=True).sign()
    pruned = keep & ~theirs
    opposed = (sign * contribution < 0) | ~pruned
    comparable = (pruned.sum(1) == cycles) & opposed.all(1)
    assert comparable.any()
    ours = reference.dsnot(
        few.T,
        keep.T,
        statistics.mean,
        statistics.var,
        statistics.norm,
        max_cycles=cycles,
        update_threshold=0.1 / len(inputs),
        same_sign=True,
        m=n_m[1],
    ).T
    assert ours[comparable].equal(theirs[comparable])
    assert not ours.equal(theirs)


def test_another_score_does_not_agree(real: RealLayer) -> None:
    theirs = wanda_peer.Adapter().keep_mask("wanda", real.weight, real.sequences, sparsity=0.5)
    scores = Reference().score("ria", real.weight.double(), real.inputs.double())
    ours = reference.keep_mask(scores.T, 0.5).T
    with pytest.raises(AssertionError):
        assert_agree(ours, theirs, scores, real.relative_bound())
