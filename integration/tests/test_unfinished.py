"""What an unfinished run remembers is what it is given."""

import pytest
import torch

from pruneproof.integration.pruning.unfinished import Unfinished


@pytest.mark.parametrize("shape", [(5, 16), (3, 5, 16), (6, 13), (2, 4, 9)])
@pytest.mark.parametrize("inputs_first", [False, True])
def test_masks_come_back_however_they_lie_in_memory(tmp_path, shape, inputs_first):
    mask = torch.rand(shape, generator=torch.Generator().manual_seed(0)) < 0.5
    if inputs_first:
        mask = mask.mT.contiguous().mT
    unfinished = Unfinished(tmp_path / "out.unfinished", {})
    unfinished.keep(3, {"one": mask, "another": ~mask})
    found = unfinished.done(3)
    assert found is not None
    assert found["one"].equal(mask)
    assert found["another"].equal(~mask)
    assert unfinished.done(4) is None


def test_tokens_come_back_by_block(tmp_path):
    unfinished = Unfinished(tmp_path / "out.unfinished", {})
    unfinished.keep_tokens(0, {})
    unfinished.keep_tokens(12, {"mlp.experts.0.up_proj": 7})
    assert unfinished.tokens() == {12: {"mlp.experts.0.up_proj": 7}}
