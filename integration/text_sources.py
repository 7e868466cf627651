"""Where calibration and evaluation text comes from: C4, WikiText-2, or a file of one's own.

Sampling is that of the known repositories, so that the same seed and tokenizer give the same
tokens; offline, the same code reads local files.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

C4_FILES = {
    "train": "en/c4-train.00000-of-01024.json.gz",
    "validation": "en/c4-validation.00000-of-00008.json.gz",
}
MOST_DRAWS = 100_000
MOST_REMEMBERED = 64
Tokenizer = Callable[..., Any]


def calibration_tokens(
    source: str, tokenizer: Tokenizer, samples: int, seqlen: int, seed: int
) -> Tensor:
    """Random sequences to calibrate with.

    Of documents (`c4`, a JSONL file with a field `text`) each sequence is a random window of a
    random document that is longer than it; of running text (`wikitext2`, any other file) a random
    window of the whole. Draws are Python's `random.Random(seed)`, document first.

    Args:
        source: `c4`, `wikitext2` or a file.
        tokenizer: a transformers tokenizer.
        samples: number of sequences.
        seqlen: tokens in each.
        seed: of the draws.

    Returns:
        Token ids, samples × seqlen.

    Raises:
        ValueError: too little text for one sequence.
        FileNotFoundError: no such file.
    """
    draw = random.Random(seed)
    if _is_documents(source):
        return _windows_of_documents(_documents(source), tokenizer, samples, seqlen, draw)
    tokens = _ids(tokenizer, _running_text(source, "train"))
    _check_length(source, len(tokens), seqlen + 1)
    starts = [draw.randint(0, len(tokens) - seqlen - 1) for _ in range(samples)]
    return torch.stack([tokens[start : start + seqlen] for start in starts])


def evaluation_tokens(source: str, tokenizer: Tokenizer, seqlen: int) -> Tensor:
    """All non-overlapping windows of a text; what is left at its end is dropped.

    Args:
        source: `wikitext2` (its test split, joined by blank lines), `c4` (of the first 1100
            documents of its first validation file 256 windows), or a file.
        tokenizer: a transformers tokenizer.
        seqlen: tokens in each.

    Returns:
        Token ids, windows × seqlen.

    Raises:
        ValueError: less text than one window.
        FileNotFoundError: no such file.
    """
    if source == "c4":
        text = " ".join(_c4("validation")["text"][:1100])
        tokens = _ids(tokenizer, text)[: 256 * seqlen]
    elif _is_documents(source):
        tokens = _ids(tokenizer, "\n\n".join(_documents(source)))
    else:
        tokens = _ids(tokenizer, _running_text(source, "test"))
    _check_length(source, len(tokens), seqlen)
    return tokens[: len(tokens) // seqlen * seqlen].view(-1, seqlen)


def fingerprint(tokens: Tensor) -> str:
    """A short name for exactly these token ids in this shape."""
    shape = repr(tuple(tokens.shape)).encode()
    return sha256(shape + tokens.to(torch.int64).numpy(force=True).tobytes()).hexdigest()[:16]


def _is_documents(source: str) -> bool:
    return source == "c4" or source.endswith((".jsonl", ".jsonl.gz", ".json.gz"))


def _documents(source: str) -> Sequence[str]:
    if source == "c4":
        return _c4("train")["text"]
    opened = gzip.open if source.endswith(".gz") else open
    with _naming(source), opened(_existing(source), "rt", encoding="utf-8") as lines:
        return [_text_of(line, number) for number, line in enumerate(lines, 1) if line.strip()]


def _text_of(line: str, number: int) -> str:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise ValueError(f"line {number} is no JSON ({error})") from error
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        raise ValueError(f"line {number} must be an object with a field text")
    return row["text"]


@contextmanager
def _naming(source: str) -> Iterator[None]:
    try:
        yield
    except (UnicodeDecodeError, gzip.BadGzipFile) as error:
        raise ValueError(f"{source}: must be text in UTF-8, or JSONL ({error})") from error
    except ValueError as error:
        raise ValueError(f"{source}: {error}") from error


def _running_text(source: str, split: str) -> str:
    if source == "wikitext2":
        rows = _load_dataset("Salesforce/wikitext", "wikitext-2-raw-v1", split=split)["text"]
        return (" " if split == "train" else "\n\n").join(rows)
    with _naming(source):
        return _existing(source).read_text(encoding="utf-8")


def _existing(source: str) -> Path:
    path = Path(source)
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no file {source}; a source is c4, wikitext2, or a text or JSONL file"
        )
    return path


def _c4(split: str) -> Any:
    return _load_dataset("allenai/c4", data_files={split: C4_FILES[split]}, split=split)


def _load_dataset(*arguments: Any, **named: Any) -> Any:
    # Slow to import, and only wanted for what is fetched.
    from datasets import load_dataset

    return load_dataset(*arguments, **named)


def _ids(tokenizer: Tokenizer, text: str) -> Tensor:
    return tokenizer(text, return_tensors="pt").input_ids[0]


def _windows_of_documents(
    documents: Sequence[str], tokenizer: Tokenizer, samples: int, seqlen: int, draw: random.Random
) -> Tensor:
    if not documents:
        raise ValueError("calibration source: holds no document")

    # Few documents are drawn again and again.
    @lru_cache(maxsize=MOST_REMEMBERED)
    def ids_of(index: int) -> Tensor:
        return _ids(tokenizer, documents[index])

    windows: list[Tensor] = []
    for _ in range(MOST_DRAWS):
        if len(windows) == samples:
            return torch.stack(windows)
        tokens = ids_of(draw.randint(0, len(documents) - 1))
        if len(tokens) > seqlen:
            start = draw.randint(0, len(tokens) - seqlen - 1)
            windows.append(tokens[start : start + seqlen])
    raise ValueError(
        f"calibration source: {MOST_DRAWS} draws found {len(windows)} of {samples} documents "
        f"longer than {seqlen} tokens; take a smaller seqlen"
    )


def _check_length(source: str, found: int, needed: int) -> None:
    if found < needed:
        raise ValueError(
            f"{source}: has {found} tokens, needs at least {needed}; take a smaller seqlen or "
            "more text"
        )
