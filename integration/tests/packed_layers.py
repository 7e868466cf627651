"""Layers of a decoder in packed layouts, and what must be found in them."""

from __future__ import annotations

import json

import numpy as np
import torch
from safetensors.torch import save_file

from inspect_bench.packed import awq, gptq, nf4, with_zero_points
from inspected import BLOCKS, CONFIG, Found, smallest, two_of_four

SHAPES = {"self_attn.q_proj": (64, 64), "mlp.up_proj": (128, 64), "mlp.down_proj": (64, 128)}
NAMES = [f"model.layers.{block}.{name}" for block in range(BLOCKS) for name in SHAPES]


def write(folder, tensors, **said):
    folder.mkdir(exist_ok=True)
    stored = {name: torch.from_numpy(np.array(each, order="C")) for name, each in tensors.items()}
    save_file(stored, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(CONFIG | {"quantization_config": said}))
    return folder


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


GPTQ = {"quant_method": "gptq", "bits": 4, "group_size": 32}
AS_IT_IS = GPTQ | {"checkpoint_format": "gptq_v2"}
AWQ = {"quant_method": "awq", "bits": 4, "group_size": 32, "version": "gemm"}
BITSANDBYTES = {"quant_method": "bitsandbytes", "load_in_4bit": True}
PACK_QUANTIZED = {"quant_method": "compressed-tensors", "format": "pack-quantized"}


def rounded(W, bits):
    """Weights as whole numbers from 0, and zero points from 1, by groups of 32 inputs."""
    groups, most = W.reshape(len(W), -1, 32), 2**bits - 1
    low, high = groups.min(-1, keepdims=True), groups.max(-1, keepdims=True)
    scale = (high - low) / most
    zeros = np.clip(np.rint(-low / scale), 1, most).astype(int)
    codes = np.clip(np.rint(groups / scale).astype(int) + zeros, 0, most).reshape(W.shape)
    return codes, zeros[..., 0], codes - np.repeat(zeros[..., 0], 32, axis=1)


def as_gptq(W, bits=4, less=1):
    codes, zeros, right = rounded(W, bits)
    return gptq(codes, zeros, np.arange(W.shape[1]) // 32, bits, less), right


def as_awq(W):
    codes, zeros, right = rounded(W, 4)
    return awq(codes, zeros), right


def as_pack_quantized(W):
    codes, zeros, right = rounded(W, 4)
    return with_zero_points(codes, zeros, 4), right


def as_nf4(W):
    packed = nf4(W)
    two = packed["weight"].reshape(-1)
    codes = np.stack([two >> 4, two & 15], axis=-1).reshape(W.shape)
    return packed, packed["weight.quant_map"][codes]


FORMATS = {
    "GPTQ int4": (as_gptq, GPTQ),
    "GPTQ int8": (lambda W: as_gptq(W, 8), GPTQ),
    "GPTQ int3": (lambda W: as_gptq(W, 3, 0), AS_IT_IS),
    "AWQ int4": (as_awq, AWQ),
    "bitsandbytes NF4": (as_nf4, BITSANDBYTES),
    "compressed-tensors int4": (as_pack_quantized, PACK_QUANTIZED),
}


def gaussian(kind):
    """Weights of all layers: dense, without the smaller half of each output, or 2:4."""
    draw, made = np.random.default_rng(0), {}
    for name in NAMES:
        W = draw.standard_normal(SHAPES[name.split(".", 3)[3]]).astype(np.float32)
        if kind == "half":
            W[smallest(W, W.shape[1] // 2)] = 0
        made[name] = two_of_four(W) if kind == "2:4" else W
    return made
