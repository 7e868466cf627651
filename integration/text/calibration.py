"""Text as the token ids that a model is calibrated with."""

from collections.abc import Callable
from typing import Any

from torch import Tensor


def token_windows(tokenizer: Callable[..., Any], text: str, count: int, length: int) -> Tensor:
    """Cut text into sequences of equal length, from its beginning and without gaps.

    Args:
        tokenizer: a transformers tokenizer.
        text: at least count · length tokens of it.
        count: number of sequences.
        length: tokens in each.

    Returns:
        Token ids, count × length.

    Raises:
        ValueError: the text is too short, or count or length is not positive.
    """
    for name, value in (("count", count), ("length", length)):
        if value < 1:
            raise ValueError(f"{name}: {value}, must be at least 1")
    tokens = tokenizer(text, return_tensors="pt").input_ids[0]
    if len(tokens) < count * length:
        raise ValueError(f"text: has {len(tokens)} tokens, must have at least {count * length}")
    return tokens[: count * length].view(count, length)
