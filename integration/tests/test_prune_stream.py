"""Streaming gives what pruning in memory gives, of a checkpoint that is never in memory whole."""

import json
import math

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from checkpoints import change, heads
from pruneproof.integration.checkpoint.naming import CONVERTS
from pruneproof.integration.checkpoint.safetensors_files import INDEX
from pruneproof.integration.checkpoint.shards import Shards
from pruneproof.integration.decoder.passes import Passes
from pruneproof.integration.pruning import blockwise, weight_store
from pruneproof.integration.pruning.run import run
from pruneproof.integration.recipe.plan import Plan
from pruneproof.integration.recipe.texts import Texts

PLAN = Plan("ria", sparsity=0.5, refine="dsnot")
SAME = ("dense_perplexity", "pruned_perplexity", "achieved_sparsity")


def data(text):
    return Texts(text, text, samples=4, seqlen=16)


def tensors(folder):
    return AutoModelForCausalLM.from_pretrained(folder, dtype="auto").state_dict()


def assert_equal(one, other):
    one, other = tensors(one), tensors(other)
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert value.equal(other[name]), name
        assert value.dtype == other[name].dtype


@pytest.mark.parametrize(
    ("dtype", "tied"),
    [
        ("float32", True),
        ("bfloat16", False),
        pytest.param("float32", False, marks=pytest.mark.long),
        pytest.param("bfloat16", True, marks=pytest.mark.long),
        pytest.param("float16", False, marks=pytest.mark.long),
        pytest.param("float16", True, marks=pytest.mark.long),
    ],
)
def test_the_result_is_the_same_bit_for_bit(family, dtype, tied, save_checkpoint, text, tmp_path):
    if tied:
        family.config.tie_word_embeddings = True
        family.tie_weights()
    model = str(save_checkpoint(family.to(getattr(torch, dtype)), max_shard_size="8KB"))
    assert (tmp_path / "model" / INDEX).exists()
    whole = run(model, PLAN, data(text), out=tmp_path / "whole")
    streamed = run(model, PLAN, data(text), stream=True, out=tmp_path / "streamed")
    assert {key: whole[key] for key in SAME} == {key: streamed[key] for key in SAME}
    assert_equal(tmp_path / "whole", tmp_path / "streamed")
    assert not (tmp_path / "streamed.unfinished").exists()


def test_two_heads_where_the_configuration_says_tied_are_one_answer(
    decoder_of, save_checkpoint, text, tmp_path
):
    folder = save_checkpoint(decoder_of("llama"))
    change(folder, heads("different"), tie_word_embeddings=True)
    both = [
        run(str(folder), PLAN, data(text), stream=stream, out=tmp_path / name)
        for name, stream in (("whole", False), ("streamed", True))
    ]
    assert {key: both[0][key] for key in SAME} == {key: both[1][key] for key in SAME}
    assert_equal(tmp_path / "whole", tmp_path / "streamed")
    there = {
        name: "lm_head.weight" in Shards(tmp_path / name).files for name in ("whole", "streamed")
    }
    assert there == dict.fromkeys(there, CONVERTS), "transformers 4 takes the embeddings for both"


def test_another_dtype_than_the_checkpoints_is_the_same_too(llama, save_checkpoint, text, tmp_path):
    model = str(save_checkpoint(llama))
    for name, stream in (("whole", False), ("streamed", True)):
        run(model, PLAN, data(text), stream=stream, out=tmp_path / name, dtype="bfloat16")
    assert_equal(tmp_path / "whole", tmp_path / "streamed")


def test_without_a_folder_it_is_measured(llama, save_checkpoint, text, tmp_path):
    model = str(save_checkpoint(llama))
    streamed = run(model, PLAN, data(text), stream=True)
    whole = run(model, PLAN, data(text))
    assert {key: whole[key] for key in SAME} == {key: streamed[key] for key in SAME}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "text.txt"]


def test_each_block_has_a_file_and_the_index_names_every_tensor_once(
    llama, save_checkpoint, text, tmp_path
):
    run(str(save_checkpoint(llama)), PLAN, data(text), stream=True, out=tmp_path / "out")
    index = json.loads((tmp_path / "out" / INDEX).read_text())
    files = sorted((tmp_path / "out").glob("*.safetensors"))
    found = {}
    for file in files:
        with safe_open(file, "pt") as opened:
            for name in opened.keys():  # noqa: SIM118 - no mapping
                assert name not in found
                found[name] = file.name
    assert found == index["weight_map"]
    assert found.keys() == llama.state_dict().keys()
    assert index["metadata"]["total_size"] == sum(
        each.numel() * each.element_size() for each in llama.parameters()
    )
    for number in range(6):
        of_block = {file for name, file in found.items() if f"layers.{number}." in name}
        assert of_block == {f"model-{number + 1:05d}-of-00009.safetensors"}


def test_a_run_that_is_cut_off_goes_on(llama, save_checkpoint, text, tmp_path, monkeypatch):
    model, out = str(save_checkpoint(llama)), tmp_path / "out"
    run(model, PLAN, data(text), stream=True, out=tmp_path / "whole")
    made = []
    real = blockwise.keep_mask_of

    def cut(*arguments):
        made.append(1)
        if len(made) == 4 * 7 + 3:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(blockwise, "keep_mask_of", cut)
    with pytest.raises(KeyboardInterrupt):
        run(model, PLAN, data(text), stream=True, out=out)
    assert not out.exists()
    first = tmp_path / "out.unfinished/whole/model-00001-of-00009.safetensors"
    written = first.stat().st_mtime_ns
    made.clear()
    monkeypatch.setattr(blockwise, "keep_mask_of", lambda *each: made.append(1) or real(*each))
    run(model, PLAN, data(text), stream=True, out=out)
    assert len(made) == 14, "seven layers each of the two blocks that were not done"
    assert (out / first.name).stat().st_mtime_ns == written
    assert_equal(tmp_path / "whole", out)


def test_one_block_has_weights_at_a_time(llama, save_checkpoint, text, monkeypatch):
    opened, there = [], []
    load, advance, results = weight_store.Streamed.loaded, Passes.advance, Passes.results

    def watched(place, block):
        opened.append(place)
        return load(place, block)

    def look(work):
        def looked(passes, number, block, **options):
            there.append([not next(each.parameters()).is_meta for each in opened[0].blocks])
            return work(passes, number, block, **options)

        return looked

    monkeypatch.setattr(weight_store.Streamed, "loaded", watched)
    monkeypatch.setattr(Passes, "advance", look(advance))
    monkeypatch.setattr(Passes, "results", look(results))
    run(str(save_checkpoint(llama)), PLAN, data(text), stream=True)
    assert len(there) == 6 + 5 + 6, "dense perplexity, pruning, pruned perplexity"
    assert all(each.count(True) == 1 for each in there)
    assert all(each.is_meta for each in opened[0].model.parameters())


def test_a_checkpoint_without_its_prefix_is_understood(llama, save_checkpoint, text, tmp_path):
    model = str(save_checkpoint(llama))
    bare = llama.model
    folder = save_checkpoint(bare, "bare")
    (folder / "config.json").write_text((tmp_path / "model/config.json").read_text())
    config = json.loads((folder / "config.json").read_text())
    config["tie_word_embeddings"] = True
    (folder / "config.json").write_text(json.dumps(config))
    (tmp_path / "model/config.json").write_text(json.dumps(config))
    assert math.isfinite(run(model, PLAN, data(text))["dense_perplexity"])
    run(str(folder), PLAN, data(text), stream=True, out=tmp_path / "streamed")
    run(str(folder), PLAN, data(text), out=tmp_path / "whole")
    assert_equal(tmp_path / "whole", tmp_path / "streamed")
    assert Shards(tmp_path / "streamed").files.keys() == Shards(folder).files.keys()


def test_a_head_under_its_familys_own_name_is_understood_and_keeps_it(
    decoder_of, save_checkpoint, text, tmp_path
):
    model = str(save_checkpoint(decoder_of("gpt_neox")))
    assert "embed_out.weight" in Shards(tmp_path / "model").files
    run(model, PLAN, data(text), out=tmp_path / "whole")
    run(model, PLAN, data(text), stream=True, out=tmp_path / "streamed")
    assert_equal(tmp_path / "whole", tmp_path / "streamed")
    assert Shards(tmp_path / "streamed").files.keys() == Shards(tmp_path / "model").files.keys()


def test_a_lost_head_is_not_made_up_of_what_looks_like_it(decoder_of, save_checkpoint, text):
    folder = save_checkpoint(decoder_of("gpt_neox"))
    tensors = load_file(folder / "model.safetensors")
    tensors["another"] = tensors.pop("embed_out.weight")
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(
        ValueError, match=r"no tensor (lm_head|embed_out)\.weight.* they have another,"
    ):
        run(str(folder), PLAN, data(text), stream=True)


@pytest.mark.parametrize("what", ["missing", "named", "none"])
def test_a_checkpoint_that_cannot_be_streamed_is_refused(
    llama, save_checkpoint, text, tmp_path, what
):
    folder = save_checkpoint(llama, max_shard_size="8KB")
    index = json.loads((folder / INDEX).read_text())
    if what == "missing":
        next(folder.glob("*.safetensors")).unlink()
        message = "which is not there"
    elif what == "named":
        del index["weight_map"]["model.norm.weight"]
        (folder / INDEX).write_text(json.dumps(index))
        message = "holds model.norm.weight, which .* does not list"
    else:
        (folder / INDEX).unlink()
        message = "holds neither model.safetensors nor"
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        run(str(folder), PLAN, data(text), stream=True, out=tmp_path / "out")


def test_reading_gives_a_copy_in_the_wanted_dtype(llama, save_checkpoint):
    folder = save_checkpoint(llama)
    shards = Shards(folder)
    name = "model.norm.weight"
    read = shards.read(name, torch.bfloat16, "cpu")
    assert read.equal(llama.model.norm.weight.to(torch.bfloat16))
    again = shards.read(name, torch.float32, "cpu")
    again.zero_()
    assert shards.read(name, torch.float32, "cpu").equal(llama.model.norm.weight)
