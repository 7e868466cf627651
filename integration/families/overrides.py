"""What the generic shrinking cannot know: values of a family's own, and further classes."""

from __future__ import annotations

from typing import Any

_TURNS = ["sliding_attention", "full_attention"] * 3
_SHARED = {"layer_types": _TURNS, "num_kv_shared_layers": 2}
"""The last two of six layers take keys and values from those before."""
_INDEXER = {
    "indexer_n_heads": 2, "indexer_kv_heads": 1, "indexer_head_dim": 16, "indexer_budget": 16,
    "indexer_compress_ratio": 2,
}  # fmt: skip

OWN: dict[str, dict[str, Any]] = {
    "cohere_compass_text": {
        "layer_types": _TURNS,
        "rope_parameters": {
            "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0},
            "full_attention": None,
        },
    },
    "dbrx": {"attn_config": {"kv_n_heads": 2, "rope_theta": 10000.0, "clip_qkv": 8.0}},
    "dots3_note_text": {"per_layer_config": {}},
    "dots1": {"n_routed_experts": 6, "n_group": 1, "topk_group": 1, "n_shared_experts": 1},
    "gemma3n_text": _SHARED,
    "gemma4": {"text_config": _SHARED},
    "gemma4_text": _SHARED,
    "gemma4_unified": {"text_config": _SHARED},
    "gemma4_unified_text": _SHARED,
    "gpt_neo": {"attention_types": [[["global", "local"], 3]]},
    "granitemoehybrid": {"layer_types": ["mamba", "attention"] * 3},
    "lfm2_moe": {"layer_types": ["conv", "full_attention"] * 3},
    "mamba2": {"num_heads": 8},
    "qwen2 (tied head)": {"tie_word_embeddings": True},
    "qwen4_exp": {"text_config": _INDEXER},
    "qwen4_exp_text": _INDEXER,
    "reformer": {
        "axial_pos_embds_dim": [32, 32],
        "axial_pos_shape": [16, 16],
        "attn_layers": ["local", "lsh"] * 3,
    },
    "transfo-xl": {"cutoffs": [32, 64, 96]},
    "xmod": {"default_language": "en_XX"},
    "zamba": {"layers_block_type": ["mamba", "mamba", "hybrid"] * 2},
    "zamba2": {"layers_block_type": ["mamba", "mamba", "hybrid"] * 2},
    "zaya": {"num_experts_per_tok": 1},
}
"""By family, parameters of its configuration."""
ALSO: dict[str, tuple[str, str]] = {
    "gemma3 (with vision)": ("gemma3", "Gemma3ForConditionalGeneration"),
    "llama4 (with vision)": ("llama4", "Llama4ForConditionalGeneration"),
    "llava (with vision)": ("llava", "LlavaForConditionalGeneration"),
    "mistral3 (with vision)": ("mistral3", "Mistral3ForConditionalGeneration"),
    "qwen2 (tied head)": ("qwen2", "Qwen2ForCausalLM"),
    "qwen2_5_vl (with vision)": ("qwen2_5_vl", "Qwen2_5_VLForConditionalGeneration"),
    "qwen3_5 (with vision)": ("qwen3_5", "Qwen3_5ForConditionalGeneration"),
    "qwen3_vl (with vision)": ("qwen3_vl", "Qwen3VLForConditionalGeneration"),
}
"""Further ones that people load: by a name, the type of configuration and the model's class."""
