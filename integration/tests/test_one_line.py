"""Damaged files, failing disks and full memories end in one line that says what to do."""

import errno
import gzip
import json
import os
import pickle
import shutil

import pytest
import torch
from safetensors import SafetensorError
from typer.testing import CliRunner

from checkpoints import change, write_gguf
from pruneproof.cli.app import app
from pruneproof.integration.checkpoint.safetensors_files import INDEX
from pruneproof.integration.pruning import blockwise, run, unfinished

DEEP = "[" * 100_000
CONFIG, TOKENIZER, GENERATION = "config.json", "tokenizer.json", "generation_config.json"


@pytest.fixture
def call(llama, save_checkpoint, text):
    """Calls a command on a model, and holds that it ends in one line and leaves nothing."""
    folder = save_checkpoint(llama)

    def call(*more, what="prune", model=folder, calibration=text):
        words = [what, str(model), "--evaluate", text, "--seqlen", "8"]
        if what == "prune":
            words += ["--calibration", str(calibration), "--samples", "2"]
            words += ["--method", "wanda", "--sparsity", "0.5", *map(str, more)]
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 2, (result.exception, result.output)
        line = result.stderr.splitlines()[-1]
        assert result.stderr.count(f"pruneproof {what}: ") == 1
        assert line.startswith(f"pruneproof {what}: ")
        return line

    call.folder, call.out = folder, folder.parent / "out"
    return call


def write(name, content):
    return lambda folder: (folder / name).write_text(content)


def say(name, **values):
    def harm(folder):
        said = json.loads((folder / name).read_text("utf-8"))
        (folder / name).write_text(json.dumps(said | values))

    return harm


def blank_vocabulary(folder):
    said = json.loads((folder / TOKENIZER).read_text("utf-8"))
    said["model"]["vocab"] = {"a": 0}
    (folder / TOKENIZER).write_text(json.dumps(said))


@pytest.mark.parametrize("what", ["prune", "doctor"])
@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (write(CONFIG, "null"), "model/config.json: must hold a JSON object; fetch it again"),
        (write(CONFIG, '{"model_type": '), "model/config.json: is no JSON (Expecting value"),
        (write(CONFIG, DEEP), "model/config.json: is no JSON (nested too deeply); fetch it again"),
        (write(TOKENIZER, "[]"), "model/tokenizer.json: must hold a JSON object"),
        (write("tokenizer_config.json", DEEP), "tokenizer_config.json: is no JSON (nested too"),
        (write(GENERATION, "null"), "model/generation_config.json: must hold a JSON object"),
        (say(CONFIG, vocab_size="x"), "model/config.json: cannot be built by transformers"),
        (say(CONFIG, num_attention_heads=0), "(ZeroDivisionError: integer modulo by zero)"),
        (say(CONFIG, hidden_act="nosuch"), "model/config.json: cannot be built by transformers"),
        (say(CONFIG, architectures=5), "model/config.json: cannot be built by transformers"),
        (say(CONFIG, model_type=[]), "model/config.json: cannot be built by transformers"),
        (say(CONFIG, num_hidden_layers=10**12), "num_hidden_layers must be at most 1024, got 1000"),
        (say(CONFIG, head_dim=10**10), "and config.json says 20000000000 × 16; fetch both again"),
        (say(CONFIG, num_hidden_layers=5), "9 tensors that the model has no place for "
         "(model.layers.5.input_layernorm.weight, "),
        (say(GENERATION, cache_implementation="x"), "model/generation_config.json: cannot be"),
        (blank_vocabulary, "tokenizer: cannot split the text (Exception: WordLevel error: "),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore")
def test_a_models_file_is_named(call, what, harm, message):
    harm(call.folder)
    assert message in call(what=what)


@pytest.fixture
def sharded(call, llama):
    """The model in several files; changes what its index says."""
    shutil.rmtree(call.folder / "model.safetensors", ignore_errors=True)
    (call.folder / "model.safetensors").unlink()
    llama.save_pretrained(call.folder, max_shard_size="8KB")
    path = call.folder / INDEX

    def change_index(how):
        index = json.loads(path.read_text("utf-8"))
        path.write_text(json.dumps(how(index)))

    return change_index


def sent(to):
    def how(index):
        files = index["weight_map"]
        return index | {"weight_map": {name: to.format(files[name]) for name in files}}

    return how


@pytest.mark.parametrize("what", ["prune", "doctor"])
@pytest.mark.parametrize(
    ("how", "message"),
    [
        (lambda _: None, f"{INDEX}: must hold a JSON object"),
        (lambda index: [index], f"{INDEX}: must hold a JSON object"),
        (lambda _: {}, f"{INDEX}: weight_map must be an object"),
        (lambda _: {"weight_map": {"a": 5}}, f"{INDEX}: weight_map must be an object"),
        (sent("../{}"), f"{INDEX}: names ../model-0000"),
        (sent("/{}"), f"{INDEX}: names /model-0000"),
        (sent("no/such"), f"{INDEX}: names no/such, which is not there; fetch the model again"),
        (sent("a\0b"), f"{INDEX}: names a\\x00b, which is not there"),
    ],
)
def test_an_index_that_cannot_be_followed_is_named(call, sharded, what, how, message):
    for each in call.folder.glob("*.safetensors"):
        shutil.copy(each, call.folder.parent)
    sharded(how)
    assert message in call(what=what)


@pytest.mark.parametrize("harm", [lambda t: t[:518], lambda t: t[:-99], lambda t: b"x" + t[1:]])
@pytest.mark.parametrize("what", ["prune", "doctor"])
def test_a_gguf_file_is_named(call, what, harm):
    path = call.folder / "model.gguf"
    write_gguf(path)
    path.write_bytes(harm(path.read_bytes()))
    assert "model/model.gguf: " in call(what=what, model=path)


def test_weights_that_were_pickled_and_cut_are_named(call, llama):
    (call.folder / "model.safetensors").unlink()
    torch.save(llama.state_dict(), call.folder / "pytorch_model.bin")
    whole = (call.folder / "pytorch_model.bin").read_bytes()
    for content in (whole[:-500], b"", pickle.dumps({"a": 1})[:-1]):
        (call.folder / "pytorch_model.bin").write_bytes(content)
        assert "model cannot be read; fetch its weights again" in call("--out", call.out)
        assert not call.out.with_name("out.unfinished").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b'{"text": "\\ud800"}', "a.jsonl: line 1 holds half of a surrogate pair"),
        ("a.jsonl", DEEP.encode(), "a.jsonl: line 1 is no JSON (nested too deeply); correct it"),
        (
            "a.jsonl.gz",
            gzip.compress(b"abc" * 99, mtime=0)[:-9],
            "a.jsonl.gz: must be a whole gzip file",
        ),
        ("a.jsonl.gz", gzip.compress(b"abc", mtime=0)[:10] + b"\xff" * 20, "must be a whole"),
        ("a.json.gz", b"abc", "a.json.gz: must be a whole gzip file (Not a gzipped file"),
        ("a.txt", b"abc\xff", "a.txt: must be text in UTF-8"),
    ],
)
def test_a_text_is_named(call, name, content, message, tmp_path):
    (tmp_path / name).write_bytes(content)
    assert message in call(calibration=tmp_path / name)


def test_a_tokenizer_that_cannot_be_saved_is_refused_at_once(call):
    say("tokenizer_config.json", chat_template={"a": 1})(call.folder)
    assert "tokenizer: cannot be saved (TypeError: " in call("--out", call.out)


def test_a_tensor_of_another_shape_is_named_where_it_is_streamed(call):
    name = "model.layers.3.mlp.up_proj.weight"
    change(call.folder, lambda tensors: tensors.update({name: tensors[name][1:].clone()}))
    assert f"hold {name} as 23 × 16, and config.json says 24 × 16" in call("--stream")


def failing(error, place):
    real, calls = unfinished.save_file, []

    def save(*arguments, **named):
        calls.append(1)
        if len(calls) == place:
            raise error
        return real(*arguments, **named)

    return save


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)), "make room, or have the quota raised"),
        (OSError(errno.EROFS, os.strerror(errno.EROFS)), "name a folder that can be written"),
        (SafetensorError("I/O error: (os error 5)"), "Input/output error; check the disk"),
    ],
)
def test_a_disk_that_fails_says_what_to_do(call, monkeypatch, error, message):
    monkeypatch.setattr(unfinished, "save_file", failing(error, 2))
    line = call("--out", call.out)
    assert message in line
    assert f"; what is done is kept in {call.out}.unfinished, the same command goes on" in line


def test_a_run_that_has_nothing_done_leaves_nothing(call, monkeypatch):
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    monkeypatch.setattr(run, "_measure_and_prune", failing(error, 1))
    line = call("--out", call.out)
    assert line.endswith("out.unfinished: No space left on device; make room")
    assert not call.out.with_name("out.unfinished").exists()


def torchs_error():
    try:
        torch.empty(2**60)
    except RuntimeError as error:
        return error


@pytest.mark.parametrize("error", [MemoryError(), torchs_error()])
@pytest.mark.parametrize("place", [(run, "load_weights"), (blockwise, "apply")])
def test_memory_that_runs_out_says_what_to_take_less_of(call, monkeypatch, error, place):
    monkeypatch.setattr(*place, failing(error, 1))
    assert "memory ran out (" in (line := call())
    assert "or prune with --stream" in line


def test_torch_that_cannot_allocate_while_weights_are_read_is_not_taken_for_damage(
    call, monkeypatch
):
    from transformers import LlamaForCausalLM

    real = LlamaForCausalLM.from_pretrained

    def load(name, *arguments, **named):
        if name is not None:
            raise torchs_error()
        return real(name, *arguments, **named)

    monkeypatch.setattr(LlamaForCausalLM, "from_pretrained", load)
    assert "memory ran out (RuntimeError: " in call()


def test_a_defect_keeps_its_traceback(call, monkeypatch, text):
    def broken(*_, **__):
        raise KeyError("x")

    monkeypatch.setattr(run, "prepare", broken)
    words = ["prune", str(call.folder), "--evaluate", text, "--calibration", text]
    result = CliRunner().invoke(app, [*words, "--method", "wanda", "--sparsity", "0.5"])
    assert isinstance(result.exception, KeyError)


@pytest.mark.parametrize(
    "words", [["audit", "--report"], ["theory", "--report"], ["vectors", "make"]]
)
def test_a_folder_that_cannot_be_made_is_no_wrong_answer(words, text):
    result = CliRunner().invoke(app, [*words, f"{text}/x"])
    assert result.exit_code == 2, result.output
    assert f"{text}/x: Not a directory; name another" in result.stderr.replace("\n", "")
