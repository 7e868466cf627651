"""Damaged tokenizers, settings, tables and answers; disks that fail, and memory that runs out."""

from __future__ import annotations

import errno
import json
import os
import pkgutil
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from tempfile import gettempdir
from typing import Any
from unittest import mock

import torch

from damage import SIZES, Call, Kind, Valid, copied, nested, on_model

TOKENIZER: dict[str, tuple[Any, ...]] = {
    "model": (None, 5, "x", [], {}, {"type": "NoSuch"}, {"type": "BPE"}, {"type": "WordLevel"}),
    "model.vocab": (None, 5, "x", [], [["a"]], {"a": -1}, {"a": "x"}, {"a": 2**40}, {"a": None}),
    "model.type": (5, [], "NoSuch", "BPE", "Unigram"),
    "model.unk_token": (5, [], {}),
    "pre_tokenizer": (5, "x", [], {}, {"type": "NoSuch"}, {"type": "Split"}),
    "normalizer": (5, "x", [], {}, {"type": "NoSuch"}, {"type": "Replace"}),
    "post_processor": (5, "x", [], {}, {"type": "NoSuch"}, {"type": "TemplateProcessing"}),
    "decoder": (5, "x", [], {}, {"type": "NoSuch"}),
    "added_tokens": (5, "x", {}, [5], [None], [{}], [{"id": -1}], [{"id": "x", "content": 5}]),
    "truncation": (5, "x", [], {}, {"max_length": -1}),
    "padding": (5, "x", [], {}, {"strategy": 5}),
}
TOKENIZER_CONFIG: dict[str, tuple[Any, ...]] = {
    "tokenizer_class": (5, [], {}, "BertModel"),
    "model_max_length": ("x", [], {}),
    "added_tokens_decoder": (5, "x", [5], {"x": {}}, {"0": 5}),
    "pad_token": (5, [], {}, {"a": 1}),
    "unk_token": (5, [], {}, {"a": 1}),
    "extra_special_tokens": (5, "x", {"a": 5}, [5]),
    "padding_side": ("x", 5, []),
}
GENERATION: dict[str, tuple[Any, ...]] = {
    "max_new_tokens": ("x", -1, 0, []),
    "cache_implementation": ("nosuch", 5),
    "watermarking_config": (5, "x", {"a": 1}),
    "pad_token_id": ("x",),
}
"""Values that transformers refuses; what else these files say changes nothing that is measured."""


def field_of(file: str, fields: dict[str, tuple[Any, ...]]) -> Kind:
    """A kind: a field of a JSON file has a value that cannot be."""

    def harm(draw: Random, valid: Valid, to: Path) -> Call:
        model = copied(valid.model, to)
        values = json.loads((model / file).read_text("utf-8"))
        field = draw.choice(list(fields))
        inside, _, own = field.rpartition(".")
        (values[inside] if inside else values)[own] = draw.choice(fields[field])
        (model / file).write_text(json.dumps(values))
        return on_model(draw, model, valid.text, file)

    return harm


def sparsities(draw: Random, valid: Valid, to: Path) -> Call:
    """A file of sparsities is no table from patterns that match to numbers in [0, 1)."""
    number = draw.choice(["1", "1.0", "-0.1", "nan", "inf", '"0.5"', "true", "[0.5]", "1e400"])
    toml = [
        "", "0.5", "[", '"*" = ', "* = 0.5", '"*" 0.5', '"*" = 0.5\n"*" = 0.6', "a = [[[[",
        f'"*" = {number}', f'"*" = 0.5\n"0.*" = {number}', '"nosuch" = 0.5', '["*"]\nx = 0.5',
        "0.self_attn.q_proj = 0.5", '"*" = 2026-01-01', f'"*" = {"[" * 5000}', '"\\ud800" = 0.5',
        f"a{'.a' * 5000} = 0.5", "\0", f'"*" = {"9" * 5000}',
    ]  # fmt: skip
    inside = json.dumps(draw.choice([1, -0.1, "0.5", True, None, [0.5], {"a": 0.5}]))
    table = [
        "", "null", "[]", "0.5", "{}", "{", '{"*": }', '{"*": 0.5, "*": 0.6}', '{"*": NaN}',
        f'{{"*": {inside}}}', f'{{"0.*": {inside}, "*": 0.5}}', '{"nosuch": 0.5}', '{"*": 0.5',
        nested(10 ** draw.randrange(3, 6), draw), f'{{"*": {"9" * 5000}}}', '{"\\ud800": 0.5}',
    ]  # fmt: skip
    suffix = draw.choice([".toml", ".json", ".yaml", ""])
    content = draw.choice(toml if suffix == ".toml" else table).encode()
    path = to / f"lines{suffix}"
    path.write_bytes(draw.choice([content, content, content, b"\xff" + content]))
    words = ["prune", str(valid.model), "--calibration", str(valid.text), "--evaluate"]
    more = draw.choice([[], ["--stream"], ["--dry-run"], ["--out", str(to / "out")]])
    return Call(
        [*words, str(valid.text), *SIZES, "--sparsities", str(path), *more],
        (path.name, "sparsities:"),
    )


def known_failures(draw: Random, valid: Valid, to: Path) -> Call:
    """A file of known failures is no table from ids to reasons."""
    entry = draw.choice(
        [
            "", 'reason = ""', "reason = 5", "reason = []", 'link = "x"', 'reason = "a"\nlink = 5',
            'reason = "a"\nmore = "b"', 'reason = "a"\nreason = "b"', "reason = a", 'reason = "a',
        ]
    )  # fmt: skip
    content = draw.choice(
        [
            f'["score.value:wanda"]\n{entry}', f'["score.value"]\n{entry}',
            '["score.value:nosuch"]\nreason = "a"', '["nosuch"]\nreason = "a"',
            '["a\\nb"]\nreason = "a"', f'["{"x" * 3000}"]\nreason = "a"',
            '[score.value]\nreason = "a"', "a = 5", "[", "[[a]]", "a = ", "null", "{}", "\0",
            f"a = {'[' * 5000}", f"a{'.a' * 5000} = 5", '["\\ud800"]', '"score.value" = "a"',
        ]
    )  # fmt: skip
    path = to / "known.toml"
    path.write_bytes(draw.choice([b"", b"", b"", b"\xff"]) + content.encode())
    return Call(["gate", "no_adapter.py", "--known-failures", str(path)], (path.name,))


def answers(draw: Random, valid: Valid, to: Path) -> Call:
    """A file of answers has a line that answers no vector."""
    id_ = "wanda/one-by-one"
    right = json.dumps({"id": id_, "unsupported": "no"}).encode()
    line = draw.choice(
        [
            b"{", b"null", b"[]", b"5", b'"x"', b"{}", b"\xff", right[:-1], right + b"x",
            b'{"id": 5, "answer": 1}', b'{"id": "nosuch", "answer": 1}', b'{"id": null}',
            json.dumps({"id": id_}).encode(), right + b"\n" + right,
            json.dumps({"id": id_, "answer": 1, "error": "x"}).encode(),
            nested(10 ** draw.randrange(3, 6), draw).encode(), b"\xff\xfe{\0}\0", b"\0" * 9,
            b'{"id": "\\ud800", "answer": 1}', b'{"id": ' + b"9" * 5000 + b', "answer": 1}',
        ]
    )  # fmt: skip
    path = to / draw.choice(["wanda.jsonl", "wanda.jsonl", "wanda.jsonl", "nosuch.jsonl"])
    path.write_bytes(line)
    return Call(["vectors", "check", str(to)], (path.name,))


def on_valid(draw: Random, valid: Valid, to: Path, *more: str) -> list[str]:
    """A run in memory or streamed that leaves a result."""
    words = ["prune", str(valid.model), "--calibration", str(valid.text), "--evaluate"]
    stream = ["--stream"] if draw.random() < 0.5 else []
    return [*words, str(valid.text), *SIZES, "--out", str(to / "out"), *stream, *more]


WRITES = {
    "pruneproof.integration.pruning.unfinished.save_file": 6,
    "pathlib.Path.write_text": 3,
    "pathlib.Path.replace": 8,
    "pathlib.Path.rename": 1,
    "pathlib.Path.mkdir": 1,
    "transformers.PreTrainedTokenizerBase.save_pretrained": 2,
}
"""What a run writes by, and how often at least."""
CODES = (
    errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EACCES, errno.EPERM, errno.EFBIG,
    errno.EMFILE, errno.ENOENT,
)  # fmt: skip


@contextmanager
def failing(target: str, place: int, error: Exception) -> Iterator[None]:
    """While entered, a function raises from a call of this number on."""
    real: Callable[..., Any] = pkgutil.resolve_name(target)
    calls = 0

    def fail(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls >= place:
            raise error
        return real(*args, **kwargs)

    with mock.patch(target, fail):
        yield


def disk(draw: Random, valid: Valid, to: Path) -> Call:
    """Some write fails, as on a disk that is full, read-only or broken."""
    target = draw.choice(list(WRITES))
    code = draw.choice(CODES)
    place = draw.randrange(WRITES[target]) + 1
    # safetensors does not say which file it is; what Python itself does, does.
    named = [str(to / "out")] if target.startswith("pathlib") else []
    error = OSError(code, os.strerror(code), *named)
    return Call(
        on_valid(draw, valid, to),
        (str(to / "out"), gettempdir()),
        lambda: failing(target, place, error),
    )


@contextmanager
def no_longer_files_than(most: int) -> Iterator[None]:
    """While entered, the system lets no file become longer."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def long_files(draw: Random, valid: Valid, to: Path) -> Call:
    """The system refuses to write beyond a length, at any place of a file."""
    most = draw.choice([draw.randrange(200), draw.randrange(4000)])
    return Call(
        on_valid(draw, valid, to),
        (str(to / "out"), gettempdir()),
        lambda: no_longer_files_than(most),
    )


STAGES = {
    "pruneproof.integration.pruning.prepare.load_skeleton": 1,
    "pruneproof.integration.pruning.prepare.evaluation_tokens": 1,
    "pruneproof.integration.pruning.prepare.draw_calibration": 1,
    "pruneproof.integration.pruning.run._open": 1,
    "torch.nn.functional.silu": 40,
    "torch.nn.functional.cross_entropy": 1,
    "pruneproof.integration.pruning.blockwise.apply": 6,
}
"""What takes memory, and how often a run calls it at least."""


def memory(draw: Random, valid: Valid, to: Path) -> Call:
    """Memory runs out at some stage."""
    target = draw.choice(list(STAGES))
    place = draw.randrange(STAGES[target]) + 1
    error = draw.choice([MemoryError(), MemoryError("Unable to allocate 8 EiB"), too_large()])
    words = on_valid(draw, valid, to)
    return Call(words, ("memory ran out",), lambda: failing(target, place, error))


def too_large() -> Exception:
    """What torch raises for more than there is."""
    try:
        torch.empty(2**60)
    except RuntimeError as error:
        return error
    raise AssertionError
