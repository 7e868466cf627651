"""Hundreds of damaged inputs: each ends in exit code 2 and one line that says what to do.

`pytest -m damage -k "gguf and 17"` repeats one of them, by its kind and its seed.
"""

import re
from contextlib import nullcontext
from random import Random

import pytest
from typer.testing import CliRunner

import damage
import damage_settings as settings
from checkpoints import model_of, tokenizer_of_characters, write_gguf
from pruneproof.cli.app import app

KINDS = {
    "config": (damage.json_file("config.json"), 25),
    "config_field": (damage.config_field, 120),
    "config_missing": (damage.config_missing, 15),
    "tokenizer": (damage.json_file("tokenizer.json"), 20),
    "tokenizer_field": (settings.field_of("tokenizer.json", settings.TOKENIZER), 50),
    "tokenizer_config": (damage.json_file("tokenizer_config.json"), 20),
    "tokenizer_config_field": (
        settings.field_of("tokenizer_config.json", settings.TOKENIZER_CONFIG),
        30,
    ),
    "generation": (damage.json_file("generation_config.json"), 20),
    "generation_field": (settings.field_of("generation_config.json", settings.GENERATION), 20),
    "index": (damage.json_file(damage.INDEX), 25),
    "index_entries": (damage.index_entries, 60),
    "safetensors": (damage.safetensors_bytes, 50),
    "safetensors_header": (damage.safetensors_header, 50),
    "tensors": (damage.tensors, 50),
    "files_missing": (damage.files_missing, 25),
    "gguf": (damage.gguf_bytes, 80),
    "documents": (damage.documents, 60),
    "compressed": (damage.compressed, 50),
    "running_text": (damage.running_text, 30),
    "sparsities": (settings.sparsities, 60),
    "known_failures": (settings.known_failures, 40),
    "answers": (settings.answers, 40),
    "disk": (settings.disk, 40),
    "long_files": (settings.long_files, 20),
    "memory": (settings.memory, 30),
}
"""What is harmed, and how many inputs of that kind are tried."""
CASES = [(kind, seed) for kind, (_, count) in KINDS.items() for seed in range(count)]
ADVICE = re.compile(
    r"\b(must|fetch|take|put|remove|name|make room|free some|have the|check the|correct|give|needs|"
    r"may hold)\b|the closest is|their names are"
)
"""What a line says is to be done, in one of these words."""
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def valid(tmp_path_factory):
    folder = tmp_path_factory.mktemp("valid")
    model, tokenizer = model_of("llama"), tokenizer_of_characters()
    for name, more in (("model", {}), ("sharded", {"max_shard_size": "8KB"})):
        model.save_pretrained(folder / name, **more)
        tokenizer.save_pretrained(folder / name)
    write_gguf(folder / "model.gguf")
    tokenizer.save_pretrained(folder)
    text = folder / "text.txt"
    text.write_text("".join(chr(33 + (i * i + 5) % 83) for i in range(400)))
    return damage.Valid(folder / "model", folder / "sharded", folder / "model.gguf", text)


def call(words):
    return CliRunner().invoke(app, words)


def files(folder):
    return {str(each.relative_to(folder)) for each in folder.rglob("*")}


@pytest.mark.damage
def test_every_command_does_with_what_is_whole(valid, tmp_path):
    texts = tmp_path / "text.jsonl"
    texts.write_text('{"text": "' + "abcdefgh" * 9 + '"}\n')
    for model in (valid.model, valid.sharded, valid.gguf):
        calls = {tuple(damage.on_model(Random(n), model, valid.text).words) for n in range(40)}
        assert len(calls) == (4 if model == valid.gguf else 7)
        for words in calls:
            out = model.parent / "out"
            result = call(
                [each.replace(str(out), str(tmp_path / str(hash(words)))) for each in words]
            )
            assert result.exit_code == 0, result.output
    for seed in range(8):
        words = damage.on_text(Random(seed), valid, texts).words
        assert call([*words, "--dry-run"] if words[0] == "prune" else words).exit_code == 0


@pytest.mark.damage
@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_what_is_damaged_ends_in_one_line(kind, seed, valid, tmp_path):
    make, _ = KINDS[kind]
    wrong = make(Random(f"{kind} {seed}"), valid, tmp_path)
    before = files(tmp_path)
    with (wrong.during or nullcontext)():
        result = call(wrong.words)
    assert result.exit_code == 2, (result.exception, result.output)
    *others, line = result.stderr.splitlines()
    assert line.startswith(("pruneproof ", "error: ")), result.stderr
    assert not any(each.startswith(("pruneproof ", "error: ", "Traceback")) for each in others)
    assert "Aborted" not in result.output
    assert any(each in line for each in wrong.names), line
    assert ADVICE.search(line), line
    left = files(tmp_path) - before
    if wrong.during is None:
        assert not left
        return
    # What is done is kept, and the command goes on there.
    assert all(each.startswith("out.unfinished") for each in left)
    again = call(wrong.words)
    assert again.exit_code == 0, again.output
    assert {each.partition("/")[0] for each in files(tmp_path) - before} == {"out"}
