"""Damaged, half-downloaded and foreign files, and wrong calls, end in one line and exit code 2."""

import json

import numpy as np
import pytest
import torch
from test_inspect_formats import write_gguf

from inspected import NAMES, Found, dense, save

ONE, INDEX = "model.safetensors", "model.safetensors.index.json"


@pytest.fixture
def refused(tmp_path):
    """Inspects something, and holds that it ends in one line and leaves no record."""

    def call(*arguments):
        found = Found(*arguments, report=tmp_path / "report")
        assert found.code == 2, (found.result.exception, found.result.output)
        assert found.result.stderr.count("pruneproof inspect: ") == 1
        assert found.line.startswith("pruneproof inspect: ")
        assert not found.record
        return found.line

    return call


def cut(file, share):
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])


def pickled(folder):
    (folder / ONE).unlink()
    torch.save({}, folder / "pytorch_model.bin")


def outside(folder):
    (folder / ONE).unlink()
    (folder / INDEX).write_text(json.dumps({"weight_map": {"a": "../x.safetensors"}}))


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda folder: cut(folder / ONE, 0.5), "cannot be read; fetch it again"),
        (lambda folder: cut(folder / ONE, 0), "cannot be read; fetch it again"),
        (lambda folder: (folder / ONE).write_text("<html>"), "cannot be read; fetch it again"),
        (lambda folder: (folder / ONE).unlink(), "holds no model.safetensors"),
        (pickled, "pickled ones are not read"),
        (outside, "which leaves the folder"),
        (lambda folder: (folder / "config.json").write_text("{"), "config.json: is no JSON"),
        (lambda folder: (folder / "config.json").write_text("[" * 10**5), "nested too deeply"),
        (lambda folder: (folder / "config.json").write_text("[]"), "must hold a JSON object"),
    ],
)
def test_a_damaged_folder_is_named(tmp_path, refused, harm, message):
    folder = save(tmp_path / "it", dense())
    harm(folder)
    assert message in refused(folder)
    assert str(folder) in refused(folder)


@pytest.mark.parametrize("harm", [lambda t: t[:518], lambda t: t[:-99], lambda t: b"x" + t[1:]])
def test_a_damaged_gguf_file_is_named(tmp_path, refused, harm):
    path = write_gguf(tmp_path / "it.gguf", dense(), "Q8_0")
    path.write_bytes(harm(path.read_bytes()))
    assert "it.gguf: " in refused(path)


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_a_weight_that_is_no_number_is_named(tmp_path, refused, number, dtype):
    tensors = dense()
    tensors[NAMES[9]][3, 4] = number
    assert f"{NAMES[9]}: holds NaN or infinity" in refused(save(tmp_path / "it", tensors, dtype))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--sparsity", "0.5", "--n-m", "2:4"], "not both"),
        (["--sparsity", "1"], "sparsity must lie in [0, 1), got 1.0"),
        (["--sparsity", "nan"], "sparsity must lie in [0, 1), got nan"),
        (["--n-m", "4:2"], "n-m must have 0 < n < m"),
        (["--n-m", "two:four"], "n-m must be two numbers with a colon"),
        (["--method", "wonda"], "method must be one of magnitude, wanda"),
        (["--group", "row"], "group must be output or layer, got row"),
        (["--dense", "/no/such"], "dense: there is no /no/such"),
        (["--mask-of", "/no/such"], "mask-of: there is no /no/such"),
    ],
)
def test_a_wrong_call_is_named(tmp_path, refused, options, message):
    assert message in refused(save(tmp_path / "it", dense()), *options)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sparsity = ", "is no TOML"),
        ("sparsity = true", "sparsity in"),
        (
            "sparsty = 0.5",
            "has the unknown key sparsty; the keys are group, method, n_m, skip, sparsity",
        ),
        ("method = 5", "method in"),
        ('n_m = "2"', "n-m must be two numbers"),
    ],
)
def test_wrong_claims_are_named(tmp_path, refused, text, message):
    path = tmp_path / "claims.toml"
    path.write_text(text)
    assert message in refused(save(tmp_path / "it", dense()), "--claims", path)


def test_a_file_that_is_neither_is_named(tmp_path, refused):
    (tmp_path / "weights.bin").write_bytes(b"x")
    assert "must be a hub id, a folder of safetensors or a GGUF file" in refused(
        tmp_path / "weights.bin"
    )


def test_a_bitmask_with_a_value_too_few_is_named(tmp_path, refused):
    from safetensors.torch import save_file

    W, name = dense()[NAMES[0]], NAMES[0]
    kept = np.abs(W) > 0.5
    stored = {
        f"{name}.compressed": torch.from_numpy(W[kept][:-1]),
        f"{name}.bitmask": torch.from_numpy(np.packbits(kept, axis=-1, bitorder="little")),
        f"{name}.shape": torch.tensor(W.shape),
    }
    (tmp_path / "it").mkdir()
    save_file(stored, tmp_path / "it" / ONE)
    assert f"{name}: has " in refused(tmp_path / "it")
