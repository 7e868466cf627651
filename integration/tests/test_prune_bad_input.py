"""What cannot work is refused before a weight is loaded, and what was done is kept."""

import errno
import json
from types import SimpleNamespace

import pytest
import torch
from accelerate import disk_offload
from safetensors import SafetensorError
from transformers import BertConfig, BertForMaskedLM, T5Config, T5ForConditionalGeneration

from pruneproof.integration.checkpoint.load import check_loaded
from pruneproof.integration.decoder.blocks import decoder_blocks
from pruneproof.integration.decoder.decoder import Decoder
from pruneproof.integration.pruning import prepare, run, unfinished
from pruneproof.integration.recipe.plan import Plan
from pruneproof.integration.recipe.texts import Texts

PLAN = Plan("wanda", sparsity=0.5)


@pytest.fixture
def refused(monkeypatch, text, tmp_path):
    """Runs what must be refused before weights are loaded."""

    def load(*_):
        pytest.fail("weights were loaded")

    def refused(folder, message, plan=PLAN, error=ValueError, **more):
        monkeypatch.setattr(run, "load_weights", load)
        monkeypatch.setattr(run, "Streamed", load)
        data = Texts(**{"calibration": text, "evaluate": text, "samples": 2, "seqlen": 16} | more)
        for stream in (False, True):
            with pytest.raises(error, match=message):
                run.run(str(folder), plan, data, stream=stream, out=tmp_path / "out")

    return refused


def bert():
    return BertForMaskedLM(
        BertConfig(hidden_size=16, intermediate_size=24, num_hidden_layers=6, vocab_size=97,
                   num_attention_heads=2)
    )  # fmt: skip


def t5():
    return T5ForConditionalGeneration(
        T5Config(d_model=16, d_ff=24, num_layers=6, vocab_size=97, num_heads=2, d_kv=8)
    )


@pytest.mark.parametrize("make", [bert, t5])
@pytest.mark.filterwarnings("ignore")
def test_a_model_that_is_no_decoder(make, refused, save_checkpoint):
    refused(save_checkpoint(make()), "must be a decoder that predicts the next token")


def test_a_decoder_without_its_head(llama, refused, save_checkpoint):
    refused(save_checkpoint(llama.model), "is LlamaModel, must be a decoder")


def test_a_missing_tokenizer(family, refused, tmp_path):
    family.save_pretrained(tmp_path / "model")
    refused(tmp_path / "model", "tokenizer: none that works lies with .*put tokenizer.json")


def test_another_models_tokenizer(llama, refused, save_checkpoint):
    llama.resize_token_embeddings(50)
    refused(save_checkpoint(llama), "gives token 82, but the model has embeddings for only 50")


def test_a_calibration_text_that_is_too_short(llama, refused, save_checkpoint, tmp_path):
    (tmp_path / "short.txt").write_text("a" * 16)
    folder = save_checkpoint(llama)
    refused(folder, "16 tokens, needs at least 17", calibration=str(tmp_path / "short.txt"))


def test_an_evaluation_text_that_is_too_short(llama, refused, save_checkpoint, tmp_path):
    (tmp_path / "short.txt").write_text("a" * 15)
    folder = save_checkpoint(llama)
    refused(folder, "15 tokens, needs at least 16", evaluate=str(tmp_path / "short.txt"))


def test_a_sequence_longer_than_the_models(llama, refused, save_checkpoint):
    refused(save_checkpoint(llama), "at most the model's 32, got 33", seqlen=33)


def test_n_of_m_that_does_not_divide(llama, refused, save_checkpoint):
    # 16 inputs divide by 16, the 24 of the last layer do not.
    message = "16 of 4:16 must divide in_features, which are 24 in block 0, mlp.down_proj"
    refused(save_checkpoint(llama), message, Plan("wanda", n_m=(4, 16)))


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (Plan("ria", 0.5, parameters={"alpha": -1.0}), "alpha must be in"),
        (Plan("ri", 0.5, parameters={"terms": "all"}), "terms must be one of"),
        (Plan("lp", 0.5, parameters={"p": -1.0}), "p must be in"),
        (Plan("lp", 0.5, parameters={"strategy": "S5"}), "strategy must be one of"),
        (Plan("stochria", 0.5, parameters={"ratio": 2.0}), "ratio must be in"),
        (Plan("wanda", 0.5, refine="dsnot", refine_parameters={"max_cycles": -1}), "max_cycles"),
        (Plan("wanda", 0.5, refine="r2_dsnot", refine_parameters={"form": "x"}), "form must be"),
    ],
)  # fmt: skip
def test_a_parameter_out_of_range(llama, refused, save_checkpoint, plan, message, no_shape_checks):
    refused(save_checkpoint(llama), message, plan)


def test_a_folder_that_exists(llama, refused, save_checkpoint, tmp_path):
    (tmp_path / "out").mkdir()
    refused(save_checkpoint(llama), "exists; name another folder", error=FileExistsError)


def test_a_disk_without_room(llama, refused, save_checkpoint, monkeypatch):
    folder = save_checkpoint(llama)
    weights = sum(each.numel() for each in llama.parameters())
    layers = 6 * (4 * 16 * 16 + 3 * 16 * 24)
    needed = 4 * weights + layers // 8

    def disk(free):
        monkeypatch.setattr(prepare.shutil, "disk_usage", lambda _: SimpleNamespace(free=free))

    disk(needed - 1)
    refused(folder, "make room or name a folder on another disk", error=OSError)
    disk(needed)
    prepare.check_room(llama, Decoder.of(llama), folder / "out")


def go(folder, text, tmp_path, **more):
    data = Texts(text, text, samples=2, seqlen=16)
    return run.run(str(folder), PLAN, data, out=tmp_path / "out", **more)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "No space left"), SafetensorError("No space left (os error 28)")],
    ids=["python", "safetensors"],
)
def test_a_disk_that_fills_keeps_what_is_done(
    llama, save_checkpoint, text, tmp_path, monkeypatch, error, stream
):
    folder = save_checkpoint(llama)
    real, written = unfinished.save_file, []

    def fill(*arguments):
        written.append(1)
        if len(written) == 2:
            raise error
        real(*arguments)

    monkeypatch.setattr(unfinished, "save_file", fill)
    with pytest.raises(OSError, match="make room; what is done is kept in .*out.unfinished"):
        go(folder, text, tmp_path, stream=stream)
    assert (tmp_path / "out.unfinished/block-0000.safetensors").exists()
    assert not (tmp_path / "out").exists()
    go(folder, text, tmp_path, stream=stream)
    assert len(written) == 2 + 5, "block 0 was not done again"
    assert json.loads((tmp_path / "out/prune.json").read_text())["complete"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_block_that_gives_nan_is_named(llama, save_checkpoint, text, tmp_path, stream):
    decoder_blocks(llama)[4].mlp.up_proj.weight.data.fill_(torch.nan)
    with pytest.raises(ValueError, match="block 4: its outputs hold inf or nan"):
        go(save_checkpoint(llama), text, tmp_path, stream=stream)


def test_numbers_too_large_for_half_precision_name_the_block(
    llama, save_checkpoint, text, tmp_path
):
    decoder_blocks(llama)[5].mlp.down_proj.weight.data.fill_(6e4)
    decoder_blocks(llama)[5].mlp.up_proj.weight.data.fill_(6e4)
    with pytest.raises(ValueError, match="block 5: its outputs hold inf or nan"):
        go(save_checkpoint(llama.half()), text, tmp_path)


def test_weights_that_accelerate_left_on_the_disk(llama, tmp_path):
    disk_offload(llama, tmp_path, torch.device("cpu"))
    with pytest.raises(ValueError, match="do not fit into memory; take --stream"):
        check_loaded(llama)


def test_streaming_takes_one_device(llama, save_checkpoint, text, tmp_path):
    with pytest.raises(ValueError, match="one device for --stream, got auto"):
        go(save_checkpoint(llama), text, tmp_path, stream=True, device="auto")


def test_streaming_takes_safetensors(monkeypatch):
    from pruneproof.integration.checkpoint.load import safetensors_folder

    with pytest.raises(ValueError, match="needs safetensors, got model.gguf"):
        safetensors_folder("model.gguf")
