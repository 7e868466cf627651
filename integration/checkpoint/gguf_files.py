"""What transformers leaves out of a GGUF file: it skips what it has no place for without a word."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pruneproof.integration.errors import named

_SETTINGS: dict[str, tuple[str, ...]] = {
    "vocab_size": ("vocab_size",),
    "context_length": ("max_position_embeddings", "n_positions", "seq_length"),
    "feed_forward_length": ("intermediate_size", "n_inner", "ffn_hidden_size"),
    "attention.key_length": ("head_dim",),
    "attention.value_length": ("head_dim",),
    "attention.sliding_window": ("sliding_window",),
    "attn_logit_softcapping": ("attn_logit_softcapping",),
    "final_logit_softcapping": ("final_logit_softcapping",),
    "expert_count": ("num_experts", "num_local_experts"),
    "expert_used_count": ("num_experts_per_tok",),
    "expert_feed_forward_length": ("moe_intermediate_size",),
    "expert_shared_feed_forward_length": ("shared_expert_intermediate_size",),
    "use_parallel_residual": ("use_parallel_residual",),
    "logit_scale": ("logit_scale", "logits_scaling"),
}
"""Settings that transformers does not read, and what the model's own must equal."""
_ANY = {"tensor_data_layout", "rope.scaling.finetuned", "pooling_type", "attention.causal"}
"""Settings that change nothing in a decoder that is run from its first token."""


def check_magic(name: str) -> None:
    """Refuse a file that does not begin as GGUF files do, before transformers takes it for JSON.

    Raises:
        ValueError: it does not.
        OSError: it cannot be read.
    """
    with Path(name).open("rb") as file:
        if file.read(4) != b"GGUF":
            raise ValueError(f"{name}: must be a GGUF file; fetch it again")


def check_gguf(name: str, model: Any) -> None:
    """Refuse a file of which transformers would make another model.

    Args:
        name: the GGUF file; its tensors are not read.
        model: the skeleton that was made by its metadata.

    Raises:
        ValueError: tensors that would be left out, or settings that the model does not have.
    """
    from gguf import GGUFReader

    try:
        reader = GGUFReader(name)
    # The package raises what reading beyond the end of an array leads to.
    except Exception as error:
        raise ValueError(f"{name}: cannot be read; fetch it again ({named(error)})") from error
    help_ = "take the checkpoint that it was made from"
    is_taken = _taken(str(_value(reader, "general.architecture")), model)
    if left := [each.name for each in reader.tensors if not is_taken(each.name)]:
        raise ValueError(
            f"model: transformers ignores {len(left)} of the {len(reader.tensors)} tensors of "
            f"{Path(name).name}, {left[0]} first, so a different model would be pruned; {help_}"
        )
    for key, value in _settings(reader, model):
        raise ValueError(
            f"model: {Path(name).name} says {key} = {value}, which transformers ignores, so "
            f"a different model would be pruned; {help_}"
        )


def _taken(architecture: str, model: Any) -> Callable[[str], bool]:
    """Whether transformers takes a tensor, by its name."""
    from transformers.modeling_gguf_pytorch_utils import (
        TENSOR_PROCESSORS,
        TensorProcessor,
        get_gguf_hf_weights_map,
    )

    kind = TENSOR_PROCESSORS.get(architecture, TensorProcessor)
    # transformers 4 does not ask for it.
    asked = "processor" in inspect.signature(get_gguf_hf_weights_map).parameters
    more = [kind(config=model.config.to_dict())] if asked else []
    names = set(get_gguf_hf_weights_map(model, *more))
    # What these take is not in the table: experts in one tensor, and GPT-2's head.
    patterns = [each for key, each in vars(kind).items() if key.startswith("GGUF_MOE")]
    if architecture == "gpt2":
        names.add("output.weight")
    return lambda name: name in names or any(each.match(name) for each in patterns)


def _settings(reader: Any, model: Any) -> list[tuple[str, Any]]:
    """Settings of the file that transformers does not read and the model does not have."""
    from transformers.modeling_gguf_pytorch_utils import GGUF_TO_TRANSFORMERS_MAPPING

    config = model.config.get_text_config()
    architecture = str(_value(reader, "general.architecture"))
    tables = GGUF_TO_TRANSFORMERS_MAPPING["config"]
    kinds = architecture, config.model_type, config.model_type.removesuffix("_text")
    read = next((tables[each] for each in kinds if each in tables), {})
    mine = {
        key.removeprefix(f"{architecture}."): _value(reader, key)
        for key in reader.fields
        if key.startswith(f"{architecture}.")
    }
    scaled = mine.get("rope.scaling.type", "none") != "none"
    left: list[tuple[str, Any]] = []
    for key, value in mine.items():
        if read.get(key) is not None or key in _ANY:
            continue
        if key.startswith("rope.scaling."):
            known = not scaled or _stretches(config)
        elif key == "rope.dimension_count":
            known = value in _rotated(config)
        else:
            found = [getattr(config, each, None) for each in _SETTINGS.get(key, ())]
            known = value in [each for each in found if each is not None]
        if not known:
            left.append((key, value))
    return left


def _stretches(config: Any) -> bool:
    """Whether the model's rotary frequencies are other than the plain ones."""
    rope = getattr(config, "rope_parameters", None) or getattr(config, "rope_scaling", None) or {}
    return rope.get("rope_type", "default") != "default"


def _rotated(config: Any) -> set[int]:
    """How many numbers of a head are rotated."""
    heads = config.num_attention_heads
    head = getattr(config, "head_dim", None) or config.hidden_size // heads
    rope = getattr(config, "rope_parameters", None) or {}
    share = rope.get("partial_rotary_factor", getattr(config, "partial_rotary_factor", 1.0))
    return {int(head * (1.0 if share is None else share))}


def _value(reader: Any, key: str) -> Any:
    from transformers.modeling_gguf_pytorch_utils import read_field

    values = read_field(reader, key)
    return values[0] if len(values) == 1 else values
