"""Cases beside the dense model and an earlier mask: what explains a mask, and what became of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from inspect_bench.case import Cases, Made, Right, alone, by_score, masked, saved_dense
from inspect_bench.dense import EMBEDDINGS, MATRICES, Arrays, llama, norms, rounded, save
from inspect_bench.formats import gguf_name, of_gguf, save_gguf
from inspect_bench.masks import keep, keep_n_of_m, scores, sparsegpt, worst_cycle

CASES = Cases()
REFUTED, NOT_REFUTED = {"refuted"}, {"explains", "possible", "not_decided"}
NOT_EXPLAINED = {"refuted", "not_decided", "possible"}
MANY = 0.5
"""Of the groups of inputs, the share that nobody can say are never active."""
CLEAR = 1e-3
"""Mean logarithm of a cycle's ratios above which no rounding of any dtype here explains it."""
UNCHANGED = {"changed_kept": 0, "largest_change": 0.0}


def beside(
    folder: Path, weights: Arrays, dense: Arrays, *options: Any, dtype: str = "F32", **right: Any
) -> Made:
    """A checkpoint beside its dense model, both written."""
    options = ("--dense", saved_dense(folder, dense), *options)
    return Made(save(folder / "it", weights, dtype), options, **right)


def wanda_verdict(dense: Arrays, kept: Arrays, m: int | None = None) -> set[str]:
    """What may be said of Wanda with any norms, by an exact solver.

    Groups of m are systems of their own; that the few which no norms explain are those of inputs
    that are never active is no more than unlikely.
    """
    clear = (
        worst_cycle(dense[name][:, each], of[:, each]) > CLEAR
        for name, of in kept.items()
        for each in groups_of(of.shape[1], m)
    )
    if m is None:
        return REFUTED if any(clear) else NOT_REFUTED
    found = [*clear]
    if not any(found):
        return NOT_REFUTED
    return REFUTED if sum(found) > MANY * len(found) else {"refuted", "not_decided"}


def groups_of(inputs: int, m: int | None) -> list[slice]:
    """All inputs, or every m of them."""
    size = m or inputs
    return [slice(start, start + size) for start in range(0, inputs, size)]


def explained(folder: Path, method: str, group: str, sparsity: float = 0.5) -> Made:
    """A mask by a score that needs no data is that score's, within its groups."""
    tensors, kept = masked(llama(), by_score(method, sparsity, group))
    right = {(each, group): REFUTED for each in ("magnitude", "ri", "symmetric")}
    if method == "symmetric_squared":
        # Nearly the same order: one may be within rounding of the other.
        del right["symmetric", group]
    right[method, group] = {"explains"}
    return beside(folder, tensors, llama(), "--method", method, "--group", group,
                  tensors=alone(kept, **UNCHANGED), explained=right)  # fmt: skip


for _method in ("magnitude", "ri", "symmetric", "symmetric_squared"):
    for _group in ("output", "layer"):
        _long = _method.startswith("sym") and _group == "layer"
        CASES.add(f"{_method}, {_group}", _method, _group, long=_long)(explained)
CASES.add("ri, output, a third", "ri", "output", 0.33)(explained)


def by_data(folder: Path, method: str, group: str) -> Made:
    """No score without data explains a mask by calibration; Wanda's norms may exist or not."""
    tensors, kept = masked(llama(), by_score(method, 0.5, group))
    right = {(each, group): NOT_EXPLAINED for each in ("magnitude", "ri", "symmetric")}
    if group == "output":
        # Within outputs the outputs' norms cancel.
        own = method in ("wanda", "owanda")
        right["wanda", group] = NOT_REFUTED if own else wanda_verdict(llama(), kept)
    if method == "owanda" and group == "output":
        right["magnitude", group] = {"explains"}
    return beside(folder, tensors, llama(), tensors=alone(kept, **UNCHANGED), explained=right)


for _method in ("wanda", "ria", "symwanda", "owanda", "stochria", "random"):
    for _group in ("output", "layer"):
        _long = _group == "layer" and _method != "wanda"
        CASES.add(f"{_method}, {_group}", _method, _group, long=_long)(by_data)


def n_of_m(folder: Path, method: str, n: int, m: int) -> Made:
    def choose(name: str, W: np.ndarray) -> np.ndarray:
        return keep_n_of_m(scores(method, W, norms(name)), n, m)

    tensors, kept = masked(llama(), choose)
    right = {("wanda", "output"): wanda_verdict(llama(), kept, m)}
    right["magnitude", "output"] = {"explains"} if method == "magnitude" else REFUTED
    found = alone(kept, **UNCHANGED, **{"pattern.n_m": f"{n}:{m}", "pattern.violations": 0})
    return beside(folder, tensors, llama(), "--n-m", f"{n}:{m}", tensors=found, explained=right)


for _method in ("magnitude", "wanda", "ria", "random"):
    for _n, _m in ((2, 4), (4, 8)):
        CASES.add(f"{_method}, {_n}:{_m}", _method, _n, _m, long=_m == 8)(n_of_m)


@CASES.add("SparseGPT")
@CASES.add("SparseGPT, called Wanda", "--method", "wanda")
@CASES.add("SparseGPT, called magnitude", "--method", "magnitude", long=True)
def by_sparsegpt(folder: Path, *options: str) -> Made:
    """It changes what it keeps, so what only masks cannot have made it."""
    dense, tensors, kept, right = llama(), llama(), {}, {}
    for name in MATRICES:
        tensors[name] = sparsegpt(dense[name], norms(name), 0.5)
        kept[name] = tensors[name] != 0
        changed = kept[name] & (tensors[name] != dense[name])
        largest = float(np.abs(tensors[name] - dense[name])[changed].max())
        counts = {"zeros": int((~kept[name]).sum()), "changed_kept": int(changed.sum())}
        right[name] = {"pruned": True, "largest_change": largest, **counts}
    claims = frozenset({"contradicted"} if options else ())
    return beside(
        folder, tensors, dense, *options, code=int(bool(options)), tensors=right, claims=claims
    )


@CASES.add("magnitude, called Wanda of no half", "--method", "wanda", "--sparsity", "0.6")
@CASES.add("random, called magnitude", "--method", "magnitude")
def called_otherwise(folder: Path, *options: str) -> Made:
    method = "random" if "magnitude" in options else "magnitude"
    tensors, _ = masked(llama(), by_score(method))
    return beside(folder, tensors, llama(), *options, code=1, claims=frozenset({"contradicted"}))


@CASES.add("without the dense model a method is not decided")
def without_dense(folder: Path) -> Made:
    tensors, kept = masked(llama(), by_score("random"))
    options = ("--method", "magnitude")
    return Made(
        save(folder / "it", tensors),
        options,
        tensors=alone(kept),
        claims=frozenset({"not_decided"}),
    )


def changed(folder: Path, how: str) -> Made:
    """Kept weights that are no longer the dense model's, in a mask that still is."""
    dense = llama()
    tensors, kept = masked(dense, by_score("wanda"))
    draw = np.random.default_rng(3)
    for name, of in kept.items():
        W = tensors[name]
        if how == "fine-tuned":
            W = np.where(of, W + draw.normal(size=W.shape).astype(np.float32) * 1e-3, W)
        elif how == "rescaled outputs":
            W = W * draw.uniform(0.9, 1.1, (len(W), 1)).astype(np.float32)
        elif how == "rescaled inputs":
            W = W * draw.uniform(0.9, 1.1, (1, W.shape[1])).astype(np.float32)
        elif how == "one weight" and name == MATRICES[9]:
            place = tuple(np.argwhere(of)[77])
            W[place] = np.nextafter(W[place], np.float32(np.inf))
        tensors[name] = W
    right: dict[str, Right] = alone(kept)
    for name, of in kept.items():
        off = of & (tensors[name] != dense[name])
        largest = float(np.abs(tensors[name] - dense[name])[of].max())
        right[name] |= {"changed_kept": int(off.sum()), "largest_change": largest}
    claims, options = frozenset({"contradicted"}), ("--method", "wanda")
    return beside(folder, tensors, dense, *options, code=1, tensors=right, claims=claims)


for _how in ("fine-tuned", "rescaled outputs", "rescaled inputs", "one weight"):
    CASES.add(f"kept weights: {_how}", _how, long=_how == "rescaled inputs")(changed)


@CASES.add("rounded to bfloat16 after pruning", "BF16")
@CASES.add("rounded to float16 after pruning", "F16", long=True)
def rounded_after(folder: Path, dtype: str) -> Made:
    """The dense model is float32: what only rounding explains is not a changed weight."""
    tensors, kept = masked(llama(), by_score("magnitude"))
    right = {("magnitude", "output"): {"explains"}, ("wanda", "output"): NOT_REFUTED}
    return beside(folder, tensors, llama(), "--method", "magnitude", dtype=dtype,
                  tensors=alone(kept), explained=right)  # fmt: skip


@CASES.add("a dense model that has zeros already, Wanda", "wanda")
@CASES.add("a dense model that has zeros already, magnitude", "magnitude")
def sparse_base(folder: Path, method: str) -> Made:
    dense, draw = llama(), np.random.default_rng(4)
    for name in MATRICES:
        dense[name][draw.random(dense[name].shape) < 0.1] = 0
    tensors, kept = masked(dense, by_score(method))
    right = {(method, "output"): NOT_REFUTED if method == "wanda" else {"explains"}}
    zeros = {
        name: {"pruned": True, "zeros": int((tensors[name] == 0).sum()), **UNCHANGED}
        for name in kept
    }
    return beside(folder, tensors, dense, "--method", method, tensors=zeros, explained=right)


@CASES.add("a dense model that has zeros already, and nothing else")
def sparse_base_alone(folder: Path) -> Made:
    dense, draw = llama(), np.random.default_rng(4)
    for name in MATRICES:
        dense[name][draw.random(dense[name].shape) < 0.1] = 0
    right = {name: {"zeros": int((dense[name] == 0).sum()), **UNCHANGED} for name in MATRICES}
    return beside(folder, dense, dense, tensors=right)


@CASES.add("GGUF Q8_0 beside a dense folder", "Q8_0")
@CASES.add("GGUF F16 beside a dense folder", "F16", long=True)
def gguf_beside_folder(folder: Path, kind: str) -> Made:
    """llama.cpp's converter changes the order of the outputs of q_proj and k_proj."""
    tensors, kept = masked(llama(), by_score("magnitude"))
    right = {
        gguf_name(name): {"pruned": True, "zeros": int((of_gguf(tensors[name], kind) == 0).sum())}
        for name in kept
    }
    options = ("--dense", saved_dense(folder))
    return Made(save_gguf(folder / "it.gguf", tensors, kind), options, tensors=right,
                explained={("magnitude", "output"): {"explains", "possible"}})  # fmt: skip


def became(folder: Path, what: str) -> Made:
    """What was done to a pruned model since."""
    before, kept = masked(llama(), by_score("wanda"))
    after, draw = dict(before), np.random.default_rng(5)
    for name, of in kept.items():
        W = before[name]
        if what == "a LoRA merged" or (what == "a LoRA of q_proj merged" and "q_proj" in name):
            A, B = draw.normal(size=(len(W), 4)), draw.normal(size=(4, W.shape[1]))
            W = (W + 0.01 * A @ B).astype(np.float32)
        elif what == "a LoRA merged and masked again":
            A, B = draw.normal(size=(len(W), 4)), draw.normal(size=(4, W.shape[1]))
            W = np.where(of, W + 0.01 * A @ B, 0).astype(np.float32)
        elif what == "one zero regrown" and name == MATRICES[30]:
            W = W.copy()
            W[tuple(np.argwhere(~of)[50])] = 0.5
        elif what in ("Q4_1", "Q4_0", "Q8_0"):
            W = of_gguf(W, what)
        elif what == "pruned further":
            W = np.where(keep(np.abs(W), 0.6), W, 0)
        after[name] = W
    right: dict[str, Right] = {}
    for name, of in kept.items():
        zero = after[name] == 0
        right[name] = {"survived": int((zero & ~of).sum()), "zeros": int(zero.sum())}
        # A zero that is none any more has grown again or was moved by a format.
        right[name]["gone"] = int((~zero & ~of).sum())
    earlier = save(folder / "earlier", before)
    return Made(save(folder / "it", after), ("--mask-of", earlier), tensors=right)


LATER = ("nothing", "a LoRA merged", "a LoRA of q_proj merged", "a LoRA merged and masked again",
         "one zero regrown", "Q4_1", "Q4_0", "Q8_0", "pruned further")  # fmt: skip
for _what in LATER:
    CASES.add(f"since an earlier mask: {_what}", _what)(became)


@CASES.add("embeddings pruned, too")
def embeddings_too(folder: Path) -> Made:
    def choose(name: str, W: np.ndarray) -> np.ndarray:
        return keep(np.abs(W), 0.5)

    tensors, kept = masked(llama(), choose, [*MATRICES, EMBEDDINGS])
    return beside(folder, tensors, llama(), tensors=alone(kept, **UNCHANGED),
                  explained={("magnitude", "output"): {"explains"}})  # fmt: skip


@CASES.add("a bfloat16 model, pruned by scores in bfloat16")
def in_bfloat16(folder: Path) -> Made:
    dense = rounded(llama(), "BF16")

    def choose(name: str, W: np.ndarray) -> np.ndarray:
        rough = rounded({"x": norms(name), "W": np.abs(W)}, "BF16")
        S = rounded({"S": rough["W"] * rough["x"]}, "BF16")["S"]
        return keep(S, 0.5)

    tensors, kept = masked(dense, choose)
    options = ("--dense", saved_dense(folder, dense, "BF16"), "--method", "wanda")
    return Made(save(folder / "it", tensors, "BF16"), options, tensors=alone(kept, **UNCHANGED),
                explained={("wanda", "output"): NOT_REFUTED})  # fmt: skip
