"""A configuration's own defaults, made so small that a model of random weights takes a second.

Everything goes by the names of parameters, which families share; nothing goes by family. What a
class derives from its parameters it derives from the small ones, since the class itself is called
with them.
"""

from __future__ import annotations

import re
from inspect import Parameter, signature
from typing import Any

LAYERS, WIDTH, HEADS, EXPERTS, VOCABULARY, POSITIONS = 6, 64, 4, 6, 128, 256
HEAD = WIDTH // HEADS
"""EXPERTS is no other size, so that a router is known by its outputs."""

SIZES: tuple[tuple[str, int], ...] = (
    (r"num_hidden_layers|(n|num|decoder|encoder|num_decoder|num_encoder)_layers?", LAYERS),
    (r"num_layers_per_stack|num_blocks|n_layers_per_attn_res_block", LAYERS),
    (r"hidden_size|d_model|n_embd|embedding_dim|emb_dim|(in|out)put_embedding_size", WIDTH),
    (r"embedding_size|word_embed_proj_dim|lru_width|backbone_hidden_size", WIDTH),
    (r"(pronunciation|shape)_embed_dim|mamba_d_ssm|projection_dim|output_proj_dims", WIDTH),
    (r"attention_hidden_size", 2 * WIDTH),
    (r"moe_intermediate_size|expert_ffn_hidden_size", WIDTH // 2),
    (r"(\w+_)?(intermediate_size|intermediate_size_mlp)", 96),
    (r"(decoder_|encoder_)?ffn_dim|n_inner|(moe_)?ffn_hidden_size|dim_ff|dff|d_inner", 96),
    (r"feed_forward_size|mlp_dim", 96),
    (r"(num|swa_num|decoder|encoder|num_decoder|num_encoder)_attention_heads", HEADS),
    (r"n_heads?|num_heads|attention_heads|num_attention_heads_per_layer", HEADS),
    (r"(swa_)?num_key_value_heads|(num|n)_kv_heads|kv_n_heads|num_query_groups", HEADS // 2),
    (r"(qk_rope|qk_nope)_head_dim", HEAD // 2),
    (r"(\w+_)?head_dim|dim_head|d_head|kv_channels|attention_head_size", HEAD),
    (r"rotary_dim", HEAD // 2),
    (r"num_experts|num_local_experts|n_routed_experts|moe_num_experts", EXPERTS),
    (r"zero_expert_num", 2),
    (r"num_experts_per_tok(en)?|moe_k|moe_top_?k|top_k_experts|router_top_k", 2),
    (r"n_group|num_expert_group", 2),
    (r"topk_group", 1),
    (r"first_k_dense_replace|num_dense_layers|moe_layer_start_index", 1),
    (r"moe_layer_end_index", LAYERS - 1),
    (r"num_kv_shared_layers", 2),
    (r"\w*lora_rank|\w*_rank|d_rel|hc_lowrank", HEAD),
    (r"o_groups|n_groups|mamba_n_groups|mamba_ngroups", 2),
    (r"mamba_d_state|state_size|ssm_state_size|time_step_rank|mamba_dt_rank", 8),
    (r"mamba_n_heads|mamba_num_heads|n_mamba_heads", 2 * HEADS),
    (r"mamba_d_head|mamba_head_dim|mamba_headdim", HEAD),
    (r"linear_num_key_heads", 2),
    (r"linear_num_value_heads|linear_num_heads", 4),
    (r"index_n_heads", 2),
    (r"index_topk", 8),
    (r"\w*sliding_window(_size)?|window_size|attention_chunk_size|\w*chunk_size", 16),
    (r"local_attention|attention_window_size|keep_window_size", 16),
    (
        r"(original_)?max_position_embeddings|n_positions|n_ctx|max_seq_len|model_max_length",
        POSITIONS,
    ),
    (r"context_length|max_(source|target)_positions|rel_extent", POSITIONS),
    (r"image_size", 16),
    (r"patch_size", 8),
    (r"vocab_size_per_layer_input|\w*vocab_size", VOCABULARY),
    (r"hidden_size_per_layer_input", 8),
)
"""Names of parameters, of which the whole must match, and their sizes; the first that fits."""
INITIAL = re.compile(r"initializer_range|init_std")
WEIGHTS_OF = 0.08
"""Standard deviation of weights: at the usual 0.02 a block of width 64 adds next to nothing to
what it is fed, and a wrong block before would not show in the masks of those behind."""
NEEDED = r"head_dim|num_key_value_heads|num_experts_per_tok"
"""Parameters without a value, where neither default nor class gives one, that models need."""
BOOLEANS = {"is_decoder": True, "use_mamba_kernels": False}
LEFT = 256
"""An integer above it has a name that the table does not know, and becomes `WIDTH`."""


def small_config(kind: Any, own: dict[str, Any] | None = None) -> Any:
    """A configuration of a class, small.

    Args:
        kind: a configuration class of transformers.
        own: values of the family's own; nested for nested configurations.

    Raises:
        Exception: whatever the class raises on values that do not fit each other.
    """
    own = dict(own or {})
    values: dict[str, Any] = {}
    tokens = iter(range(VOCABULARY - 1, 0, -1))
    nested: dict[str, Any] = getattr(kind, "sub_configs", None) or {}
    made, defaults = _made(kind), _defaults(kind)
    for name, default in defaults.items():
        if name in nested:
            inner = nested[name] if made is None else type(getattr(made, name, None))
            if hasattr(inner, "model_type"):
                values[name] = small_config(inner, own.pop(name, None))
        elif (small := _small(name, default, tokens)) is not None:
            values[name] = small
    if "kv_lora_rank" in defaults and "num_key_value_heads" in defaults:
        # Latent keys and values are spread to as many heads as there are queries.
        values["num_key_value_heads"] = HEADS
    return kind(**{**values, **own})


def _made(kind: Any) -> Any:
    try:
        return kind()
    # Some cannot be made of defaults alone.
    except Exception:
        return None


def _defaults(kind: Any) -> dict[str, Any]:
    """What a class takes, and its defaults."""
    parameters = {
        name: each.default
        for name, each in signature(kind.__init__).parameters.items()
        if name != "self" and each.kind not in (Parameter.VAR_KEYWORD, Parameter.VAR_POSITIONAL)
    }
    made = _made(kind)
    known = {} if made is None else made.to_dict()
    for name, default in parameters.items():
        # What is None by default is often derived, and then it would be derived anew.
        stays_none = default is None and known.get(name) is None
        if stays_none and re.fullmatch(NEEDED, name):
            parameters[name] = 1
    return parameters


def _small(name: str, default: Any, tokens: Any) -> Any:
    if INITIAL.fullmatch(name) and isinstance(default, float):
        return max(default, WEIGHTS_OF)
    if isinstance(default, bool):
        return BOOLEANS.get(name)
    if isinstance(default, (list, tuple)):
        return list(default[:LAYERS]) if len(default) > LAYERS else None
    if not isinstance(default, int):
        return None
    if re.fullmatch(r"\w*_token_(id|index)", name):
        return next(tokens) if default >= VOCABULARY else None
    for pattern, size in SIZES:
        if re.fullmatch(pattern, name):
            return size
    return WIDTH if default > LEFT else None
