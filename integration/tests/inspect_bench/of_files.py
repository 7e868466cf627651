"""Cases of files that cannot be read: one line on standard error, and exit code 2."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from inspect_bench.case import Cases, Made, saved_dense
from inspect_bench.dense import CONFIG, MATRICES, llama, save
from inspect_bench.formats import save_gguf

CASES = Cases()
ONE, INDEX = "model.safetensors", "model.safetensors.index.json"
THIRD = "model-00003-of-00003.safetensors"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"


def damaged(folder: Path, how: Callable[[Path], object], shards: int) -> Made:
    it = save(folder / "it", llama(), shards=shards)
    how(it)
    return Made(it, code=2, line="it")


def _cut(file: Path, share: float) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])


def _header(folder: Path, **entry: object) -> None:
    content = (folder / ONE).read_bytes()
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    header[MATRICES[3]] |= entry
    text = json.dumps(header).encode()
    (folder / ONE).write_bytes(len(text).to_bytes(8, "little") + text + content[8 + size :])


WAYS: dict[str, tuple[Callable[[Path], object], int]] = {
    "half downloaded": (lambda it: _cut(it / ONE, 0.5), 1),
    "the header alone": (lambda it: _cut(it / ONE, 0.004), 1),
    "empty file": (lambda it: (it / ONE).write_bytes(b""), 1),
    "a file is missing": (lambda it: (it / THIRD).unlink(), 3),
    "one of three half downloaded": (lambda it: _cut(it / THIRD, 0.7), 3),
    "an index that is no JSON": (lambda it: (it / INDEX).write_text("{"), 3),
    "an index that is a list": (lambda it: (it / INDEX).write_text("[]"), 3),
    "an index that leads out": (
        lambda it: (it / INDEX).write_text('{"weight_map": {"a": "../x.safetensors"}}'), 3,
    ),
    "a page in place of weights": (lambda it: (it / ONE).write_text("<html>404</html>" * 9), 1),
    "a pointer in place of weights": (
        lambda it: (it / ONE).write_text(POINTER), 1,
    ),
    "pickled weights alone": (lambda it: (it / ONE).rename(it / "pytorch_model.bin"), 1),
    "no weights": (lambda it: (it / ONE).unlink(), 1),
    "offsets beyond the end": (lambda it: _header(it, data_offsets=[0, 10**9]), 1),
    "a dtype that nobody knows": (lambda it: _header(it, dtype="F3"), 1),
    "a shape that is too large": (lambda it: _header(it, shape=[10**6, 10**6]), 1),
    "a header as long as the world": (lambda it: (it / ONE).write_bytes(b"\xff" * 64), 1),
}  # fmt: skip
for _name, (_how, _shards) in WAYS.items():
    CASES.add(f"damaged: {_name}", _how, _shards)(damaged)


@CASES.add("damaged: there is nothing")
def nothing(folder: Path) -> Made:
    return Made(folder / "it", code=2, line="it")


@CASES.add("damaged: GGUF half downloaded", lambda each: each[: len(each) // 2])
@CASES.add("damaged: GGUF of another kind", lambda each: b"GGML" + each[4:])
@CASES.add("damaged: GGUF of four bytes", lambda each: each[:4])
def gguf(folder: Path, how: Callable[[bytes], bytes]) -> Made:
    path = save_gguf(folder / "it.gguf", llama(), "Q8_0")
    path.write_bytes(how(path.read_bytes()))
    return Made(path, code=2, line="it.gguf")


@CASES.add("damaged: numbers that are none")
def not_finite(folder: Path) -> Made:
    """Nothing can be compared with nan; it is named, whatever else is done."""
    tensors = llama()
    tensors[MATRICES[8]][3, 4] = np.nan
    options = ("--dense", saved_dense(folder))
    return Made(save(folder / "it", tensors), options, 2, line=MATRICES[8])


@CASES.add("damaged: a dense model of another shape")
def other_shape(folder: Path) -> Made:
    other = llama()
    other[MATRICES[2]] = other[MATRICES[2]][:-1]
    return Made(
        save(folder / "it", llama()), ("--dense", saved_dense(folder, other)), 2, line=MATRICES[2]
    )


@CASES.add("damaged: a sparse-bitmask with a value too few")
def bitmask(folder: Path) -> Made:
    W = llama()[MATRICES[0]]
    mask = np.abs(W) > 0.05
    it = save(folder / "it", {}, config=CONFIG | {
        "quantization_config": {"quant_method": "compressed-tensors",
                                "sparsity_config": {"format": "sparse-bitmask"}}})  # fmt: skip
    packed = torch.from_numpy(np.packbits(mask, axis=-1, bitorder="little"))
    name = MATRICES[0]
    stored = {f"{name}.compressed": torch.from_numpy(W[mask][:-1]), f"{name}.bitmask": packed,
              f"{name}.shape": torch.tensor(W.shape)}  # fmt: skip
    save_file(stored, it / ONE, metadata={"format": "pt"})
    return Made(it, code=2, line=name)


@CASES.add("wrong call: both sparsity and n:m", "--sparsity", "0.5", "--n-m", "2:4")
@CASES.add("wrong call: a sparsity of 1", "--sparsity", "1")
@CASES.add("wrong call: a method of no name", "--method", "wonda")
@CASES.add("wrong call: 4:2", "--n-m", "4:2")
@CASES.add("wrong call: a dense model that is not there", "--dense", "/nowhere/at/all")
def wrong_call(folder: Path, *options: str) -> Made:
    return Made(save(folder / "it", llama()), options, 2)
