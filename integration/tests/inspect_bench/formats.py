"""What storage makes of weights: GGUF by gguf's own Python, int4 in groups, fp8."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter
from gguf.quants import dequantize, quantize

from inspect_bench.dense import (
    BETWEEN,
    BLOCKS,
    EMBEDDINGS,
    HEAD,
    HEADS,
    KEYS,
    VOCABULARY,
    WIDTH,
    Arrays,
    as_torch,
)

GGUF_NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}
OUTSIDE = {
    EMBEDDINGS: "token_embd.weight",
    HEAD: "output.weight",
    "model.norm.weight": "output_norm.weight",
}
BLOCK = 32
"""Weights in a block of each GGUF type that is used here."""


def gguf_name(name: str) -> str:
    """What a tensor is called in GGUF files of the llama architecture."""
    if name in OUTSIDE:
        return OUTSIDE[name]
    block, rest = name.removeprefix("model.layers.").removesuffix(".weight").split(".", 1)
    return f"blk.{block}.{GGUF_NAMES[rest]}.weight"


def of_gguf(W: np.ndarray, kind: str) -> np.ndarray:
    """What weights are after a GGUF type has been written and read."""
    type_ = GGMLQuantizationType[kind]
    return dequantize(quantize(W, type_), type_).reshape(W.shape).astype(np.float32)


def permuted(name: str, W: np.ndarray) -> np.ndarray:
    """Rows in the order that llama.cpp's converter gives to what rotary embeddings turn."""
    heads = HEADS if "q_proj" in name else KEYS if "k_proj" in name else 0
    if not heads:
        return W
    halves = W.reshape(heads, 2, len(W) // heads // 2, *W.shape[1:])
    return halves.swapaxes(1, 2).reshape(W.shape)


def save_gguf(path: Path, tensors: Arrays, kind: str, also: dict[str, str] | None = None) -> Path:
    """Write a GGUF file, its vectors in float32.

    Args:
        path: of the file.
        tensors: by the names of a folder.
        kind: type of every matrix.
        also: types of single matrices.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = GGUFWriter(path, "llama")
    writer.add_block_count(BLOCKS)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(BETWEEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEYS)
    writer.add_context_length(64)
    writer.add_vocab_size(VOCABULARY)
    writer.add_layer_norm_rms_eps(1e-6)
    for name, each in tensors.items():
        W = permuted(name, each)
        if W.ndim == 1:
            writer.add_tensor(gguf_name(name), W)
            continue
        type_ = GGMLQuantizationType[(also or {}).get(name, kind)]
        writer.add_tensor(gguf_name(name), quantize(W, type_), raw_dtype=type_)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def int4(W: np.ndarray, symmetric: bool, size: int = 32) -> np.ndarray:
    """Weights rounded to 4 bits in groups of neighbouring inputs, and expanded again.

    Args:
        W: outputs × inputs.
        symmetric: -8 … 7 times a scale; else 0 … 15 times a scale after a whole zero point, so
            that 0 stays 0 in both.
        size: of a group.
    """
    groups = W.reshape(-1, size).astype(np.float64)
    if symmetric:
        scale = np.abs(groups).max(1, keepdims=True) / 7.5
        codes = np.clip(np.rint(groups / scale), -8, 7)
        return (codes * scale).reshape(W.shape).astype(np.float32)
    low, high = np.minimum(groups.min(1), 0)[:, None], np.maximum(groups.max(1), 0)[:, None]
    scale = (high - low) / 15
    zero = np.rint(-low / scale)
    codes = np.clip(np.rint(groups / scale) + zero, 0, 15) - zero
    return (codes * scale).reshape(W.shape).astype(np.float32)


def fp8(W: np.ndarray) -> np.ndarray:
    """Weights rounded to float8 (E4M3) with one scale for each output, and expanded again."""
    scale = np.abs(W).max(1, keepdims=True) / 448
    return as_torch(W / scale, "F8_E4M3").float().numpy() * scale


def moved_zeros(expanded: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Which values are those that 0 has become, where a format moves it.

    Args:
        expanded: weights after storage, outputs × inputs.
        kept: what was no zero before; within a block all zeros become the same value.
    """
    moved = np.zeros(kept.shape, bool)
    for values, of, into in zip(
        expanded.reshape(-1, BLOCK), kept.reshape(-1, BLOCK), moved.reshape(-1, BLOCK), strict=True
    ):
        if not of.all() and (zero := values[~of][0]) != 0:
            into[:] = values == zero
    return moved
