"""Opening a model: a hub id, a local folder, or a GGUF file."""

from __future__ import annotations

import math
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from pruneproof.integration.checkpoint.gguf_files import check_gguf, check_magic
from pruneproof.integration.checkpoint.model_files import (
    CONFIG,
    built_from,
    check_blocks,
    check_small_files,
)
from pruneproof.integration.checkpoint.safetensors_files import Header, has_safetensors
from pruneproof.integration.checkpoint.shards import OnHub, Shards
from pruneproof.integration.checkpoint.stored import check_all_taken
from pruneproof.integration.errors import is_out_of_memory, named, system_error
from pruneproof.reporting.printable import one_line

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def load_model(name: str, dtype: str, device: str) -> tuple[Any, Any]:
    """A causal language model in evaluation mode, and its tokenizer.

    Args:
        name: hub id, folder or GGUF file. Code that comes with a model is never run.
        dtype: `auto`, the checkpoint's own, or a key of `DTYPES`.
        device: as torch names it, or `auto` to let accelerate place the model.

    Raises:
        ValueError: an unknown dtype, a model that does not fit where it is to go, or no tokenizer.
        OSError: no such model.
    """
    check_dtype(dtype)
    tokenizer = load_tokenizer(name)
    return load_weights(name, dtype, device), tokenizer


def check_dtype(dtype: str) -> None:
    """Refuse an unknown dtype."""
    if dtype != "auto" and dtype not in DTYPES:
        raise ValueError(f"dtype must be auto, {', '.join(DTYPES)}, got {dtype}")


def load_tokenizer(name: str) -> Any:
    """The tokenizer that lies with a model.

    Raises:
        ValueError: there is none, or one without a vocabulary.
    """
    # Slow to import, and a wrong argument should be found before.
    from transformers import AutoTokenizer

    folder, more = _where(name)
    missing = (
        f"tokenizer: none that works lies with {name}; put tokenizer.json (or tokenizer.model) and "
        "tokenizer_config.json of the model it was trained with into its folder"
    )
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, **more)
        # Some families make an empty one of no file at all.
        empty = not tokenizer("a").input_ids
    # What a missing file raises differs between families of tokenizers.
    except Exception as error:
        raise ValueError(f"{missing} ({named(error)})") from error
    if empty:
        raise ValueError(missing)
    return tokenizer


def load_skeleton(name: str, dtype: str) -> Any:
    """The model without weights, on the meta device; only its configuration is read.

    Raises:
        ValueError: not a causal language model, or a GGUF file that holds more than one of its
            configuration.
        OSError: no such model.
    """
    from accelerate import init_empty_weights
    from transformers import AutoConfig, modeling_utils

    # transformers 5 has it elsewhere, and does not initialise what is on the meta device.
    no_init_weights = getattr(modeling_utils, "no_init_weights", nullcontext)
    folder, more = _where(name)
    file = name if is_gguf(name) else Path(name) / CONFIG
    if is_gguf(name):
        check_magic(name)
    check_small_files(Path(name))
    try:
        with built_from(file):
            config = AutoConfig.from_pretrained(folder, **more)
    # transformers says a good deal more below.
    except OSError as error:
        raise OSError(
            f"model: {one_line(error, 200)}; name a folder that holds {CONFIG}, a GGUF file or a "
            "model of the hub"
        ) from error
    with built_from(file):
        check_blocks(config.to_dict())
        kind = ", ".join(config.architectures or [config.model_type])
        refused = (
            f"model: {name} is {kind}, must be a decoder that predicts the next token, such as "
            f"LlamaForCausalLM; its {CONFIG} says model_type {config.model_type!r}"
        )
        auto = _auto(config)
    if auto is None:
        raise ValueError(refused)
    with built_from(file):
        inner = config.get_text_config()
        chosen = DTYPES.get(dtype) or config.dtype or inner.dtype or torch.float32
        with init_empty_weights(include_buffers=False), _LargeOnMeta(), no_init_weights():
            model = auto.from_config(config, dtype=chosen, **_one_by_one())
        model.tie_weights()
        # transformers 4 does not look whether it is a number.
        most_positions(model)
    # An encoder, or a decoder saved without its head, would get a head of random weights.
    if config.architectures and type(model).__name__ not in config.architectures:
        raise ValueError(refused)
    if is_gguf(name):
        check_gguf(name, model)
    return model.eval()


def load_weights(name: str, dtype: str | torch.dtype, device: str) -> Any:
    """The model with all of its weights, in evaluation mode.

    Args:
        name: hub id, folder or GGUF file.
        dtype: torch's, or as `load_model` takes it.
        device: see `load_model`.

    Raises:
        ValueError: weights that are damaged, missing, of another shape or without a place in the
            model, or that accelerate had to leave outside the memory.
    """
    from transformers import AutoConfig

    folder, more = _where(name)
    auto = _auto(AutoConfig.from_pretrained(folder, **more))
    place = {"device_map": "auto"} if device == "auto" else {}
    chosen = DTYPES.get(dtype, dtype) if isinstance(dtype, str) else dtype
    try:
        model, found = auto.from_pretrained(
            folder, dtype=chosen, output_loading_info=True, **more, **place, **_one_by_one()
        )
    # Whatever a damaged file leads to; pickled ones and GGUF files are not looked at before.
    except Exception as error:
        if is_out_of_memory(error) or system_error(error) is not None:
            raise
        raise ValueError(
            f"model: {name} cannot be read; fetch its weights again ({named(error)})"
        ) from error
    # transformers gives weights that it does not find random numbers.
    if lacking := sorted({*found["missing_keys"], *map(str, found["mismatched_keys"])}):
        raise ValueError(
            f"model: {name} lacks {len(lacking)} of the weights that its configuration names, "
            f"{lacking[0]} first; fetch them again"
        )
    check_all_taken(found["unexpected_keys"])
    check_loaded(model)
    if "gguf_file" in more:
        # Its weights are expanded by now, and a quantised model cannot be saved.
        if hasattr(model.config, "quantization_config"):
            del model.config.quantization_config
        model.hf_quantizer = None
    return (model if place else model.to(device)).eval()


def check_loaded(model: Any) -> None:
    """Refuse a model of which accelerate keeps weights where they cannot be pruned."""
    if outside := [name for name, each in model.named_parameters() if each.is_meta]:
        raise ValueError(
            f"device: {len(outside)} weights, {outside[0]} first, do not fit into memory; "
            "take --stream with one device"
        )


def most_positions(model: Any) -> float:
    """Tokens in the longest sequence that a model was made for; infinity where it does not say."""
    longest = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    # XLNet says -1.
    return math.inf if longest is None or longest < 1 else longest


def is_gguf(name: str) -> bool:
    """Whether a model is a GGUF file."""
    return name.endswith(".gguf")


def safetensors_folder(name: str) -> Path:
    """The local folder of a model's safetensors files; a hub id's are fetched first.

    Raises:
        ValueError: a GGUF file.
    """
    from huggingface_hub import snapshot_download

    if is_gguf(name):
        raise ValueError(f"stream: needs safetensors, got {name}; leave --stream out")
    if Path(name).is_dir():
        return Path(name)
    return Path(snapshot_download(name, allow_patterns=["*.safetensors", "*.json"]))


def stored_files(name: str, model: Any) -> Shards | OnHub | None:
    """A checkpoint's files, or the headers alone of those that are not fetched yet.

    Args:
        name: see `load_model`.
        model: its skeleton.

    Returns:
        None for a GGUF file and for weights that are not stored as safetensors.

    Raises:
        ValueError: damaged files.
        FileNotFoundError: no weights, or not all.
        OSError: the hub cannot be asked.
    """
    from huggingface_hub import get_safetensors_metadata, snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError, NotASafetensorsRepoError

    if is_gguf(name):
        return None
    if Path(name).is_dir():
        return _in_folder(Path(name))
    state = getattr(model.config, "_commit_hash", None)
    try:
        return _in_folder(Path(snapshot_download(name, revision=state, local_files_only=True)))
    except (LocalEntryNotFoundError, FileNotFoundError):
        pass
    try:
        files = get_safetensors_metadata(name, revision=state).files_metadata.values()
    except NotASafetensorsRepoError:
        return None
    # Its libraries for HTTP differ between versions, and so do their errors.
    except Exception as error:
        raise OSError(
            f"model: the names of {name}'s weights cannot be fetched; fetch the model with "
            f"`hf download {name}`, or try again ({one_line(error, 200)})"
        ) from error
    return OnHub(
        {
            tensor: Header(each.dtype, tuple(each.shape))
            for file in files
            for tensor, each in file.tensors.items()
        }
    )


def _in_folder(folder: Path) -> Shards | None:
    pickled = any(folder.glob("*.bin")) and not has_safetensors(folder)
    return None if pickled else Shards(folder)


def _auto(config: Any) -> Any:
    """The class that opens a model, which may also take images; None for what is no decoder."""
    from transformers import AutoModelForCausalLM, AutoModelForImageTextToText
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_CAUSAL_LM_MAPPING_NAMES as OF_TEXT,
    )
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES as WITH_IMAGES,
    )

    kind = config.model_type
    if WITH_IMAGES.get(kind) in (config.architectures or ()):
        return AutoModelForImageTextToText
    return AutoModelForCausalLM if kind in OF_TEXT else None


class _LargeOnMeta(TorchFunctionMode):
    """While entered, what is too large for a buffer is made on the meta device.

    accelerate moves each parameter there once it is made, and the experts of one layer in one
    tensor may take more than the memory.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Call the function."""
        kwargs = kwargs or {}
        if func in _MADE:
            sizes = args[0] if args and isinstance(args[0], tuple | list) else args
            numbers = [each for each in sizes if isinstance(each, int)]
            if (max(numbers, default=0) if func is torch.arange else math.prod(numbers)) > LARGE:
                kwargs = {**kwargs, "device": "meta"}
        return func(*args, **kwargs)


LARGE = 2**26
"""Elements beyond which nothing is a buffer."""
_MADE = (torch.arange, torch.empty, torch.zeros, torch.ones, torch.rand, torch.randn)


def _one_by_one() -> dict[str, str]:
    """What has transformers 5 run its experts one by one, so that each one's work is seen."""
    from transformers import PreTrainedModel

    known = hasattr(PreTrainedModel, "get_correct_experts_implementation")
    return {"experts_implementation": "eager"} if known else {}


def _where(name: str) -> tuple[str, dict[str, Any]]:
    # A hub id is `owner/model`; anything else is meant as a path.
    if (name[:1] in "/.~" or name.count("/") > 1) and not Path(name).exists():
        raise FileNotFoundError(f"model: there is no {name}")
    if not is_gguf(name):
        return name, {}
    path = Path(name)
    return str(path.parent), {"gguf_file": path.name}
