"""Tiny checkpoints of families whose files and models name or lay out tensors differently."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

SIZES: dict[str, Any] = {
    "vocab_size": 97,
    "hidden_size": 16,
    "num_hidden_layers": 6,
    "num_attention_heads": 2,
    "max_position_embeddings": 32,
}
MOE: dict[str, Any] = {"num_key_value_heads": 1, "num_experts_per_tok": 2, "intermediate_size": 24}
FAMILIES: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("Llama", {"intermediate_size": 24}),
    "gpt_neox": ("GPTNeoX", {"intermediate_size": 32}),
    "mixtral": ("Mixtral", {**MOE, "num_local_experts": 4}),
    "qwen3_moe": (
        "Qwen3Moe",
        {**MOE, "num_experts": 4, "moe_intermediate_size": 12, "head_dim": 8},
    ),
    "gpt_oss": (
        "GptOss",
        {**MOE, "num_local_experts": 4, "head_dim": 8, "pad_token_id": 0, "eos_token_id": 1},
    ),
    "deepseek_v3": (
        "DeepseekV3",
        {"intermediate_size": 24, "moe_intermediate_size": 12, "n_routed_experts": 4,
         "num_experts_per_tok": 2, "n_group": 1, "topk_group": 1, "q_lora_rank": 8,
         "kv_lora_rank": 8, "qk_rope_head_dim": 4, "qk_nope_head_dim": 4, "v_head_dim": 8,
         "first_k_dense_replace": 1},
    ),
}  # fmt: skip
"""The beginning of transformers' class names, and what is a family's own."""
HEADS = ("lm_head.weight", "embed_out.weight", "language_model.lm_head.weight")


def model_of(family: str) -> Any:
    """A small model of a family, with the same weights every time."""
    import transformers

    torch.manual_seed(0)
    if family == "gemma3":
        text = {**SIZES, "intermediate_size": 24, "num_key_value_heads": 1, "head_dim": 8}
        vision = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 6,
                  "num_attention_heads": 2, "image_size": 28, "patch_size": 14}  # fmt: skip
        config = transformers.Gemma3Config(
            text_config=text, vision_config=vision, mm_tokens_per_image=4
        )
        return transformers.Gemma3ForConditionalGeneration(config).eval()
    beginning, own = FAMILIES[family]
    config = getattr(transformers, f"{beginning}Config")(**SIZES, **own)
    return getattr(transformers, f"{beginning}ForCausalLM")(config).eval()


def change(folder: Path, how: Callable[[dict[str, Tensor]], None], **config: Any) -> None:
    """Change a checkpoint's tensors, all in one file, and its configuration."""
    tensors = load_file(folder / "model.safetensors")
    how(tensors)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | config), "utf-8")


def heads(kind: str) -> Callable[[dict[str, Tensor]], None]:
    """Gives a checkpoint two heads that differ, two that are equal, or the embeddings alone."""

    def how(tensors: dict[str, Tensor]) -> None:
        (embeddings,) = [name for name in tensors if "embed_tokens" in name or "embed_in" in name]
        head = next(
            (name for name in HEADS if name in tensors),
            embeddings.replace("model.embed_tokens", "lm_head"),
        )
        tensors.pop(head, None)
        if kind == "equal":
            tensors[head] = tensors[embeddings].clone()
        elif kind == "different":
            tensors[head] = torch.randn(tensors[embeddings].shape)

    return how


def tokenizer_of_characters() -> Any:
    """A tokenizer with a token for each character, of 97 at most."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {chr(33 + number): number for number in range(SIZES["vocab_size"] - 3)}
    inner = Tokenizer(models.WordLevel(vocabulary, unk_token="!"))
    inner.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    return PreTrainedTokenizerFast(tokenizer_object=inner)


def write_gguf(
    path: Path, surplus: Iterable[str] = (), settings: dict[str, Any] | None = None
) -> None:
    """A LLaMA of random weights, with more tensors and settings."""
    import gguf

    writer, width = gguf.GGUFWriter(path, "llama"), 32
    numbers = np.random.default_rng(0)
    writer.add_context_length(32)
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(width)
    writer.add_block_count(6)
    writer.add_head_count(2)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_vocab_size(97)
    shapes: dict[str, tuple[int, ...]] = {
        "token_embd": (97, width), "output": (97, width), "output_norm": (width,)
    }  # fmt: skip
    for block in range(6):
        for each in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"):
            shapes[f"blk.{block}.{each}"] = (width, width)
        for each in ("attn_norm", "ffn_norm"):
            shapes[f"blk.{block}.{each}"] = (width,)
    for key, value in (settings or {}).items():
        kinds = {str: writer.add_string, bool: writer.add_bool, int: writer.add_uint32}
        kinds.get(type(value), writer.add_float32)(key, value)
    for each in surplus:
        writer.add_tensor(each, numbers.standard_normal(width).astype(np.float32))
    for each, shape in shapes.items():
        writer.add_tensor(f"{each}.weight", numbers.standard_normal(shape).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
