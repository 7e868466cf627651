"""Cases of what storage does to zeros: none of its own is taken for pruning, none that it moved
is missed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from safetensors.torch import save_file

from inspect_bench.case import Cases, Made, by_score, masked
from inspect_bench.dense import CONFIG, MATRICES, Arrays, as_torch, llama, norms, save
from inspect_bench.formats import fp8, gguf_name, int4, moved_zeros, of_gguf, save_gguf
from inspect_bench.masks import keep_n_of_m, scores

CASES = Cases()
TYPES = ("Q8_0", "Q5_0", "Q5_1", "Q4_0", "Q4_1", "F16", "BF16")
MOVING = ("Q5_1", "Q4_1")
Expand = Callable[[np.ndarray], np.ndarray]


def gguf_dense(folder: Path, kind: str) -> Made:
    """Rounded to zero is not pruned."""
    tensors = llama()
    zeros = {name: int((of_gguf(tensors[name], kind) == 0).sum()) for name in MATRICES}
    right = {gguf_name(name): {"pruned": False, "zeros": zeros[name]} for name in MATRICES}
    return Made(save_gguf(folder / "it.gguf", tensors, kind), tensors=right)


def gguf_pruned(folder: Path, kind: str) -> Made:
    """What half of each output's zeros became."""
    tensors, kept = masked(llama(), by_score("wanda"))
    right = {}
    for name, of in kept.items():
        after = of_gguf(tensors[name], kind)
        right[gguf_name(name)] = {"pruned": True, "zeros": int((after == 0).sum())}
        if kind in MOVING:
            right[gguf_name(name)]["displaced_zeros"] = _moved(after, of)
    return Made(save_gguf(folder / "it.gguf", tensors, kind), tensors=right)


def _moved(after: np.ndarray, kept: np.ndarray) -> range:
    """At most all values that 0 has become; at least what clearly is a large share of a block."""
    return range(int(0.95 * (~kept).sum()), int(moved_zeros(after, kept).sum()) + 1)


def gguf_two_of_four(folder: Path, kind: str) -> Made:
    tensors, kept = masked(
        llama(), lambda name, W: keep_n_of_m(scores("wanda", W, norms(name)), 2, 4)
    )
    right = {gguf_name(name): {"pruned": True} for name in kept}
    if kind not in MOVING:
        for name in kept:
            right[gguf_name(name)] |= {"pattern.n_m": "2:4", "pattern.violations": 0}
    options = ("--n-m", "2:4") if kind not in MOVING else ()
    return Made(save_gguf(folder / "it.gguf", tensors, kind), options, tensors=right)


for _kind in TYPES:
    CASES.add(f"GGUF {_kind}, dense", _kind)(gguf_dense)
    CASES.add(f"GGUF {_kind}, half pruned", _kind)(gguf_pruned)
for _kind in ("Q8_0", "Q4_0", "Q4_1"):
    CASES.add(f"GGUF {_kind}, 2:4", _kind)(gguf_two_of_four)


@CASES.add("GGUF of mixed types, dense")
def gguf_mixed(folder: Path) -> Made:
    """As Q4_K_M mixes them: other types for the values and the last products."""
    also = {name: "Q8_0" for name in MATRICES if "v_proj" in name}
    also |= {name: "Q5_1" for name in MATRICES if "down_proj" in name}
    right = {gguf_name(name): {"pruned": False} for name in MATRICES}
    return Made(save_gguf(folder / "it.gguf", llama(), "Q5_0", also), tensors=right)


def uneven(tensors: Arrays, sizes: float) -> Arrays:
    """Inputs of very different sizes, in matrices tall enough for each input to be looked at."""
    draw = np.random.default_rng(7)
    changed = {
        name: tensors[name] * draw.lognormal(0, sizes, (1, tensors[name].shape[1]))
        for name in MATRICES
    }
    return tensors | {name: each.astype(np.float32) for name, each in changed.items()}


def gguf_uneven(folder: Path, kind: str, sizes: float) -> Made:
    """Large inputs make their neighbours 0, which looks like pruning."""
    right = {gguf_name(name): {"pruned": False} for name in MATRICES}
    return Made(save_gguf(folder / "it.gguf", uneven(llama(), sizes), kind), tensors=right)


def gguf_uneven_pruned(folder: Path, kind: str) -> Made:
    """Where each input lost half of its weights, the large ones show it."""
    tensors, kept = masked(
        uneven(llama(), 0.7), lambda _, W: np.abs(W) > np.median(np.abs(W), axis=0)
    )
    right = {gguf_name(name): {"pruned": True} for name in kept}
    return Made(save_gguf(folder / "it.gguf", tensors, kind), tensors=right)


for _kind in ("Q4_0", "Q5_0", "Q4_1"):
    for _sizes in (0.7, 1.0, 1.5):
        _name = f"GGUF {_kind}, dense, inputs of unequal size ({_sizes})"
        CASES.add(_name, _kind, _sizes)(gguf_uneven)
    CASES.add(f"GGUF {_kind}, half of each of unequal inputs pruned", _kind)(gguf_uneven_pruned)


EXPANDED: dict[str, Expand] = {
    "Q4_0": lambda W: of_gguf(W, "Q4_0"),
    "Q5_0": lambda W: of_gguf(W, "Q5_0"),
    "Q8_0": lambda W: of_gguf(W, "Q8_0"),
    "Q4_1": lambda W: of_gguf(W, "Q4_1"),
    "Q5_1": lambda W: of_gguf(W, "Q5_1"),
    "int4 in groups, symmetric": lambda W: int4(W, True),
    "int4 in groups, zero points": lambda W: int4(W, False),
    "fp8 by outputs": fp8,
}


def expanded_dense(folder: Path, how: str, dtype: str) -> Made:
    """In a folder nothing says where its zeros come from, and they are still no pruning."""
    tensors = llama()
    after = {name: EXPANDED[how](tensors[name]) for name in MATRICES}
    right = {
        name: {"pruned": False, "zeros": int((each == 0).sum())} for name, each in after.items()
    }
    return Made(save(folder / "it", tensors | after, dtype), tensors=right)


def expanded_pruned(folder: Path, how: str, dtype: str) -> Made:
    tensors, kept = masked(llama(), by_score("wanda"))
    after = {name: EXPANDED[how](tensors[name]) for name in kept}
    right = {}
    for name, each in after.items():
        right[name] = {"pruned": True, "zeros": int((each == 0).sum())}
        if how in MOVING:
            right[name]["displaced_zeros"] = _moved(each, kept[name])
    return Made(save(folder / "it", tensors | after, dtype), tensors=right)


for _how in EXPANDED:
    CASES.add(f"expanded from {_how}, dense", _how, "F32")(expanded_dense)
    CASES.add(f"expanded from {_how}, half pruned", _how, "F32")(expanded_pruned)
CASES.add("expanded from Q4_1 into bfloat16, half pruned", "Q4_1", "BF16")(expanded_pruned)
CASES.add("expanded from Q4_1 into bfloat16, dense", "Q4_1", "BF16")(expanded_dense)


@CASES.add("stored as fp8, dense", False)
@CASES.add("stored as fp8, half pruned", True)
def stored_fp8(folder: Path, pruned: bool) -> Made:
    """As compressed-tensors has them, without the scales, which change no zero."""
    tensors, _ = masked(llama(), by_score("wanda")) if pruned else (llama(), {})
    right = {}
    for name in MATRICES:
        scale = np.abs(tensors[name]).max(1, keepdims=True) / 448
        tensors[name] = tensors[name] / scale
        right[name] = {"pruned": pruned}
    made = save(folder / "it", tensors, config=CONFIG)

    stored = {
        name: as_torch(each, "F8_E4M3" if name in MATRICES else "F32")
        for name, each in tensors.items()
    }
    save_file(stored, made / "model.safetensors", metadata={"format": "pt"})
    return Made(made, tensors=right)
