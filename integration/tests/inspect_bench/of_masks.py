"""Cases of the mask alone: counts, groups, n:m, whole rows and columns, what was left alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from inspect_bench.case import Cases, Made, alone, by_score, conventions, dense_ones, masked
from inspect_bench.dense import (
    BLOCKS,
    CONFIG,
    EMBEDDINGS,
    EXPERTS,
    HEAD,
    HEADS,
    MATRICES,
    WIDTH,
    experts,
    llama,
    save,
)
from inspect_bench.masks import keep, keep_n_of_m

CASES = Cases()
NO_PATTERN = {"pattern.n_m": None}


@CASES.add("dense")
def dense(folder: Path) -> Made:
    return Made(save(folder / "it", llama()), tensors=dense_ones([*MATRICES, EMBEDDINGS, HEAD]))


@CASES.add("dense, asked for half", ("--sparsity", "0.5"))
@CASES.add("dense, asked for 2:4", ("--n-m", "2:4"))
def dense_but_claimed(folder: Path, options: tuple[str, ...]) -> Made:
    return Made(save(folder / "it", llama()), options, 1, claims=frozenset({"contradicted"}))


def counted(folder: Path, count: str, sparsity: float, group: str) -> Made:
    tensors, kept = masked(llama(), by_score("magnitude", sparsity, group, count))
    right = alone(kept, **NO_PATTERN, **{"pattern.same_count_per_output": group == "output"})
    sizes = {}
    for each in kept.values():
        sizes |= (
            {each.shape[1]: int((~each[0]).sum())}
            if group == "output"
            else {each.size: int((~each).sum())}
        )
    for each in right.values():
        each["pattern.count_convention"] = conventions(sizes, sparsity)
    options = ("--sparsity", str(sparsity), "--group", group)
    return Made(save(folder / "it", tensors), options, tensors=right)


for _group in ("output", "layer"):
    for _count, _sparsity in (
        ("floor", 0.5),
        ("floor", 0.29),
        ("round", 0.38),
        ("ceil", 0.603),
        ("one_more", 0.5),
    ):
        CASES.add(f"counts, {_group}, {_count}, {_sparsity}", _count, _sparsity, _group)(counted)


@CASES.add("2:4", 2, 4)
@CASES.add("4:8", 4, 8)
@CASES.add("1:4", 1, 4)
@CASES.add("16:32", 16, 32)
@CASES.add("1:3 and a dense tail", 1, 3)
@CASES.add("1:3 and a pruned tail", 1, 3, "partial")
@CASES.add("3:7 and a dense tail", 3, 7)
def n_of_m(folder: Path, n: int, m: int, tail: str = "dense") -> Made:
    draw = np.random.default_rng(1)
    tensors, kept = masked(llama(), lambda _, W: keep_n_of_m(draw.random(W.shape), n, m, tail))
    right = alone(kept, **{"pattern.n_m": f"{n}:{m}", "pattern.violations": 0})
    return Made(save(folder / "it", tensors), ("--n-m", f"{n}:{m}"), tensors=right)


@CASES.add("2:4, called 1:4", 2, 4, "1:4")
@CASES.add("4:8, called 2:4", 4, 8, "2:4")
def n_of_m_called_otherwise(folder: Path, n: int, m: int, called: str) -> Made:
    draw = np.random.default_rng(1)
    tensors, kept = masked(llama(), lambda _, W: keep_n_of_m(draw.random(W.shape), n, m))
    right = alone(kept, **{"pattern.n_m": f"{n}:{m}", "pattern.violations": 0})
    return Made(
        save(folder / "it", tensors),
        ("--n-m", called),
        1,
        right,
        claims=frozenset({"contradicted"}),
    )


@CASES.add("2:4 along outputs")
def along_outputs(folder: Path) -> Made:
    draw = np.random.default_rng(1)
    tensors, kept = masked(llama(), lambda _, W: keep_n_of_m(draw.random(W.T.shape), 2, 4).T)
    right = alone(kept, **{"pattern.n_m": "2:4 along outputs", "pattern.violations": 0})
    return Made(save(folder / "it", tensors), tensors=right)


@CASES.add("2:4, one group broken in one matrix")
def one_broken(folder: Path) -> Made:
    draw = np.random.default_rng(1)
    tensors, kept = masked(llama(), lambda _, W: keep_n_of_m(draw.random(W.shape), 2, 4))
    row, column = np.argwhere(~kept[MATRICES[17]])[100]
    kept[MATRICES[17]][row, column] = True
    tensors[MATRICES[17]][row, column] = 0.25
    right = alone(kept, **{"pattern.n_m": "2:4", "pattern.violations": 0})
    right[MATRICES[17]]["pattern.violations"] = 1
    return Made(
        save(folder / "it", tensors), ("--n-m", "2:4"), 1, right, claims=frozenset({"contradicted"})
    )


@CASES.add("2:4, one group in a million broken")
def one_in_a_million(folder: Path) -> Made:
    name, draw = MATRICES[20], np.random.default_rng(1)
    W = draw.normal(size=(2048, 2048)).astype(np.float32)
    kept = keep_n_of_m(draw.random(W.shape, np.float32), 2, 4)
    row, column = 1234, int(np.argwhere(~kept[1234])[700, 0])
    kept[row, column] = True
    W = np.where(kept, W, 0)
    right = alone({name: kept}, **{"pattern.n_m": "2:4", "pattern.violations": 1})
    wide = CONFIG | {"hidden_size": 2048, "intermediate_size": 2048}
    return Made(save(folder / "it", {name: W}, "BF16", config=wide), ("--n-m", "2:4"), 1, right)


@CASES.add("half of the zeros are -0.0")
def negative_zeros(folder: Path) -> Made:
    tensors, kept = masked(llama(), by_score("magnitude"))
    right = alone(kept)
    for name, each in kept.items():
        negative = ~each & (llama()[name] < 0)
        tensors[name][negative] = -0.0
        right[name] |= {"negative_zeros": int(negative.sum())}
    return Made(save(folder / "it", tensors), ("--sparsity", "0.5"), tensors=right)


@CASES.add("whole outputs", "rows")
@CASES.add("whole inputs", "columns")
def whole(folder: Path, what: str) -> Made:
    draw = np.random.default_rng(1)

    def choose(_: str, W: np.ndarray) -> np.ndarray:
        kept, axis = np.ones(W.shape, bool), 0 if what == "rows" else 1
        gone = draw.choice(W.shape[axis], W.shape[axis] // 4, replace=False)
        kept[(gone,) if axis == 0 else (slice(None), gone)] = False
        return kept

    tensors, kept = masked(llama(), choose)
    return Made(save(folder / "it", tensors), tensors=alone(kept, **{"pattern.structured": what}))


@CASES.add("whole heads")
def whole_heads(folder: Path) -> Made:
    """Head 1 of every block: its outputs of q_proj and its inputs of o_proj."""
    size = WIDTH // HEADS

    def choose(name: str, W: np.ndarray) -> np.ndarray:
        kept = np.ones(W.shape, bool)
        if "q_proj" in name:
            kept[size : 2 * size] = False
        else:
            kept[:, size : 2 * size] = False
        return kept

    names = [each for each in MATRICES if "q_proj" in each or "o_proj" in each]
    tensors, kept = masked(llama(), choose, names)
    right = alone(kept)
    for name, each in right.items():
        each["pattern.structured"] = "rows" if "q_proj" in name else "columns"
    others = dense_ones(each for each in MATRICES if each not in names)
    return Made(save(folder / "it", tensors), tensors=right | others)


@CASES.add("sorted rows, whose first inputs all go")
def sorted_rows(folder: Path) -> Made:
    tensors = llama()
    for name in MATRICES:
        W = tensors[name]
        tensors[name] = np.take_along_axis(W, np.argsort(np.abs(W), axis=1), axis=1)
    tensors, kept = masked(tensors, by_score("magnitude"))
    right = alone(kept, **{"pattern.same_count_per_output": True, "pattern.structured": "columns"})
    return Made(save(folder / "it", tensors), ("--sparsity", "0.5"), tensors=right)


def left_alone(folder: Path, options: tuple[str, ...], code: int) -> Made:
    alone_ones = [each for each in MATRICES if ".layers.2." in each or "down_proj" in each]
    names = [each for each in MATRICES if each not in alone_ones]
    tensors, kept = masked(llama(), by_score("magnitude"), names)
    right = alone(kept) | dense_ones(alone_ones)
    claims = frozenset({"contradicted" if code else "holds"})
    return Made(
        save(folder / "it", tensors), ("--sparsity", "0.5", *options), code, right, claims=claims
    )


CASES.add("layers left alone", (), 1)(left_alone)
CASES.add("layers left alone, as said", ("--skip", "2.*", "--skip", "*.down_proj"), 0)(left_alone)


@CASES.add("embeddings of tokens that are never used")
def unused_tokens(folder: Path) -> Made:
    tensors = llama()
    tensors[EMBEDDINGS][100:] = 0
    right = dense_ones(MATRICES) | {EMBEDDINGS: {"zeros": (len(tensors[EMBEDDINGS]) - 100) * WIDTH}}
    return Made(save(folder / "it", tensors), tensors=right)


@CASES.add("a head that is the embeddings, pruned", True)
@CASES.add("a head that is the embeddings, dense", False)
def tied(folder: Path, pruned: bool) -> Made:
    names = [*MATRICES, EMBEDDINGS] if pruned else MATRICES
    tensors, kept = masked(llama(), lambda _, W: keep(np.abs(W), 0.5), names)
    del tensors[HEAD]
    right = alone(kept) | ({} if pruned else dense_ones([EMBEDDINGS]))
    made = save(folder / "it", tensors, config=CONFIG | {"tie_word_embeddings": True})
    return Made(made, ("--sparsity", "0.5"), tensors=right)


@CASES.add("experts of a tensor each", False)
@CASES.add("experts in one tensor", True)
def of_experts(folder: Path, fused: bool) -> Made:
    tensors, config = experts(fused)
    draw = np.random.default_rng(1)
    names = [each for each in tensors if ".experts" in each]

    def choose(_: str, W: np.ndarray) -> np.ndarray:
        return keep_n_of_m(draw.random(W.reshape(-1, W.shape[-1]).shape), 2, 4).reshape(W.shape)

    tensors, kept = masked(tensors, choose, names)
    right = alone(kept, **{"pattern.n_m": "2:4", "pattern.violations": 0})
    gates = [each for each in tensors if each.endswith(".gate.weight")]
    attention = [each for each in tensors if "self_attn" in each]
    return Made(
        save(folder / "it", tensors, config=config),
        tensors=right | dense_ones([*gates, *attention]),
    )


@CASES.add("one whole expert in each block, of one tensor")
def whole_expert(folder: Path) -> Made:
    tensors, config = experts(fused=True)
    names = [each for each in tensors if ".experts" in each]

    def choose(_: str, W: np.ndarray) -> np.ndarray:
        kept = np.ones(W.shape, bool)
        kept[2] = False
        return kept

    tensors, kept = masked(tensors, choose, names)
    right = {name: {"pruned": True, "zeros": each.size // EXPERTS} for name, each in kept.items()}
    return Made(save(folder / "it", tensors, config=config), tensors=right)


@CASES.add("three files and an index", 3, "F32")
@CASES.add("in bfloat16", 1, "BF16")
@CASES.add("in float16, four files", 4, "F16")
def stored(folder: Path, shards: int, dtype: str) -> Made:
    tensors, kept = masked(llama(), by_score("wanda"))
    right = alone(kept, dtype=dtype)
    return Made(save(folder / "it", tensors, dtype, shards), ("--sparsity", "0.5"), tensors=right)


@CASES.add("a vector and a matrix of one input are no layers")
def small_tensors(folder: Path) -> Made:
    tensors, kept = masked(llama(), by_score("magnitude"))
    for block in range(BLOCKS):
        tensors[f"model.layers.{block}.self_attn.q_proj.bias"] = np.zeros(WIDTH, np.float32)
    return Made(save(folder / "it", tensors), ("--sparsity", "0.5"), tensors=alone(kept))


def bitmask(folder: Path, format_: str) -> Made:
    """Both of compressed-tensors' formats: values, and a bit for each place."""
    draw = np.random.default_rng(1)
    tensors, kept = masked(llama(), lambda _, W: keep_n_of_m(draw.random(W.shape), 2, 4))
    stored = {}
    for name, W in tensors.items():
        if name not in kept:
            stored[name] = torch.from_numpy(W)
            continue
        mask, values = kept[name], W[kept[name]]
        packed = np.packbits(mask, axis=-1, bitorder="little")
        stored[f"{name}.bitmask"] = torch.from_numpy(packed)
        stored[f"{name}.shape"] = torch.tensor(W.shape)
        if format_ == "sparse-bitmask":
            offsets = np.concatenate([[0], mask.sum(1).cumsum()[:-1]])
            stored[f"{name}.row_offsets"] = torch.from_numpy(offsets)
        else:
            values = values.reshape(len(W), -1)
        stored[f"{name}.compressed"] = torch.from_numpy(values)
    config = {
        "sparsity_config": {"format": format_, "global_sparsity": 0.5, "sparsity_structure": "2:4"}
    }
    made = save(
        folder / "it",
        {},
        config=CONFIG | {"quantization_config": {"quant_method": "compressed-tensors", **config}},
    )
    save_file(stored, made / "model.safetensors", metadata={"format": "pt"})
    right = alone(kept, **{"pattern.n_m": "2:4", "pattern.violations": 0})
    return Made(made, ("--n-m", "2:4"), tensors=right)


CASES.add("sparse-bitmask", "sparse-bitmask")(bitmask)
CASES.add("sparse-24-bitmask", "sparse-24-bitmask")(bitmask)
