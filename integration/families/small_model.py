"""A small decoder of random weights of any family that the installed transformers knows."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pruneproof.integration.families.overrides import ALSO, OWN
from pruneproof.integration.families.shrinking import EXPERTS, VOCABULARY, WEIGHTS_OF, small_config

CHARACTERS = 94
"""Tokens that texts are made of: the printable characters."""


def families() -> dict[str, str]:
    """Every family that a causal language model belongs to, and the name of the model's class."""
    import transformers
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    found = dict(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)
    return found | {name: kind for name, (_, kind) in ALSO.items() if hasattr(transformers, kind)}


def small_model(family: str) -> Any:
    """A model of the family's class, in evaluation mode, the same at every call.

    No parameter is 0 or 1 throughout, as biases, norms and low-rank corrections are at first: a
    mistake in any of them would not show.

    Args:
        family: a key of `families`.

    Raises:
        Exception: whatever transformers raises on a configuration that small.
    """
    import transformers
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    model_type = ALSO[family][0] if family in ALSO else family
    config = small_config(CONFIG_MAPPING[model_type], OWN.get(family))
    kind = getattr(transformers, families()[family])
    if kind.config_class is not type(config) and hasattr(config, "text_config"):
        # A multimodal configuration, of which the class of the language model takes its own part.
        config = config.get_text_config()
    config.dtype = torch.float32
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = kind(config)
        model.float()
        for parameter in model.parameters():
            _shake(parameter.data)
    return model.eval()


def save(model: Any, folder: Path) -> Path:
    """Save a model, with a tokenizer of characters beside it."""
    model.save_pretrained(folder)
    tokenizer_of_characters().save_pretrained(folder)
    return folder


def tokenizer_of_characters() -> Any:
    """One token a character."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {chr(33 + number): number for number in range(CHARACTERS)}
    inner = Tokenizer(models.WordLevel(vocabulary, unk_token="!"))
    inner.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    return PreTrainedTokenizerFast(tokenizer_object=inner)


def random_text(length: int) -> str:
    """Characters without a pattern, the same at every call."""
    drawn = torch.randint(0, CHARACTERS, (length,), generator=torch.Generator().manual_seed(3))
    return "".join(chr(33 + int(each)) for each in drawn)


def _shake(values: Tensor) -> None:
    """Move a parameter off 0 and 1; draw anew what was never drawn."""
    if not values.is_floating_point() or not values.numel():
        return
    drawn = torch.randn_like(values)
    if values.numel() == EXPERTS:
        # A router's bias: a large one would send some expert no token.
        values.add_(drawn * 0.01)
        return
    finite = bool(values.isfinite().all()) and float(values.abs().max()) < 1e4
    if not finite or (values.ndim > 1 and float(values.std(correction=0)) < 1e-6):
        values.copy_(drawn * WEIGHTS_OF)
    elif values.ndim == 1:
        values.add_(drawn * 0.1 * max(1.0, math.sqrt(float(values.square().mean()))))


assert CHARACTERS < VOCABULARY
