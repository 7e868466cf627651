"""Inspecting takes the memory of its largest tensor, however many tensors there are."""

import json
import tracemalloc

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from inspected import CONFIG, smallest
from pruneproof.integration.inspection.claimed import Claimed
from pruneproof.integration.inspection.run import inspect
from pruneproof.integration.progress import Bars

LARGE, SMALL = (1024, 2048), (128, 256)


def checkpoint(folder, blocks, half, shape):
    """Blocks of one matrix each, in bfloat16."""
    folder.mkdir()
    W = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    if half:
        W[smallest(W, shape[1] // 2)] = 0
    stored = torch.from_numpy(W).bfloat16()
    save_file(
        {f"model.layers.{n}.mlp.up_proj.weight": stored.roll(n, 0) for n in range(blocks)},
        folder / "model.safetensors",
    )
    (folder / "config.json").write_text(json.dumps(CONFIG | {"num_hidden_layers": blocks}))
    return str(folder)


def peak(name, **more):
    """Bytes that Python and NumPy allocated at most; files are mapped, which is no allocation."""
    with Bars() as bars:
        tracemalloc.start()
        inspect(name, Claimed(), bars, **more)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return most


@pytest.mark.parametrize("half", [False, True], ids=["dense", "half"])
def test_the_first_part_takes_a_few_bytes_for_each_weight_of_a_tensor(tmp_path, half):
    six, twelve = (checkpoint(tmp_path / str(blocks), blocks, half, LARGE) for blocks in (6, 12))
    peak(six)  # what is imported and cached
    few, many = peak(six), peak(twelve)
    each = LARGE[0] * LARGE[1]
    # A mask, that of the tensor before until it is replaced, and what is made of some rows.
    assert few < 3 * each
    # What is kept of six more tensors is what is said of them.
    assert many - few < 0.1 * each


def test_beside_a_dense_model_more_tensors_take_no_more(tmp_path):
    made = {
        (blocks, half): checkpoint(tmp_path / f"{blocks}{half}", blocks, half, SMALL)
        for blocks in (6, 18)
        for half in (False, True)
    }
    peak(made[6, True], dense=made[6, False])
    few, many = (peak(made[blocks, True], dense=made[blocks, False]) for blocks in (6, 18))
    # Twelve more masks would be twelve times as much.
    assert many - few < 6 * SMALL[0] * SMALL[1]
