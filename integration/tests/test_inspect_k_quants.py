"""What rounding to GGUF's K-quants makes is told from what pruning makes.

`samples/k_quants.gguf` was written by ggml (of xllamacpp 2026.10.11549), since gguf's own Python
cannot: a block of each type, its ffn_gate dense and its ffn_up pruned to 50 % over the matrix.
"""

from pathlib import Path

import numpy as np
import pytest
from gguf import GGUFReader
from gguf.quants import dequantize
from safetensors.numpy import save_file

from inspected import Found

SAMPLE = Path(__file__).with_name("samples") / "k_quants.gguf"
BLOCKS = {"Q2_K": 0, "Q3_K": 1, "Q4_K": 2, "Q5_K": 3, "Q6_K": 4, "IQ4_XS": 5}
MOVING = ("Q4_K", "Q5_K", "IQ4_XS")
PRUNED = 64 * 256 // 2


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """What is found in the file, and what in the same weights in float32, of which nothing says
    where they have been."""
    folder = tmp_path_factory.mktemp("expanded")
    read = {each.name: each for each in GGUFReader(SAMPLE).tensors}
    weights = {name: dequantize(each.data, each.tensor_type) for name, each in read.items()}
    save_file(
        {name: each.astype(np.float32) for name, each in weights.items()},
        folder / "model.safetensors",
    )
    return {
        where: Found(path, report=folder / f"of {where}").tensors
        for where, path in (("GGUF", SAMPLE), ("float32", folder))
    }


@pytest.mark.parametrize("where", ["GGUF", "float32"])
@pytest.mark.parametrize("kind", BLOCKS)
def test_a_dense_weight_is_not_called_pruned(stored, where, kind):
    found = stored[where][f"blk.{BLOCKS[kind]}.ffn_gate.weight"]
    assert (found["pruned"], found["displaced_zeros"]) == (False, 0)
    assert found["decided"] is (kind != "Q2_K")


@pytest.mark.parametrize("where", ["GGUF", "float32"])
@pytest.mark.parametrize("kind", BLOCKS)
def test_a_pruned_weight_is_found_or_not_decided(stored, where, kind):
    found = stored[where][f"blk.{BLOCKS[kind]}.ffn_up.weight"]
    if kind == "Q2_K":
        assert (found["pruned"], found["decided"]) == (False, False)
        assert "levels are so few" in found["why"]
        return
    assert (found["pruned"], found["decided"]) == (True, True)
    if kind in MOVING:
        # Some blocks kept too many weights for their zeros to be told.
        assert 0.95 * PRUNED <= found["displaced_zeros"] <= PRUNED
    else:
        # Kept weights that were rounded to 0 are 0, too.
        assert PRUNED <= found["zeros"] <= 1.05 * PRUNED
