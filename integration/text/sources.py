"""Where calibration and evaluation text comes from: C4, WikiText-2, or a file of one's own.

Sampling is that of the known repositories, so that the same seed and tokenizer give the same
tokens; offline, the same code reads local files.
"""

from __future__ import annotations

import gzip
import random
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pruneproof.integration.errors import is_out_of_memory, named
from pruneproof.integration.files import from_json
from pruneproof.integration.progress import Bars
from pruneproof.integration.text.most_tokens import most_tokens
from pruneproof.integration.text.packing import packed, separator_of

C4_FILES = {
    "train": "en/c4-train.00000-of-01024.json.gz",
    "validation": "en/c4-validation.00000-of-00008.json.gz",
}
MOST_DRAWS = 100_000
MOST_REMEMBERED = 64
Tokenizer = Callable[..., Any]


@dataclass(frozen=True)
class Calibration:
    """Sequences to calibrate with, and what they were drawn from.

    Attributes:
        tokens: token ids, samples × seqlen.
        documents: how many different texts they come from; None for running text.
        separator: the token between packed documents, as text; None where none are packed.
    """

    tokens: Tensor
    documents: int | None
    separator: str | None = None


def draw_calibration(
    source: str,
    tokenizer: Tokenizer,
    samples: int,
    seqlen: int,
    seed: int,
    *,
    pack: bool = False,
    bars: Bars | None = None,
) -> Calibration:
    """Random sequences to calibrate with.

    Of documents (`c4`, a JSONL file with a field `text`) each sequence is a random window of a
    random document that is longer than it; of running text (`wikitext2`, any other file) a random
    window of the whole. Draws are Python's `random.Random(seed)`, document first. Packed documents
    are shuffled by it, joined and cut (see `packing`).

    Args:
        source: `c4`, `wikitext2` or a file.
        tokenizer: a transformers tokenizer.
        samples: number of sequences.
        seqlen: tokens in each.
        seed: of the draws.
        pack: whether documents are joined, so that short ones count, too.
        bars: where progress is shown; None for nowhere.

    Raises:
        ValueError: too little text; or running text, or a tokenizer without a separator, to pack.
        FileNotFoundError: no such file.
    """
    draw = random.Random(seed)
    if not _is_documents(source):
        if pack:
            raise ValueError(
                f"pack: joins short documents, but {source} is running text, which is cut anywhere "
                "already; leave --pack out, or give a JSONL file with a document a line"
            )
        tokens = _ids_of_whole(source, tokenizer, _running_text(source, "train"), seqlen + 1, bars)
        starts = [draw.randint(0, len(tokens) - seqlen - 1) for _ in range(samples)]
        return Calibration(torch.stack([tokens[each : each + seqlen] for each in starts]), None)
    separator = separator_of(tokenizer)[0] if pack else None
    documents = _documents(source, bars)
    if not documents:
        raise ValueError(f"{source}: holds no document")
    total = samples * seqlen if pack else samples
    task = None if bars is None else bars.add_task("drawing calibration", total=total)

    def track(parts: int) -> None:
        if bars is not None and task is not None:
            bars.step(task, parts)

    if pack:
        tokens, used = packed(
            documents, tokenizer, lambda text: _ids(tokenizer, text), (samples, seqlen), draw, track
        )
    else:
        tokens, used = _windows_of_documents(
            source, documents, tokenizer, samples, seqlen, draw, track
        )
    return Calibration(tokens, len(used), separator)


def calibration_tokens(
    source: str, tokenizer: Tokenizer, samples: int, seqlen: int, seed: int, *, pack: bool = False
) -> Tensor:
    """The token ids of `draw_calibration`, samples × seqlen."""
    return draw_calibration(source, tokenizer, samples, seqlen, seed, pack=pack).tokens


def origin(documents: int | None, separator: str | None) -> str:
    """In words, what calibration sequences come from.

    Args:
        documents: see `Calibration`.
        separator: the same.

    Example:
        >>> origin(1, None), origin(17, "</s>"), origin(None, None)
        ('1 distinct document', '17 distinct documents, packed with </s> between', 'running text')
    """
    if documents is None:
        return "running text"
    packing = "" if separator is None else f", packed with {separator} between"
    return f"{documents} distinct document{'s' if documents != 1 else ''}{packing}"


def few_documents(source: str, found: Calibration) -> str | None:
    """A warning where fewer documents than sequences were drawn, else None."""
    samples = len(found.tokens)
    if found.documents is None or found.documents >= samples:
        return None
    advice = "take more long documents, a smaller seqlen, or --pack to join short ones"
    if found.separator is not None:
        advice = "take a larger seqlen, or leave --pack out"
    return (
        f"{source}: the {samples} calibration sequences come from "
        f"{origin(found.documents, found.separator)}; {advice}"
    )


def evaluation_tokens(
    source: str, tokenizer: Tokenizer, seqlen: int, bars: Bars | None = None
) -> Tensor:
    """All non-overlapping windows of a text; what is left at its end is dropped.

    Args:
        source: `wikitext2` (its test split, joined by blank lines), `c4` (of the first 1100
            documents of its first validation file 256 windows), or a file.
        tokenizer: a transformers tokenizer.
        seqlen: tokens in each.
        bars: where progress is shown; None for nowhere.

    Returns:
        Token ids, windows × seqlen.

    Raises:
        ValueError: less text than one window.
        FileNotFoundError: no such file.
    """
    if source == "c4":
        text = " ".join(_c4("validation")["text"][:1100])
    elif _is_documents(source):
        text = "\n\n".join(_documents(source, bars))
    else:
        text = _running_text(source, "test")
    tokens = _ids_of_whole(source, tokenizer, text, seqlen, bars)
    if source == "c4":
        tokens = tokens[: 256 * seqlen]
    return tokens[: len(tokens) // seqlen * seqlen].view(-1, seqlen)


def fingerprint(tokens: Tensor) -> str:
    """A short name for exactly these token ids in this shape."""
    shape = repr(tuple(tokens.shape)).encode()
    return sha256(shape + tokens.to(torch.int64).numpy(force=True).tobytes()).hexdigest()[:16]


def _is_documents(source: str) -> bool:
    return source == "c4" or source.endswith((".jsonl", ".jsonl.gz", ".json.gz"))


def _documents(source: str, bars: Bars | None) -> Sequence[str]:
    if source == "c4":
        return _c4("train")["text"]
    path = _existing(source)
    opened = gzip.open if source.endswith(".gz") else open
    with (
        _waiting(bars, f"reading {source}"),
        _naming(source),
        opened(path, "rt", encoding="utf-8") as lines,
    ):
        return [_text_of(line, number) for number, line in enumerate(lines, 1) if line.strip()]


def _text_of(line: str, number: int) -> str:
    try:
        row = from_json(line)
    except ValueError as error:
        raise ValueError(f"line {number} is no JSON ({error}); correct it") from error
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        raise ValueError(f"line {number} must be an object with a field text")
    try:
        row["text"].encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"line {number} holds half of a surrogate pair, which is no text; remove it"
        ) from error
    return row["text"]


@contextmanager
def _naming(source: str) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        raise ValueError(f"{source}: must be text in UTF-8, or JSONL ({error})") from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(
            f"{source}: must be a whole gzip file ({error}); fetch or compress it again"
        ) from error
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
            f"there is no file {source}; name c4, wikitext2, or a text or JSONL file"
        )
    return path


def _c4(split: str) -> Any:
    return _load_dataset("allenai/c4", data_files={split: C4_FILES[split]}, split=split)


def _load_dataset(*arguments: Any, **named: Any) -> Any:
    # Slow to import, and only wanted for what is fetched.
    from datasets import load_dataset

    return load_dataset(*arguments, **named)


def _ids(tokenizer: Tokenizer, text: str) -> Tensor:
    try:
        return tokenizer(text, return_tensors="pt").input_ids[0]
    # tokenizers raises bare Exceptions, of a vocabulary without its unknown token, say.
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise ValueError(
            f"tokenizer: cannot split the text ({named(error)}); fetch tokenizer.json again"
        ) from error


def _ids_of_whole(
    source: str, tokenizer: Tokenizer, text: str, needed: int, bars: Bars | None
) -> Tensor:
    most = most_tokens(tokenizer)
    if most is not None and most(text) < needed:
        raise ValueError(_too_short(source, f"at most {most(text)}", needed))
    # In one call: cut anywhere, a text gives other tokens around the cut.
    with _waiting(bars, f"tokenising {source}"):
        tokens = _ids(tokenizer, text)
    if len(tokens) < needed:
        raise ValueError(_too_short(source, str(len(tokens)), needed))
    return tokens


def _too_short(source: str, has: str, needed: int) -> str:
    return (
        f"{source}: has {has} tokens, needs at least {needed}; take a smaller seqlen or more text"
    )


def _waiting(bars: Bars | None, description: str) -> AbstractContextManager[None]:
    return nullcontext() if bars is None else bars.waiting(description)


def _windows_of_documents(
    source: str,
    documents: Sequence[str],
    tokenizer: Tokenizer,
    samples: int,
    seqlen: int,
    draw: random.Random,
    track: Callable[[int], None],
) -> tuple[Tensor, set[str]]:
    most = most_tokens(tokenizer)
    remedy = (
        f"longer than {seqlen} tokens; take a smaller seqlen, or --pack to join short documents"
    )
    none = ValueError(f"{source}: none of its {len(documents)} documents is {remedy}")
    if most is not None and all(most(each) <= seqlen for each in documents):
        raise none

    # Few documents are drawn again and again.
    @lru_cache(maxsize=MOST_REMEMBERED)
    def ids_of(index: int) -> Tensor:
        return _ids(tokenizer, documents[index])

    short: set[int] = set()
    windows: list[Tensor] = []
    used: set[str] = set()
    for _ in range(MOST_DRAWS):
        index = draw.randint(0, len(documents) - 1)
        if index in short:
            continue
        certain = most is not None and most(documents[index]) <= seqlen
        if certain or len(tokens := ids_of(index)) <= seqlen:
            short.add(index)
            track(0)
            if len(short) == len(documents):
                raise none
            continue
        start = draw.randint(0, len(tokens) - seqlen - 1)
        windows.append(tokens[start : start + seqlen])
        used.add(documents[index])
        track(1)
        if len(windows) == samples:
            return torch.stack(windows), used
    raise ValueError(
        f"{source}: {MOST_DRAWS} draws found {len(windows)} of {samples} documents {remedy}"
    )
