"""Checkpoints whose files are not the weights, which are refused: quantised ones and adapters."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pruneproof.integration.files import read_object

DECLARED = ("quantization_config", "compression_config")
"""What a configuration calls how its weights are quantised."""
MODELOPT = "hf_quant_config.json"
"""Where NVIDIA's modelopt says it, beside the configuration."""
OPTIONS = {"fp8": "FineGrainedFP8Config", "mxfp4": "Mxfp4Config"}
"""By method, the class of transformers that can have an option `dequantize`; these were tried."""
ADAPTER = "adapter_config.json"
"""What lies in a folder with an adapter, which transformers would load too if peft is there."""
KINDS = (
    (r"lora_|\.base_layer\.|modules_to_save", "an adapter's", "merge the adapter and save the sum"),
    (r"\.(weight_)?(packed|shape|zero_point)$", "compressed-tensors'", ""),
    (r"\.(qweight|qzeros|g_idx|scales)$", "GPTQ's or AWQ's", ""),
    (r"absmax|quant_map|quant_state|\.SCB$", "bitsandbytes'", ""),
    (r"_blocks$|_scales$", "MXFP4's", ""),
    (r"(scale|scale_inv|scale_\d|amax)$", "FP8 scales or another quantisation's", ""),
    (r"weight_(orig|mask)$", "torch.nn.utils.prune's", "call prune.remove, then save"),
    (r"^(module|_orig_mod)\.", "of a wrapped model", "save the module inside"),
)
"""What names of tensors look like, and what to do; where nothing is said, see `ORIGINAL`."""
ORIGINAL = "take the checkpoint that it was quantised from"


def check_not_quantised(name: str, config: Any) -> None:
    """Refuse a model whose configuration says that its weights are quantised.

    Args:
        name: of the model, as it was given.
        config: of the model.

    Raises:
        ValueError: with the method, and how to get a checkpoint that can be pruned.
    """
    method = quantised_by(config)
    if method is None and (beside := _beside(name, MODELOPT)) is not None:
        said = read_object(beside).get("quantization")
        kind = said.get("quant_algo", "unknown") if isinstance(said, dict) else "unknown"
        method = f"modelopt ({kind})"
    if method is not None:
        raise ValueError(f"model: {name} is quantised ({method}); {_instead(name, method)}")


def check_no_adapter(name: str) -> None:
    """Refuse a folder that holds an adapter beside the weights.

    Raises:
        ValueError: it does.
    """
    if _beside(name, ADAPTER) is not None:
        raise ValueError(
            f"model: {name} holds an adapter ({ADAPTER}); merge it (peft's merge_and_unload) and "
            "save the sum, or remove the adapter's files"
        )


def quantised_by(config: Any) -> str | None:
    """The method that a configuration, or one inside it, says its weights are quantised by."""
    inner = [getattr(config, each, None) for each in getattr(config, "sub_configs", {})]
    for each in (config, *inner):
        for attribute in DECLARED:
            said = getattr(each, attribute, None)
            if said is None:
                continue
            said = said if isinstance(said, dict) else said.to_dict()
            # Old bitsandbytes configurations name no method.
            old = "bitsandbytes" if {"load_in_8bit", "load_in_4bit"} & said.keys() else "unknown"
            method = said.get("quant_method") or old
            return str(getattr(method, "value", method))
    return None


def looks_like(names: Iterable[str]) -> tuple[str, str]:
    """Whose tensors of these names probably are, and what to do; empty where nothing is known."""
    for name in names:
        for pattern, kind, what in KINDS:
            if re.search(pattern, name):
                return kind, what or ORIGINAL
    return "", ""


def _instead(name: str, method: str) -> str:
    import transformers

    option = OPTIONS.get(method, "")
    kind = getattr(transformers, option, None)
    if kind is None or not _takes(kind.__init__, "dequantize"):
        return ORIGINAL
    # transformers 5 would else write the numbers in the layout of the quantised ones.
    whole = _takes(transformers.PreTrainedModel.save_pretrained, "save_original_format")
    return (
        f"{ORIGINAL}, or dequantise it: `from transformers import AutoModelForCausalLM, "
        f"AutoTokenizer, {option}; AutoModelForCausalLM.from_pretrained({name!r}, dtype='bfloat16',"
        f" quantization_config={option}(dequantize=True)).save_pretrained('dequantised'"
        f"{', save_original_format=False' if whole else ''}); "
        f"AutoTokenizer.from_pretrained({name!r}).save_pretrained('dequantised')`"
    )


def _beside(name: str, file: str) -> Path | None:
    """A file of the model, from its folder or the hub."""
    from transformers.utils import cached_file

    found = cached_file(
        name,
        file,
        _raise_exceptions_for_missing_entries=False,
        _raise_exceptions_for_connection_errors=False,
    )
    return None if found is None else Path(found)


def _takes(function: Any, argument: str) -> bool:
    return argument in inspect.signature(function).parameters
