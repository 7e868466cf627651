"""Packed layouts of quantised weights are read as the libraries that write them mean them.

`samples/` holds small layers as those libraries wrote them, with what they hold as `….right`; in
each file's metadata stands which one it was. The writers of `inspect_bench` write the same bytes.
"""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from inspect_bench.packed import marlin_24
from inspected import BLOCKS, CONFIG, Found
from pruneproof.integration.inspection.opening import open_checkpoint

SAMPLES = Path(__file__).with_name("samples")
SHAPES = {"self_attn.q_proj": (64, 64), "mlp.up_proj": (128, 64), "mlp.down_proj": (64, 128)}
NAMES = [f"model.layers.{block}.{name}" for block in range(BLOCKS) for name in SHAPES]


def write(folder, tensors, **said):
    folder.mkdir(exist_ok=True)
    stored = {name: torch.from_numpy(np.array(each)) for name, each in tensors.items()}
    save_file(stored, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(CONFIG | {"quantization_config": said}))
    return folder


def sample(name):
    """The tensors of a sample, and what it says of them."""
    with safe_open(SAMPLES / f"{name}.safetensors", "np") as file:
        said = json.loads(file.metadata()["quantization_config"])
    stored = load_file(SAMPLES / f"{name}.safetensors")
    return {key: each.numpy() for key, each in stored.items()}, said


def in_parts(content, rows):
    """All of it, some rows at a time."""
    starts = range(0, content.rows, rows)
    return np.concatenate([content.bits(slice(a, min(a + rows, content.rows))) for a in starts])


@pytest.mark.parametrize("name", sorted(each.stem for each in SAMPLES.glob("*.safetensors")))
def test_what_a_library_wrote_is_read(tmp_path, name):
    tensors, said = sample(name)
    source = open_checkpoint(str(write(tmp_path / "it", tensors, **said)))
    right = {key: each for key, each in tensors.items() if key.endswith(".right")}
    assert right
    for key, expected in right.items():
        entry = source.named()[key.replace(".right", ".weight")]
        assert (entry.unread, entry.shape) == ("", expected.shape)
        content = source.read(entry)
        for rows in (content.rows, 1, 7):
            assert np.array_equal(in_parts(content, rows), expected), key
        assert np.array_equal(content.zeros().mask, expected == 0)


def layers(draw, zero=0.0, two_of_four=False):
    """Whole numbers from −7 to 7 for each layer, of which a share is 0 beside those pruned."""
    made = {}
    for name in NAMES:
        rows, columns = SHAPES[name.split(".", 3)[3]]
        numbers = draw.integers(1, 8, (rows, columns)) * draw.choice([-1, 1], (rows, columns))
        numbers[draw.random(numbers.shape) < zero] = 0
        if two_of_four:
            kept = draw.random((rows, columns // 4, 4)).argsort(-1) < 2
            numbers = numbers * kept.reshape(rows, columns)
        made[name] = numbers
    return made


def named(packed):
    """Tensors by the names that they have in a file."""
    return {f"{name}.{end}": each for name, of in packed.items() for end, each in of.items()}


def is_what_was_packed(found: Found, numbers):
    """Whether the zeros of all layers are those that went in."""
    for name, each in numbers.items():
        tensor = found.tensors[f"{name}.weight"]
        assert (tensor["zeros"], tensor["shape"]) == (int((each == 0).sum()), [*each.shape])


MARLIN = {"quant_method": "compressed-tensors", "format": "marlin-24"}


def test_marlin_24_is_written_as_compressed_tensors_does():
    tensors, _ = sample("marlin-24")
    for bits in (4, 8):
        made = marlin_24(tensors[f"layer{bits}.right"].astype(int), bits)
        for end in ("weight_packed", "meta"):
            assert np.array_equal(made[end], tensors[f"layer{bits}.{end}"])
        assert made["scale_packed"].shape == tensors[f"layer{bits}.scale_packed"].shape


@pytest.mark.parametrize(("bits", "zero"), [(4, 0.0), (4, 0.2), (8, 0.0), (8, 0.02)])
def test_marlin_24_is_two_of_four(tmp_path, inspect, bits, zero):
    numbers = layers(np.random.default_rng(bits), zero, two_of_four=True)
    packed = {name: marlin_24(each, bits) for name, each in numbers.items()}
    folder = write(tmp_path / "it", named(packed), **MARLIN)
    for claim in (("--n-m", "2:4"), ("--sparsity", "0.5")):
        found = inspect(folder, *claim)
        assert (found.code, [*found.claims.values()]) == (0, ["holds"])
        is_what_was_packed(found, numbers)
    for each in found.tensors.values():
        assert each["pattern"]["n_m"] == "2:4"
        assert each["pattern"]["violations"] == 0
        assert each["storage"] == f"compressed-tensors marlin-24 int{bits}"
    assert inspect(folder, "--sparsity", "0.8").code == 1


def without(end):
    return lambda it: it.pop(f"{NAMES[3]}.{end}")


def change(end, how):
    def do(it):
        it[f"{NAMES[3]}.{end}"] = how(it[f"{NAMES[3]}.{end}"])

    return do


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (without("meta"), "lacks its numbers, its scale or its meta"),
        (without("scale_packed"), "lacks its numbers, its scale or its meta"),
        (change("meta", lambda it: it[:1]), "do not fit each other as marlin-24"),
        (change("meta", lambda it: it[:, :64]), "do not fit each other as marlin-24"),
        (change("meta", lambda it: it.reshape(-1)), "not of the dtypes of marlin-24"),
        (change("meta", lambda it: it.astype(np.int32)), "not of the dtypes of marlin-24"),
        (change("meta", lambda it: it * 0), "names places that no group has"),
        (change("weight_packed", lambda it: it[:, 1:]), "do not fit each other as marlin-24"),
        (change("scale_packed", lambda it: it[:, 1:]), "do not fit each other as marlin-24"),
    ],
)
def test_damaged_marlin_24_is_named(tmp_path, inspect, harm, message):
    numbers = layers(np.random.default_rng(0), two_of_four=True)
    stored = named({name: marlin_24(each, 4) for name, each in numbers.items()})
    harm(stored)
    found = inspect(write(tmp_path / "it", stored, **MARLIN))
    assert found.code == 2
    assert f"{NAMES[3]}: " in found.line
    assert message in found.line
