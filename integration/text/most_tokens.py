"""How many tokens a text can give at most, known without tokenising it.

A token of BPE, WordPiece, WordLevel or Unigram stands for at least one byte of what normaliser and
pre-tokeniser make of a text. Where these turn a byte into at most g bytes, put p marks before each
stretch between two added tokens, and an added token has L characters, then a text of b bytes with k
added tokens in it gives at most

    g·b + p + k·(p + 1 - L) + (the special tokens around it)

tokens, and the third term is not above 0 where L > p. Of tokenizers that are made of other parts
than those listed here nothing is claimed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

GROWTH = {"NFC": 3, "NFD": 3, "NFKC": 11, "NFKD": 11}
"""Most bytes that a byte becomes (Unicode's FAQ on normalization); ASCII stays as it is."""
SPLITTERS = ("Split", "Digits", "Punctuation", "Whitespace", "WhitespaceSplit", "BertPreTokenizer")
"""Pre-tokenisers that cut a text and may leave some of it out, but add nothing."""
MODELS = ("BPE", "WordPiece", "WordLevel", "Unigram")
SPACE = "▁"


class _UnlistedError(Exception):
    """A part of the tokenizer that is not listed here."""


def most_tokens(tokenizer: Any) -> Callable[[str], int] | None:
    """What gives an upper bound on the number of a text's tokens, special tokens included.

    Args:
        tokenizer: a transformers tokenizer.

    Returns:
        The bound as a function of the text; None where nothing is certain.
    """
    inner = getattr(tokenizer, "backend_tokenizer", None)
    if not getattr(tokenizer, "is_fast", False) or inner is None:
        return None
    if type(inner.model).__name__ not in MODELS:
        return None
    try:
        growth, marks = _normalising(inner)
        marks += _cutting(inner)
    except _UnlistedError:
        return None
    added = inner.get_added_tokens_decoder().values()
    if any(len(each.content) <= marks for each in added):
        return None
    around = marks + inner.num_special_tokens_to_add(False)

    def most(text: str) -> int:
        return len(text.encode()) * (1 if text.isascii() else growth) + around

    return most


def _normalising(inner: Any) -> tuple[int, int]:
    growth, marks = 1, 0
    for part in _parts(inner.normalizer, "normalizers"):
        if part["type"] in GROWTH:
            growth *= GROWTH[part["type"]]
        elif part["type"] == "Prepend" and part["prepend"] == SPACE and _knows_space(inner):
            marks += 1
        elif not _spaces_are_replaced(part) or not _knows_space(inner):
            raise _UnlistedError
    return growth, marks


def _cutting(inner: Any) -> int:
    marks = 0
    for place, part in enumerate(_parts(inner.pre_tokenizer, "pretokenizers")):
        if part["type"] == "ByteLevel" and not _falls_back_to_bytes(inner):
            mark = int(part["add_prefix_space"])
        elif part["type"] == "Metaspace" and part["replacement"] == SPACE and _knows_space(inner):
            mark = 1
        elif part["type"] in SPLITTERS:
            mark = 0
        else:
            raise _UnlistedError
        # After another cut the mark stands before each piece.
        if mark and place:
            raise _UnlistedError
        marks += mark
    return marks


def _parts(component: Any, listed: str) -> list[dict[str, Any]]:
    if component is None:
        return []
    try:
        state = json.loads(component.__getstate__())
    # A part that is written in Python has no state, and tokenizers raises a bare Exception.
    except Exception as error:
        raise _UnlistedError from error
    return state[listed] if state["type"] == "Sequence" else [state]


def _spaces_are_replaced(part: dict[str, Any]) -> bool:
    rule = part.get("pattern"), part.get("content")
    return part["type"] == "Replace" and rule == ({"String": " "}, SPACE)


def _knows_space(inner: Any) -> bool:
    """Whether the mark for a space, three bytes, gives one token at most."""
    return not _falls_back_to_bytes(inner) or inner.model.token_to_id(SPACE) is not None


def _falls_back_to_bytes(inner: Any) -> bool:
    # Unigram does not say whether it does.
    return getattr(inner.model, "byte_fallback", type(inner.model).__name__ == "Unigram")
