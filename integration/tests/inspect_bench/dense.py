"""Dense checkpoints of six blocks in NumPy, as LLaMA and Mixtral name and shape their tensors.

Widths are no multiple of 64, so that an output that keeps half of its weights is no 32:64.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

BLOCKS, WIDTH, BETWEEN, HEADS, KEYS, VOCABULARY, EXPERTS = 6, 96, 160, 4, 2, 128, 4
SHAPES = {
    "self_attn.q_proj": (WIDTH, WIDTH),
    "self_attn.k_proj": (WIDTH // 2, WIDTH),
    "self_attn.v_proj": (WIDTH // 2, WIDTH),
    "self_attn.o_proj": (WIDTH, WIDTH),
    "mlp.gate_proj": (BETWEEN, WIDTH),
    "mlp.up_proj": (BETWEEN, WIDTH),
    "mlp.down_proj": (WIDTH, BETWEEN),
}
MATRICES = tuple(
    f"model.layers.{block}.{each}.weight" for block in range(BLOCKS) for each in SHAPES
)
EMBEDDINGS, HEAD = "model.embed_tokens.weight", "lm_head.weight"
CONFIG: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": WIDTH,
    "intermediate_size": BETWEEN,
    "num_hidden_layers": BLOCKS,
    "num_attention_heads": HEADS,
    "num_key_value_heads": KEYS,
    "vocab_size": VOCABULARY,
    "max_position_embeddings": 64,
    "hidden_act": "silu",
    "rms_norm_eps": 1e-6,
    "tie_word_embeddings": False,
    "torch_dtype": "float32",
}
DTYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
          "F8_E4M3": torch.float8_e4m3fn}  # fmt: skip
Arrays = dict[str, np.ndarray]


@cache
def _llama(seed: int) -> Arrays:
    draw = np.random.default_rng(seed)
    tensors = {
        EMBEDDINGS: draw.normal(size=(VOCABULARY, WIDTH)),
        HEAD: draw.normal(size=(VOCABULARY, WIDTH)),
    }
    for name in MATRICES:
        out, inputs = SHAPES[name.removesuffix(".weight").split(".", 3)[3]]
        # Inputs and outputs of unequal size, as in trained models.
        rows, columns = draw.lognormal(0, 0.3, (out, 1)), draw.lognormal(0, 0.3, (1, inputs))
        tensors[name] = draw.normal(size=(out, inputs)) * rows * columns / np.sqrt(inputs)
    for block in range(BLOCKS):
        for norm in ("input_layernorm", "post_attention_layernorm"):
            tensors[f"model.layers.{block}.{norm}.weight"] = np.ones(WIDTH)
    tensors["model.norm.weight"] = np.ones(WIDTH)
    return {name: each.astype(np.float32) for name, each in tensors.items()}


def llama(seed: int = 0) -> Arrays:
    """All tensors in float32, none of whose weights is 0; the arrays are the caller's own."""
    return {name: each.copy() for name, each in _llama(seed).items()}


def experts(fused: bool, seed: int = 0) -> tuple[Arrays, dict[str, Any]]:
    """A Mixtral's tensors and configuration, its experts in files of one each or three-dimensional.

    Args:
        fused: one tensor, experts × outputs × inputs, for all experts of a block.
        seed: of the weights.
    """
    draw = np.random.default_rng(seed)
    tensors = {name: each for name, each in llama(seed).items() if ".mlp." not in name}
    shapes = {"w1": (BETWEEN, WIDTH), "w2": (WIDTH, BETWEEN), "w3": (BETWEEN, WIDTH)}
    for block in range(BLOCKS):
        place = f"model.layers.{block}.block_sparse_moe"
        tensors[f"{place}.gate.weight"] = draw.normal(size=(EXPERTS, WIDTH)).astype(np.float32)
        made = {
            name: draw.normal(size=(EXPERTS, *shape)).astype(np.float32)
            for name, shape in shapes.items()
        }
        if fused:
            both = np.concatenate([made["w1"], made["w3"]], axis=1)
            tensors[f"model.layers.{block}.mlp.experts.gate_up_proj"] = both
            tensors[f"model.layers.{block}.mlp.experts.down_proj"] = made["w2"]
            continue
        for name, each in made.items():
            for number in range(EXPERTS):
                tensors[f"{place}.experts.{number}.{name}.weight"] = each[number]
    more = {"architectures": ["MixtralForCausalLM"], "model_type": "mixtral",
            "num_local_experts": EXPERTS, "num_experts_per_tok": 2}  # fmt: skip
    return tensors, CONFIG | more


def norms(name: str, kind: str = "lognormal", seed: int = 0) -> np.ndarray:
    """Activation norms of a matrix's inputs, as some calibration might have them; all positive
    but those of dead inputs.

    Args:
        name: of the matrix; those with the same inputs have the same norms.
        kind: `lognormal`, `heavy` (a power law without a mean), `outlier` (one input a million
            times the others) or `dead` (a tenth of the inputs is never active).
        seed: of the calibration.
    """
    inputs = SHAPES[name.removesuffix(".weight").split(".", 3)[3]][1]
    shared = (
        name.replace("k_proj", "q_proj").replace("v_proj", "q_proj").replace("up_proj", "gate_proj")
    )
    draw = np.random.default_rng([seed, *shared.encode()])
    x = draw.lognormal(0, 1, inputs)
    if kind == "heavy":
        x = draw.pareto(0.7, inputs) + 0.01
    if kind == "outlier":
        x[draw.integers(inputs)] *= 1e6
    if kind == "dead":
        x[draw.choice(inputs, inputs // 10, replace=False)] = 0
    return x.astype(np.float32)


def as_torch(array: np.ndarray, dtype: str) -> torch.Tensor:
    """A tensor of a dtype by safetensors' name, rounded to the nearest."""
    return torch.from_numpy(np.ascontiguousarray(array)).to(DTYPES[dtype])


def rounded(tensors: Arrays, dtype: str) -> Arrays:
    """What a dtype keeps of the weights, as float32."""
    return {name: as_torch(each, dtype).float().numpy() for name, each in tensors.items()}


def save(
    folder: Path,
    tensors: Arrays,
    dtype: str = "F32",
    shards: int = 1,
    config: dict[str, Any] = CONFIG,
) -> Path:
    """Write a folder as save_pretrained does.

    Args:
        folder: where; made.
        tensors: by name.
        dtype: of all of them, by safetensors' name.
        shards: how many files; several have an index.
        config: config.json.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    stored = {name: as_torch(each, dtype) for name, each in tensors.items()}
    if shards == 1:
        save_file(stored, folder / "model.safetensors", metadata={"format": "pt"})
        return folder
    where = {}
    for number in range(shards):
        file = f"model-{number + 1:05}-of-{shards:05}.safetensors"
        part = {name: stored[name] for name in [*stored][number::shards]}
        save_file(part, folder / file, metadata={"format": "pt"})
        where |= dict.fromkeys(part, file)
    size = sum(each.nbytes for each in stored.values())
    index = {"metadata": {"total_size": size}, "weight_map": where}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), "utf-8")
    return folder
