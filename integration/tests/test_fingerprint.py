"""A fingerprint tells two checkpoints apart by what is in their files, and reads little of it."""

import os
import shutil
from hashlib import blake2b
from itertools import pairwise
from types import SimpleNamespace

import gguf
import huggingface_hub
import pytest
import torch
from safetensors.torch import load_file, save_file

from checkpoints import model_of
from pruneproof.integration.checkpoint import fingerprint
from pruneproof.integration.checkpoint.fingerprint import PAGE, PAGES, fingerprint_of_files
from pruneproof.integration.checkpoint.safetensors_files import INDEX

LARGE = 2**18
"""Numbers in a tensor of which not all is read; 4 bytes each."""


@pytest.fixture
def folder(tmp_path, save_checkpoint):
    """A small LLaMA with its tokenizer, in several files."""
    return save_checkpoint(model_of("llama"), max_shard_size="16KB")


@pytest.fixture
def large(tmp_path):
    """A checkpoint of one tensor of a megabyte, and where its bytes begin in the file."""
    torch.manual_seed(0)
    save_file({"one": torch.randn(LARGE)}, tmp_path / "model.safetensors")
    return tmp_path, (tmp_path / "model.safetensors").stat().st_size - 4 * LARGE


def of(folder, **more):
    return fingerprint_of_files(str(folder), None, **more)


def flip(path, place):
    """Change one byte, an end of line into a space, and not when the file was written."""
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(place)
        (byte,) = file.read(1)
        file.seek(place)
        file.write(bytes([byte ^ 0x2A]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def changed(one, other):
    return {name for name in {*one, *other} if one.get(name) != other.get(name)}


@pytest.mark.parametrize("whole", [False, True])
def test_one_byte_of_any_file_is_seen(folder, whole):
    before = of(folder, whole=whole)
    (folder / "README.md").write_text("no part of the model")
    assert before.keys() == {each.name for each in folder.iterdir()} - {"README.md"}
    assert {"config.json", "tokenizer.json", "tokenizer_config.json", INDEX} < before.keys()
    for name in before:
        # Of weights the last, since a damaged header is refused.
        flip(folder / name, (folder / name).stat().st_size - 1)
        assert changed(before, of(folder, whole=whole)) == {name}
        flip(folder / name, (folder / name).stat().st_size - 1)
    assert of(folder, whole=whole) == before


@pytest.mark.parametrize(
    "name", ["chat_template.jinja", "merges.txt", "tokenizer.model", "vocab.json"]
)
def test_a_file_that_is_added_is_seen(folder, name):
    before = of(folder)
    (folder / name).write_text("{}")
    assert changed(before, of(folder)) == {name}


def test_every_byte_of_a_small_tensor_is_seen(tmp_path):
    path = tmp_path / "model.safetensors"
    save_file({"one": torch.zeros(40), "two": torch.ones(7, dtype=torch.int8)}, path)
    before = of(tmp_path)
    for place in range(path.stat().st_size - 167, path.stat().st_size):
        flip(path, place)
        assert of(tmp_path) != before, place
        flip(path, place)


def test_a_tensors_name_and_dtype_are_seen(tmp_path):
    path, zeros = tmp_path / "model.safetensors", torch.zeros(8)
    found = set()
    for tensors in (
        {"one": zeros},
        {"two": zeros},
        {"one": zeros.int()},
        {"one": zeros.view(2, 4)},
    ):
        save_file(tensors, path)
        found.add(of(tmp_path)["model.safetensors"])
    assert len(found) == 4


def test_of_a_large_tensor_8_pages_are_read_from_its_first_byte_to_its_last(large, monkeypatch):
    folder, begin = large
    path, read, real = folder / "model.safetensors", [], fingerprint._bytes
    monkeypatch.setattr(
        fingerprint, "_bytes", lambda file, span: read.append(span) or real(file, span)
    )
    before = of(folder)
    pages = [span for span in read if span.start >= begin and span.start < span.stop]
    assert pages[0].start == begin
    assert pages[-1].stop == begin + 4 * LARGE
    assert [stop - start for start, stop in pages] == [PAGE] * PAGES
    apart = {later.start - page.start for page, later in pairwise(pages)}
    assert max(apart) - min(apart) <= 1
    for start, stop in pages:
        for place in (start, stop - 1):
            flip(path, place)
            assert of(folder) != before
            flip(path, place)


def test_a_byte_between_the_pages_is_seen_where_all_is_read(large):
    folder, begin = large
    before, verified = of(folder), of(folder, whole=True)
    flip(folder / "model.safetensors", begin + PAGE)
    assert of(folder) == before
    assert of(folder, whole=True) != verified
    content = (folder / "model.safetensors").read_bytes()
    assert of(folder, whole=True) == {
        "model.safetensors": blake2b(content, digest_size=16).hexdigest()
    }


def test_when_a_file_was_written_does_not_count(folder, tmp_path):
    before = of(folder)
    shutil.copytree(folder, tmp_path / "copy", copy_function=shutil.copyfile)
    assert of(tmp_path / "copy") == before


@pytest.mark.parametrize("zipped", [True, False])
def test_pickled_weights_are_seen(tmp_path, zipped):
    model, path = model_of("llama"), tmp_path / "pytorch_model.bin"
    found = []
    for _ in range(2):
        state = {name: each.clone() for name, each in model.state_dict().items()}
        torch.save(state, path, _use_new_zipfile_serialization=zipped)
        found.append(of(tmp_path))
        with torch.no_grad():
            model.model.layers[3].mlp.up_proj.weight[5, 7] += 1
    assert changed(*found) == {"pytorch_model.bin"}


def test_a_large_pickled_tensor_is_not_read_whole(tmp_path, monkeypatch):
    torch.save({"one": torch.zeros(LARGE)}, tmp_path / "pytorch_model.bin")
    read, real = [], fingerprint._bytes
    monkeypatch.setattr(
        fingerprint, "_bytes", lambda file, span: read.append(span) or real(file, span)
    )
    of(tmp_path)
    assert PAGES * PAGE < sum(stop - start for start, stop in read) < PAGES * PAGE + 4096


def write_gguf(path, epsilon=1e-5, value=1.0):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_layer_norm_rms_eps(epsilon)
    tensor = torch.ones(64, 64)
    tensor[63, 63] = value
    writer.add_tensor("token_embd.weight", tensor.numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_settings_weights_and_neighbours_of_a_gguf_file_are_seen(tmp_path):
    path = tmp_path / "m.gguf"
    found = []
    for more in ({}, {"epsilon": 1e-6}, {"value": 2.0}):
        write_gguf(path, **more)
        found.append(of(path)["m.gguf"])
    assert len(set(found)) == 3
    write_gguf(path)
    before = of(path)
    write_gguf(tmp_path / "other.gguf")
    assert of(path) == before == {"m.gguf": found[0]}
    (tmp_path / "tokenizer_config.json").write_text("{}")
    assert changed(before, of(path)) == {"tokenizer_config.json"}


def test_a_model_of_the_hub_is_seen_in_the_cache_by_its_commit(folder, tmp_path, monkeypatch):
    commit, cache = "0" * 40, tmp_path / "hub"
    snapshot = cache / "models--owner--model" / "snapshots" / commit
    shutil.copytree(folder, snapshot)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
    model = SimpleNamespace(config=SimpleNamespace(_commit_hash=commit))
    before = fingerprint_of_files("owner/model", model)
    assert before == of(folder)
    name = next(each.name for each in snapshot.glob("*.safetensors"))
    tensors = load_file(snapshot / name)
    tensors[next(iter(tensors))].view(-1)[0] += 1
    save_file(tensors, snapshot / name, metadata={"format": "pt"})
    assert changed(before, fingerprint_of_files("owner/model", model)) == {name}
