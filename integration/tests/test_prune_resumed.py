"""A run that was cut off goes on with the same model only, and does again what was damaged."""

import json
import math
from hashlib import blake2b
from types import SimpleNamespace

import pytest
from safetensors.torch import load_file, save_file
from transformers import LlamaForCausalLM

from checkpoints import model_of
from pruneproof.integration.pruning import blockwise, prepare, run
from pruneproof.integration.pruning.unfinished import Unfinished
from pruneproof.integration.recipe.plan import Plan
from pruneproof.integration.recipe.texts import Texts

IN_MEMORY = pytest.mark.parametrize("go", [False], indirect=True)
STREAMED = pytest.mark.parametrize("go", [True], indirect=True)


@pytest.fixture(params=[False, True], ids=["memory", "stream"])
def go(request, save_checkpoint, text, tmp_path):
    """Prunes a small LLaMA, in memory or streamed."""
    folder = save_checkpoint(model_of("llama"))

    def go(out="out", **more):
        data = Texts(text, text, samples=2, seqlen=8)
        return run.run(
            str(folder), Plan("wanda", sparsity=0.5), data, stream=request.param,
            out=tmp_path / out, **more,
        )  # fmt: skip

    go.folder, go.stream = folder, request.param
    return go


@pytest.fixture
def cut(go, tmp_path, monkeypatch):
    """A run that was cut off in its fourth block."""
    stored = Unfinished.store_masks

    def store(self, block, masks):
        if block == 3:
            raise KeyboardInterrupt
        stored(self, block, masks)

    with monkeypatch.context() as patched:
        patched.setattr(Unfinished, "store_masks", store)
        with pytest.raises(KeyboardInterrupt):
            go()
    return tmp_path / "out.unfinished"


def one_weight(folder):
    tensors = load_file(folder / "model.safetensors")
    tensors["model.layers.4.mlp.up_proj.weight"][5, 7] += 1
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def write(name, content):
    return lambda folder: (folder / name).write_text(content)


def set_in(name, key, value):
    def change(folder):
        path = folder / name
        path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))

    return change


def of_five_blocks(folder):
    config = model_of("llama").config
    config.num_hidden_layers = 5
    LlamaForCausalLM(config).save_pretrained(folder)


@IN_MEMORY
@pytest.mark.parametrize(
    ("harm", "named"),
    [
        (set_in("config.json", "rms_norm_eps", 1e-3), "config.json"),
        (set_in("config.json", "rope_theta", 500.0), "config.json"),
        (
            set_in("config.json", "rope_scaling", {"rope_type": "linear", "factor": 2.0}),
            "config.json",
        ),
        (one_weight, "model.safetensors"),
        (of_five_blocks, "config.json, model.safetensors"),
        (set_in("generation_config.json", "temperature", 0.6), "generation_config.json"),
        (set_in("tokenizer_config.json", "eos_token", "a"), "tokenizer_config.json"),
        (write("chat_template.jinja", "{{ messages }}"), "chat_template.jinja"),
    ],
    ids=["eps", "rope", "scaling", "weight", "blocks", "generation", "tokenizer", "template"],
)
def test_another_model_is_not_gone_on_with(go, cut, harm, named):
    harm(go.folder)
    with pytest.raises(FileExistsError) as refused:
        go()
    assert str(refused.value) == (
        f"out: {cut} holds another run that was cut off, and {named} changed since; remove it or "
        "name another folder"
    )


def masks_computed(monkeypatch):
    """The numbers of the blocks whose masks are computed from now on."""
    computed, real = [], blockwise.observe

    def observe(number, *arguments, **more):
        computed.append(number)
        return real(number, *arguments, **more)

    monkeypatch.setattr(blockwise, "observe", observe)
    return computed


@IN_MEMORY
def test_the_same_model_written_again_is_gone_on_with(go, cut, monkeypatch):
    tensors = load_file(go.folder / "model.safetensors")
    save_file(tensors, go.folder / "model.safetensors", metadata={"format": "pt"})
    computed = masks_computed(monkeypatch)
    go()
    assert computed == [3, 4, 5]


@pytest.mark.parametrize("name", ["block-0001.safetensors", "dense_perplexity.json"])
def test_what_is_damaged_is_named_and_done_again(go, cut, name, tmp_path, capsys, monkeypatch):
    whole, computed = go("whole"), masks_computed(monkeypatch)
    path = cut / name
    path.write_bytes(path.read_bytes()[:-9])
    capsys.readouterr()
    record = go()
    assert computed == ([1] if name.startswith("block") else []) + [3, 4, 5]
    warnings = [
        line for line in capsys.readouterr().err.splitlines() if line.startswith("warning: ")
    ]
    assert len(warnings) == 1
    assert warnings[0].startswith(f"warning: {path} is damaged or another run's; ")
    assert_the_same(record, whole, tmp_path)


def assert_the_same(record, whole, tmp_path):
    for each in ("dense_perplexity", "pruned_perplexity", "achieved_sparsity"):
        assert record[each] == whole[each]
    one, other = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("out", "whole")
    )
    assert one.pop("prune.json") != other.pop("prune.json"), "they say how long they took"
    assert one == other


@STREAMED
def test_a_finished_file_that_is_damaged_is_written_again(go, cut, tmp_path, capsys):
    whole = go("whole")
    paths = [cut / f"whole/model-0000{number}-of-00009.safetensors" for number in (1, 2, 3)]
    written = paths[0].stat().st_mtime_ns
    content = bytearray(paths[1].read_bytes())
    content[-1] ^= 1
    paths[1].write_bytes(content)
    paths[2].write_bytes(paths[2].read_bytes()[:40])
    capsys.readouterr()
    record = go()
    said = capsys.readouterr().err.splitlines()
    assert [line for line in said if line.startswith("warning")] == [
        f"warning: {each} is damaged; it is written again" for each in paths[1:]
    ]
    assert (tmp_path / "out" / paths[0].name).stat().st_mtime_ns == written
    assert_the_same(record, whole, tmp_path)


@STREAMED
def test_masks_that_are_damaged_after_they_were_used_are_no_dense_block(go, cut, monkeypatch):
    real = Unfinished.once

    def once(self, name, measure):
        found = real(self, name, measure)
        stored = self.store_masks

        def store(block, masks):
            stored(block, masks)
            if block == 5:
                (cut / "block-0000.safetensors").write_bytes(b"")

        self.store_masks = store
        return found

    monkeypatch.setattr(Unfinished, "once", once)
    with pytest.raises(ValueError, match="block-0000.safetensors was written and cannot be read"):
        go()


@pytest.fixture
def named(go, tmp_path, monkeypatch):
    """A run that was cut off when its result had got its name."""
    with monkeypatch.context() as patched:
        patched.setattr(run, "shutil", SimpleNamespace(rmtree=lambda _: 1 / 0))
        with pytest.raises(ZeroDivisionError):
            go(report=tmp_path / "report")
    return tmp_path / "out"


def test_ones_own_result_is_known_again_and_measured_no_more(go, named, tmp_path, monkeypatch):
    (tmp_path / "report/prune.json").unlink()
    disk = SimpleNamespace(free=0)
    monkeypatch.setattr(prepare.shutil, "disk_usage", lambda _: disk)
    monkeypatch.setattr(run, "_measure_and_prune", None)
    record = go(report=tmp_path / "report")
    assert record == json.loads((named / "prune.json").read_text())
    assert record == json.loads((tmp_path / "report/prune.json").read_text())
    assert not (tmp_path / "out.unfinished").exists()
    with pytest.raises(FileExistsError, match=f"^out: {named} exists; name another folder"):
        go()


@IN_MEMORY
def test_a_result_with_an_infinite_perplexity_is_known_again(go, monkeypatch):
    monkeypatch.setattr(run, "_perplexity", lambda *_: math.inf)
    with monkeypatch.context() as patched:
        patched.setattr(run, "shutil", SimpleNamespace(rmtree=lambda _: 1 / 0))
        with pytest.raises(ZeroDivisionError):
            go()
    record = go()
    assert record["dense_perplexity"] == record["pruned_perplexity"] == math.inf


@IN_MEMORY
@pytest.mark.parametrize("what", ["model", "record", "no record", "no JSON"])
def test_a_result_that_is_not_ones_own_is_left_alone(go, named, what):
    if what == "model":
        one_weight(go.folder)
    elif what == "record":
        set_in("prune.json", "seed", 5)(named)
    elif what == "no record":
        (named / "prune.json").unlink()
    else:
        (named / "prune.json").write_text("[")
    with pytest.raises(FileExistsError, match=f"^out: {named} exists; name another folder"):
        go()
    assert named.with_name("out.unfinished").exists()


@IN_MEMORY
@pytest.mark.parametrize("where", ["out", "out/report"])
def test_the_report_may_lie_in_the_result(go, where, tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(Unfinished, "finish", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            go(report=tmp_path / where)
    record = go(report=tmp_path / where)
    assert json.loads((tmp_path / where / "prune.json").read_text()) == record


@IN_MEMORY
def test_a_run_that_reads_all_is_another_run(go, cut):
    with pytest.raises(FileExistsError, match="cut off, of another verify; remove it"):
        go(verify=True)
    content = (go.folder / "model.safetensors").read_bytes()
    record = go("whole", verify=True)
    assert record["files"]["model.safetensors"] == blake2b(content, digest_size=16).hexdigest()
