"""Short documents joined and cut into sequences, as in pretraining."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from pruneproof.integration.text.most_tokens import most_tokens


def separator_of(tokenizer: Any) -> tuple[str, int, bool]:
    """What stands between two packed documents: the end of one, or else the beginning of the next.

    Returns:
        The token as text, its id, and whether it ends a document.

    Raises:
        ValueError: a tokenizer with neither.
    """
    for name in ("eos", "bos"):
        number = getattr(tokenizer, f"{name}_token_id", None)
        if number is not None:
            return str(getattr(tokenizer, f"{name}_token")), number, name == "eos"
    raise ValueError(
        "pack: the tokenizer has neither an eos nor a bos token, so documents would run into each "
        "other; leave --pack out, or name one in its tokenizer_config.json"
    )


def packed(
    documents: Sequence[str],
    tokenizer: Any,
    ids_of: Callable[[str], Tensor],
    shape: tuple[int, int],
    draw: random.Random,
    track: Callable[[int], None],
) -> tuple[Tensor, set[str]]:
    """Sequences that are cut, one after another, from documents in a random order.

    Each document is tokenised by itself, with the special tokens that its tokenizer adds, and gets
    the separator where that has not put it there. No document is used twice; those of white space
    alone are left out.

    Args:
        documents: to draw from.
        tokenizer: of which special tokens are asked.
        ids_of: the tokens of a document, one-dimensional.
        shape: sequences, and tokens in each.
        draw: shuffles the documents' numbers, once.
        track: is told how many tokens came with each document.

    Returns:
        Token ids of that shape, and the distinct texts that they come from.

    Raises:
        ValueError: too little text, or no separator.
    """
    _, separator, at_end = separator_of(tokenizer)
    needed = shape[0] * shape[1]
    _check_enough(documents, tokenizer, needed)
    order = list(range(len(documents)))
    draw.shuffle(order)
    special = {getattr(tokenizer, f"{name}_token_id", None) for name in ("bos", "eos")}
    parts: list[Tensor] = []
    used: set[str] = set()
    found = 0
    for index in order:
        text = documents[index]
        ids = ids_of(text) if text.strip() else torch.tensor([])
        if len(ids) == 0:
            continue
        part = _separated(ids, separator, at_end)
        # Of the last document the cut may leave no more than a special token.
        if not special.issuperset(part[: needed - found].tolist()):
            used.add(text)
        parts.append(part)
        found += len(part)
        track(len(part))
        if found >= needed:
            return torch.cat(parts)[:needed].view(shape), used
    raise ValueError(_too_little(len(documents), f"have {found}", needed))


def _check_enough(documents: Sequence[str], tokenizer: Any, needed: int) -> None:
    """Refuse what is certainly too little, before anything is tokenised."""
    most = most_tokens(tokenizer)
    if most is None:
        return
    found = 0
    for text in documents:
        found += most(text) + 1
        if found >= needed:
            return
    raise ValueError(_too_little(len(documents), f"have at most {found}", needed))


def _too_little(documents: int, have: str, needed: int) -> str:
    return (
        f"pack: the {documents} documents {have} tokens in all, samples · seqlen are {needed}; "
        "take fewer samples, a smaller seqlen or more text"
    )


def _separated(ids: Tensor, separator: int, at_end: bool) -> Tensor:
    if int(ids[-1 if at_end else 0]) == separator:
        return ids
    mark = ids.new_tensor([separator])
    return torch.cat([ids, mark] if at_end else [mark, ids])
