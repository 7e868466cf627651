"""Inputs that are damaged by construction, each made anew from its kind and its seed."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from safetensors.torch import load_file, save_file

INDEX = "model.safetensors.index.json"
SIZES = ("--seqlen", "8", "--samples", "2", "--method", "wanda", "--sparsity", "0.5")


@dataclass(frozen=True)
class Valid:
    """Inputs of which every command makes something; they are copied before they are harmed.

    Attributes:
        model: a LLaMA of six blocks in one file.
        sharded: the same in several.
        gguf: a LLaMA of six blocks as a GGUF file.
        text: running text that is long enough.
    """

    model: Path
    sharded: Path
    gguf: Path
    text: Path


@dataclass(frozen=True)
class Call:
    """A command and what its one line must name.

    Attributes:
        words: the command line.
        names: one of these must stand in the line.
        during: what is wrong while the command runs, where its inputs are right.
    """

    words: list[str]
    names: tuple[str, ...]
    during: Callable[[], AbstractContextManager[None]] | None = None


Kind = Callable[[Random, Valid, Path], Call]
"""Makes an input in a folder of its own."""


def on_model(draw: Random, model: Path, text: Path, *names: str, doctor: bool = True) -> Call:
    """Some command on a model that is damaged; `prune` where the doctor would only judge it."""
    if draw.random() < 0.3 and doctor:
        return Call(["doctor", str(model), "--evaluate", str(text), "--seqlen", "8"], names)
    more = ["--stream"] if draw.random() < 0.5 and not model.suffix else []
    more += draw.choice([[], ["--dry-run"], ["--out", str(model.parent / "out")]])
    texts = ["--calibration", str(text), "--evaluate", str(text)]
    return Call(["prune", str(model), *texts, *SIZES, *more], names)


def on_text(draw: Random, valid: Valid, text: Path) -> Call:
    """Some command on a text that is damaged."""
    if draw.random() < 0.3:
        words = ["doctor", str(valid.model), "--evaluate", str(text), "--seqlen", "8"]
        return Call(words, (text.name,))
    texts = [str(valid.text), str(text)]
    draw.shuffle(texts)
    more = draw.choice([[], ["--dry-run"], ["--out", str(text.parent / "out")]])
    words = ["--calibration", texts[0], "--evaluate", texts[1]]
    return Call(["prune", str(valid.model), *words, *SIZES, *more], (text.name,))


def copied(folder: Path, to: Path) -> Path:
    """A copy to be harmed."""
    return Path(shutil.copytree(folder, to / "model"))


def nested(depth: int, draw: Random) -> str:
    """Lists or objects in one another."""
    opens, closes = draw.choice([("[", "]"), ('{"a":', "}")])
    return opens * depth + "1" + closes * depth


def no_object(draw: Random, whole: str) -> bytes:
    """What is no JSON object, in place of one."""
    text = whole.strip()
    place = draw.randrange(1, len(text) - 1)
    noise = bytes(draw.randrange(256) for _ in range(draw.randrange(1, 200)))
    return draw.choice(
        [
            b"", b"null", b"[]", b"[1, 2]", b"17", b'"text"', b"true", b"NaN", b"{", b"\0" * 64,
            nested(10 ** draw.randrange(3, 6), draw).encode(),
            text[:place].encode(),
            (text + draw.choice("]},x")).encode(),
            text.replace(":", draw.choice([";", "=", ""]), 1).encode(),
            b"\xff\xfe" + text.encode("utf-16-le"),
            text[:place].encode() + b"\xff" + text[place:].encode(),
            b"\x80" + noise,
        ]
    )  # fmt: skip


def json_file(name: str) -> Kind:
    """A kind: one of a model's JSON files is no JSON object."""

    def harm(draw: Random, valid: Valid, to: Path) -> Call:
        model = copied(valid.sharded if name == INDEX else valid.model, to)
        path = model / name
        path.write_bytes(no_object(draw, path.read_text("utf-8")))
        return on_model(draw, model, valid.text, name)

    return harm


NO_SIZE: tuple[Any, ...] = (
    "x", "", "16", [], [16], {}, {"a": 1}, -1, 0, 1.5, 1e30, float("nan"), float("inf"), 7, 1000,
    10**6, 10**9, 10**12, 2**31, 2**63, 2**64, 2**200, -(2**63),
)  # fmt: skip
NO_NUMBER: tuple[Any, ...] = ("x", [], {}, [1.0], None)
FIELDS: dict[str, tuple[Any, ...]] = {
    "vocab_size": (*NO_SIZE, None),
    "hidden_size": (*NO_SIZE, None),
    "intermediate_size": (*NO_SIZE, None),
    "num_hidden_layers": (*NO_SIZE, None, 5, 1),
    "num_attention_heads": (*NO_SIZE, None, 3, 4),
    "num_key_value_heads": (*NO_SIZE, 1, 3),
    "head_dim": (*NO_SIZE, 4, 16),
    "max_position_embeddings": ("x", [], {}, 1, 4, 7),
    "model_type": ("nosuch", "", 5, [], {}, "bert", "t5", "gpt2", "clip", "LLaMA", "../llama"),
    "architectures": (["NoSuch"], ["BertForMaskedLM"], 5, {"a": 1}, [5], [None], [[]], "x", [""]),
    "hidden_act": ("nosuch", 5, [], {}, None, ""),
    "rms_norm_eps": NO_NUMBER,
    "rope_parameters": (
        5, "x", [], [1], {"rope_type": "nosuch"}, {"rope_type": 5, "rope_theta": 1e4},
        {"rope_type": "default", "rope_theta": "x"}, {"rope_type": "yarn", "rope_theta": 1e4},
        {"rope_type": "llama3", "rope_theta": 1e4}, {"rope_theta": []}, {"rope_theta": None},
    ),
    "attention_bias": (True, "x", [1], 3),
    "mlp_bias": (True, "x", [1], 3),
    "dtype": ("float99", "", 5, [], "int8", "bool", "nn", "float8_e4m3fn", "complex64"),
    "tie_word_embeddings": ("x", [1], {"a": 1}),
    "quantization_config": (5, "x", [1], {"quant_method": "nosuch"}, {"quant_method": 5}, {"a": 1}),
    "pad_token_id": ("x", [], {}, 97, 10**6, 2**63, -500),
    "attention_dropout": ("x", [], {}),
}  # fmt: skip
"""Values with which a configuration does not say what the files of the model hold."""
SETTINGS = ("config.json", "seqlen", "is quantised", "quantization config")


def config_field(draw: Random, valid: Valid, to: Path) -> Call:
    """The configuration has a value that cannot be, or that is not that of the files."""
    model = copied(valid.model, to)
    field = draw.choice(list(FIELDS))
    config = json.loads((model / "config.json").read_text("utf-8"))
    config[field] = draw.choice(FIELDS[field])
    (model / "config.json").write_text(json.dumps(config))
    # Of short contexts and odd quantisations the doctor has an opinion.
    doctor = field not in ("max_position_embeddings", "quantization_config")
    return on_model(draw, model, valid.text, *SETTINGS, doctor=doctor)


def config_missing(draw: Random, valid: Valid, to: Path) -> Call:
    """The configuration lacks sizes whose defaults are others."""
    model = copied(valid.model, to)
    config = json.loads((model / "config.json").read_text("utf-8"))
    fields = ["vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "model_type"]
    for each in draw.sample(fields, draw.randrange(1, 4)):
        del config[each]
    (model / "config.json").write_text(json.dumps(config))
    return on_model(draw, model, valid.text, *SETTINGS)


def index_entries(draw: Random, valid: Valid, to: Path) -> Call:
    """The index is an object that says something wrong."""
    model = copied(valid.sharded, to)
    index = json.loads((model / INDEX).read_text("utf-8"))
    files, tensor = index["weight_map"], draw.choice(sorted(index["weight_map"]))
    another = next(each for each in sorted(files.values()) if each != files[tensor])
    elsewhere = [f"../{files[tensor]}", str(valid.sharded / files[tensor]), f"./../model/{another}"]
    kind = draw.randrange(7)
    if kind == 0:
        index["weight_map"] = draw.choice([None, [], 5, "x", [[]], True, {}])
    elif kind == 1:
        del index["weight_map"]
    elif kind == 2:
        files[tensor] = draw.choice([None, 5, [], {}, True, "", ".", "..", "a\0b", "x" * 5000])
    elif kind == 3:
        shutil.copy(model / files[tensor], to)
        files[tensor] = draw.choice(elsewhere)
    elif kind == 4:
        files[tensor] = draw.choice([another, "config.json", "nosuch.safetensors", "no/such"])
    elif kind == 5:
        del files[tensor]
    else:
        files[f"{tensor}.more"] = files[tensor]
    (model / INDEX).write_text(json.dumps(index))
    return on_model(draw, model, valid.text, INDEX, "config.json", another)


def header_of(path: Path) -> tuple[dict[str, Any], bytes]:
    """A safetensors file's header and what comes after it."""
    whole = path.read_bytes()
    length = int.from_bytes(whole[:8], "little")
    return json.loads(whole[8 : 8 + length]), whole[8 + length :]


def safetensors_bytes(draw: Random, valid: Valid, to: Path) -> Call:
    """A safetensors file is cut, longer, or has a header that is none."""
    model = copied(draw.choice([valid.model, valid.sharded]), to)
    path = draw.choice(sorted(model.glob("*.safetensors")))
    whole = path.read_bytes()
    length = int.from_bytes(whole[:8], "little")
    noise = bytes(draw.randrange(256) for _ in range(draw.randrange(1, 300)))
    lengths = [0, 1, length - 1, length + 1, len(whole), 2**31, 2**40, 2**63, 2**64 - 1]
    path.write_bytes(
        draw.choice(
            [
                b"",
                whole[: draw.randrange(len(whole))],
                whole[: draw.randrange(8 + length)],
                whole[: -draw.randrange(1, 9)],
                whole + noise,
                draw.choice(lengths).to_bytes(8, "little") + whole[8:],
                whole[:8] + b"\xff" + whole[9:],
                whole[:8] + no_object(draw, json.dumps(header_of(path)[0])),
                b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
                b"\x7f" + noise,
            ]
        )
    )
    return on_model(draw, model, valid.text, path.name)


def safetensors_header(draw: Random, valid: Valid, to: Path) -> Call:
    """A tensor's entry in the header of a safetensors file says something wrong."""
    model = copied(valid.model, to)
    path = model / "model.safetensors"
    header, data = header_of(path)
    name = draw.choice([each for each in sorted(header) if each != "__metadata__"])
    tensor = header[name]
    begin, end = tensor["data_offsets"]
    kind = draw.randrange(5)
    if kind == 0:
        tensor["dtype"] = draw.choice(["F99", "", 5, None, [], "F16", "F64", "I8"])
    elif kind == 1:
        shapes = [None, 5, "x", [-1], [1.5], [2**63], [2**40, 2**40], [0], [*tensor["shape"], 2]]
        tensor["shape"] = draw.choice(shapes)
    elif kind == 2:
        offsets = [None, [], [begin], [end, begin], [begin, end + 4], [begin + 4, end], [-1, end]]
        tensor["data_offsets"] = draw.choice([*offsets, [begin, 2**63], [begin, 2**64]])
    elif kind == 3:
        header[name] = draw.choice([None, 5, [], {}, {"dtype": "F32"}, "x"])
    else:
        del tensor[draw.choice(["dtype", "shape", "data_offsets"])]
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return on_model(draw, model, valid.text, path.name)


def tensors(draw: Random, valid: Valid, to: Path) -> Call:
    """The files are whole, and their tensors are not those of the model."""
    model = copied(valid.model, to)
    path = model / "model.safetensors"
    there = load_file(path)
    name = draw.choice(sorted(there))
    kind = draw.randrange(7)
    if kind == 0:
        del there[name]
    elif kind == 1:
        there[f"{name}.more"] = there[name].clone()
    elif kind == 2:
        there[name] = there[name][1:].clone()
    elif kind == 3:
        there[name] = there[name].reshape(1, *there[name].shape).clone()
    elif kind == 4:
        there[f"{name}x"] = there.pop(name)
    elif kind == 5:
        there[name] = there[name][:0].clone()
    else:
        there[name] = there[name].flatten().repeat(2)
    save_file(there, path, metadata={"format": "pt"})
    return on_model(draw, model, valid.text, "config.json", path.name)


def files_missing(draw: Random, valid: Valid, to: Path) -> Call:
    """Files of the model are not there, or are folders."""
    model = copied(draw.choice([valid.model, valid.sharded]), to)
    names = ["config.json", "tokenizer.json", *(each.name for each in model.glob("*.safetensors"))]
    path = model / draw.choice(sorted(names))
    path.unlink()
    if draw.random() < 0.5:
        path.mkdir()
    return on_model(draw, model, valid.text, path.name)


def gguf_bytes(draw: Random, valid: Valid, to: Path) -> Call:
    """A GGUF file is cut, or says something wrong at its beginning."""
    path = to / "model.gguf"
    whole = bytearray(valid.gguf.read_bytes())
    kind = draw.randrange(6)
    if kind == 0:
        whole = whole[: draw.randrange(len(whole))]
    elif kind == 1:
        whole = whole[: draw.randrange(600)]
    elif kind == 2:
        place = draw.randrange(4)
        whole[place] ^= 1 << draw.randrange(8)
    elif kind == 3:
        version = draw.choice([0, 1, 4, 99, 2**24, 2**31, 2**32 - 1])
        whole[4:8] = version.to_bytes(4, "little")
    elif kind == 4:
        count = draw.choice([0, 1, 56, 58, 2**20, 2**32, 2**63, 2**64 - 1])
        whole[8:16] = count.to_bytes(8, "little")
    else:
        count = draw.choice([0, 1, 12, 99, 2**20, 2**32, 2**63, 2**64 - 1])
        whole[16:24] = count.to_bytes(8, "little")
    path.write_bytes(bytes(whole))
    return on_model(draw, path, valid.text, path.name)


def documents(draw: Random, valid: Valid, to: Path) -> Call:
    """A JSONL file has a line that is no document."""
    lines = [json.dumps({"text": "abcdefgh" * 9}).encode() for _ in range(draw.randrange(1, 5))]
    bad = [
        b"{", b"null", b"[]", b'"text"', b"5", b"{}", b'{"text": null}', b'{"text": 5}',
        b'{"text": ["a"]}', b'{"txt": "abc"}', b"abc", b"{'text': 'a'}", b'{"text": "a',
        b'{"text": "\xff"}', b"\xff\xfe\x00", b'{"text": "abc\\ud800' + b'abc" }',
        b'{"text": "\\udfff' + b"abcdefgh" * 9 + b'"}', b'{"text": "\\u12"}',
        nested(10 ** draw.randrange(3, 6), draw).encode(), b"NaN", b'{"text": "a"} x',
    ]  # fmt: skip
    lines.insert(draw.randrange(len(lines) + 1), draw.choice(bad))
    content, name = b"\n".join(lines), draw.choice(["text.jsonl", "text.jsonl.gz", "text.json.gz"])
    (to / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return on_text(draw, valid, to / name)


def compressed(draw: Random, valid: Valid, to: Path) -> Call:
    """A gzip file is cut, or is none."""
    path = to / draw.choice(["text.jsonl.gz", "text.json.gz"])
    plain = b"".join(
        json.dumps({"text": "".join(draw.choices("abcdefgh", k=90))}).encode() + b"\n"
        for _ in range(40)
    )
    whole = bytearray(gzip.compress(plain))
    kind = draw.randrange(6)
    if kind == 0:
        whole = whole[: draw.randrange(len(whole))]
    elif kind == 1:
        whole[-8 + draw.randrange(8)] ^= 1 << draw.randrange(8)
    elif kind == 2:
        whole[draw.randrange(3)] ^= 1 << draw.randrange(8)
    elif kind == 3:
        whole = bytearray(plain)
    elif kind == 4:
        whole += b"more"
    else:
        place = draw.randrange(20, len(whole) - 20)
        whole[place : place + 8] = bytes(each ^ 0xFF for each in whole[place : place + 8])
    path.write_bytes(bytes(whole))
    return on_text(draw, valid, path)


def running_text(draw: Random, valid: Valid, to: Path) -> Call:
    """A text is no UTF-8, too short, or no file."""
    path = to / draw.choice(["text.txt", "text", "text.md"])
    kind = draw.randrange(4)
    whole = bytearray(valid.text.read_bytes())
    if kind == 0:
        whole[draw.randrange(len(whole))] = draw.choice([0x80, 0xBF, 0xC0, 0xFE, 0xFF])
    elif kind == 1:
        whole = whole[: draw.randrange(8)]
    elif kind == 2:
        place = draw.randrange(len(whole))
        whole[place:place] = draw.choice([b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xf4\x90\x80\x80"])
    if kind != 3:
        path.write_bytes(bytes(whole))
    elif draw.random() < 0.5:
        path.mkdir()
    return on_text(draw, valid, path)
