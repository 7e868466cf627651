"""Opening a model: a hub id, a local folder, or a GGUF file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def load_model(name: str, dtype: str, device: str) -> tuple[Any, Any]:
    """A causal language model in evaluation mode, and its tokenizer.

    Args:
        name: hub id, folder or GGUF file. Code that comes with a model is never run.
        dtype: `auto`, the checkpoint's own, or a key of `DTYPES`.
        device: as torch names it, or `auto` to let accelerate place the model.

    Raises:
        ValueError: an unknown dtype.
        OSError: no such model, or no tokenizer with it.
    """
    # Slow to import, and a wrong argument should be found before.
    from transformers import AutoModelForCausalLM, AutoTokenizer

    if dtype != "auto" and dtype not in DTYPES:
        raise ValueError(f"dtype must be auto, {', '.join(DTYPES)}, got {dtype}")
    named: dict[str, Any] = {}
    if name.endswith(".gguf"):
        path = Path(name)
        name, named["gguf_file"] = str(path.parent), path.name
    tokenizer = AutoTokenizer.from_pretrained(name, **named)
    chosen = DTYPES.get(dtype, "auto")
    place = {"device_map": "auto"} if device == "auto" else {}
    model = AutoModelForCausalLM.from_pretrained(name, dtype=chosen, **named, **place)
    if "gguf_file" in named:
        # Its weights are expanded by now, and a quantised model cannot be saved.
        if hasattr(model.config, "quantization_config"):
            del model.config.quantization_config
        model.hf_quantizer = None
    return (model if place else model.to(device)).eval(), tokenizer
