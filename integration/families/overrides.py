"""What the generic shrinking cannot know: values of a family's own, and further classes."""

from __future__ import annotations

from typing import Any

_TURNS = ["sliding_attention", "full_attention"] * 3
_SHARED = {"layer_types": _TURNS, "num_kv_shared_layers": 2}
"""The last two of six layers take keys and values from those before."""

OWN: dict[str, dict[str, Any]] = {
    "cohere_compass_text": {"layer_types": _TURNS},
    "dots1": {"n_routed_experts": 6, "n_group": 1, "topk_group": 1, "n_shared_experts": 1},
    "gemma3n_text": _SHARED,
    "gemma4_text": _SHARED,
    "gemma4_unified_text": _SHARED,
    "gpt_neo": {"attention_types": [[["global", "local"], 3]]},
    "granitemoehybrid": {"layer_types": ["mamba", "attention"] * 3},
    "lfm2_moe": {"layer_types": ["conv", "full_attention"] * 3},
    "mamba2": {"num_heads": 8},
    "reformer": {
        "axial_pos_embds_dim": [32, 32], "axial_pos_shape": [16, 16],
        "attn_layers": ["local", "lsh"] * 3,
    },  # fmt: skip
    "transfo-xl": {"cutoffs": [32, 64, 96]},
    "xmod": {"default_language": "en_XX"},
    "zaya": {"num_experts_per_tok": 1},
}
"""By family, parameters of its configuration."""
ALSO: dict[str, tuple[str, str]] = {
    "gemma3 (with vision)": ("gemma3", "Gemma3ForConditionalGeneration"),
    "mistral3 (with vision)": ("mistral3", "Mistral3ForConditionalGeneration"),
    "qwen3_5 (with vision)": ("qwen3_5", "Qwen3_5ForConditionalGeneration"),
}
"""Further ones that people load: by a name, the type of configuration and the model's class."""
