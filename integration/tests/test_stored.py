"""A checkpoint is read, tied and written as the installed transformers does it."""

import pytest
import torch
import transformers
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from checkpoints import FAMILIES, change, heads, model_of
from pruneproof.integration.checkpoint import load, saved
from pruneproof.integration.checkpoint.load import load_skeleton, load_weights, stored_files
from pruneproof.integration.checkpoint.naming import CONVERTS, Group
from pruneproof.integration.checkpoint.settle import settle
from pruneproof.integration.checkpoint.shards import OnHub, Shards
from pruneproof.integration.checkpoint.stored import Stored, ties_of
from pruneproof.integration.decoder.decoder import Decoder
from pruneproof.integration.pruning.weight_store import InMemory, Streamed, check_apart

NAMES = [*FAMILIES, "gemma3"]


@pytest.fixture
def checkpoint(tmp_path):
    """Saves a small model of a family."""

    def make(family, **named):
        model_of(family).save_pretrained(tmp_path / family, **named)
        return tmp_path / family

    return make


def settled(folder, dtype="auto"):
    skeleton = load_skeleton(str(folder), dtype)
    return skeleton, settle(skeleton, stored_files(str(folder), skeleton))


def ties(model):
    return sorted(sorted(names) for names in ties_of(model) if len(names) > 1)


def assert_as_in_memory(folder, dtype="auto"):
    """The skeleton has the ties and dtypes, and its files give the weights, of the loaded model."""
    whole = load_weights(str(folder), dtype, "cpu")
    skeleton, _ = settled(folder, dtype)
    assert type(skeleton) is type(whole)
    assert ties(skeleton) == ties(whole)
    expected, empty = whole.state_dict(), skeleton.state_dict()
    assert {name: each.dtype for name, each in empty.items()} == {
        name: each.dtype for name, each in expected.items()
    }
    stored = Stored(skeleton, Shards(folder))
    read = stored.read(stored.names(), "cpu")
    assert read.keys() == expected.keys()
    for name, each in read.items():
        assert each.dtype == expected[name].dtype
        assert each.equal(expected[name]), name
    return stored, read


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("family", NAMES)
def test_files_give_what_is_loaded_in_memory(family, dtype, checkpoint):
    folder = checkpoint(family)
    stored, read = assert_as_in_memory(folder, dtype)
    back, there = stored.as_stored(read), load_file(folder / "model.safetensors")
    assert back.keys() == there.keys()
    for name, each in back.items():
        assert each.equal(there[name].to(each.dtype)), name


@pytest.mark.parametrize("kind", ["different", "equal", "none"])
@pytest.mark.parametrize("family", ["llama", "gpt_neox", "mixtral", "gemma3"])
def test_tied_is_what_transformers_ties(family, kind, checkpoint):
    folder = checkpoint(family)
    change(folder, heads(kind), tie_word_embeddings=True)
    assert_as_in_memory(folder)
    skeleton, ignored = settled(folder)
    tied = bool(ties(skeleton))
    # transformers 5 compares them, transformers 4 believes the configuration.
    assert tied == (kind != "different" or not CONVERTS)
    assert bool(ignored) == (kind == "different" and tied)


def test_a_head_that_is_not_there_is_made_of_nothing_else(checkpoint):
    folder = checkpoint("llama")
    change(folder, heads("none"), tie_word_embeddings=False)
    with pytest.raises(ValueError, match=r"no tensor lm_head\.weight, which LlamaForCausalLM"):
        settled(folder)


def streamed(folder):
    skeleton = load_skeleton(str(folder), "auto")
    return Streamed(skeleton, Shards(folder), "cpu", Decoder.of(skeleton))


@pytest.mark.parametrize("size", ["5MB", "4KB"])
@pytest.mark.parametrize("family", NAMES)
def test_a_block_at_a_time_writes_what_is_loaded_in_memory(family, size, checkpoint, tmp_path):
    folder, out = checkpoint(family, max_shard_size=size), tmp_path / "out"
    assert (folder / "model.safetensors.index.json").exists() == (size == "4KB")
    store = streamed(folder)
    for number in range(6):
        with store.loaded(number):
            assert not any(each.is_meta for each in store.blocks[number].state_dict().values())
            store.store_block(number, out)
    assert all(each.is_meta for each in store.model.parameters())
    store.save(out, lambda _: None)
    assert Shards(out).files.keys() == Shards(folder).files.keys()
    one, other = (
        AutoModelForCausalLM.from_pretrained(each, dtype="auto").state_dict()
        for each in (folder, out)
    )
    assert one.keys() == other.keys()
    assert all(each.equal(other[name]) for name, each in one.items())


@pytest.mark.parametrize("family", ["mixtral", "gemma3"])
def test_experts_are_run_one_by_one_and_sizes_are_the_texts(family, checkpoint):
    folder = checkpoint(family)
    for model in (load_skeleton(str(folder), "auto"), load_weights(str(folder), "auto", "cpu")):
        assert load.most_positions(model) == 32
        if CONVERTS:
            assert model.config._experts_implementation == "eager"


def test_what_transformers_says_it_needs_no_more_is_returned(checkpoint):
    folder = checkpoint("llama")
    name = "model.layers.0.self_attn.rotary_emb.inv_freq"
    change(folder, lambda tensors: tensors.update({name: torch.ones(4)}))
    assert settled(folder)[1] == (name,)
    assert_as_in_memory(folder)


@pytest.mark.parametrize(
    ("name", "looks"),
    [
        ("model.layers.0.mlp.up_proj.weight_scale_inv", "look like FP8 scales"),
        ("model.layers.0.mlp.up_proj.qweight", "look like GPTQ's or AWQ's; take the checkpoint"),
        ("model.layers.0.mlp.up_proj.lora_A.weight", "an adapter's; merge the adapter"),
        ("model.layers.0.mlp.up_proj.weight_packed", "look like compressed-tensors'"),
        ("model.layers.0.mlp.up_proj.weight.absmax", "look like bitsandbytes'"),
        ("model.layers.0.mlp.gate_up_proj_blocks", "look like MXFP4's"),
        ("model.layers.0.mlp.up_proj.weight_mask", "call prune.remove"),
        ("model.layers.6.mlp.up_proj.weight", "take a version of transformers whose class"),
    ],
)
def test_a_tensor_without_a_place_is_named_and_refused(name, looks, checkpoint):
    folder = checkpoint("llama")
    change(folder, lambda tensors: tensors.update({name: torch.ones(2, 2)}))
    for load_it in (lambda: settled(folder), lambda: load_weights(str(folder), "auto", "cpu")):
        with pytest.raises(ValueError, match="has no place for") as caught:
            load_it()
        assert name in str(caught.value)
        assert looks in str(caught.value)


def test_pickled_weights_are_looked_at_once_they_are_loaded(checkpoint):
    folder = checkpoint("llama")
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(tensors, folder / "pytorch_model.bin")
    skeleton = load_skeleton(str(folder), "auto")
    assert stored_files(str(folder), skeleton) is None
    load_weights(str(folder), "auto", "cpu")
    torch.save(tensors | {"another.scales": torch.ones(2)}, folder / "pytorch_model.bin")
    with pytest.raises(ValueError, match=r"has no place for \(another.scales\)"):
        load_weights(str(folder), "auto", "cpu")


@pytest.mark.parametrize("dtype", [torch.float8_e4m3fn, torch.int8, torch.uint8])
def test_weights_that_need_a_scale_are_refused_without_one(dtype, checkpoint):
    folder = checkpoint("llama")
    name = "model.layers.3.mlp.up_proj.weight"

    def cast(tensors):
        tensors[name] = tensors[name].to(dtype)

    change(folder, cast)
    with pytest.raises(ValueError, match="which needs a scale that is declared nowhere") as caught:
        settled(folder)
    assert name in str(caught.value)


def test_an_expert_that_is_missing_is_noticed(checkpoint):
    folder = checkpoint("mixtral")
    gone = "model.layers.4.block_sparse_moe.experts.3.w1.weight"
    change(folder, lambda tensors: tensors.pop(gone))
    message = "cannot be made into|as 3 × |as 4 × 36 × |no tensor"
    with pytest.raises(ValueError, match=message):
        settled(folder)


def test_another_shape_is_noticed(checkpoint):
    folder = checkpoint("llama")

    def cut(tensors):
        tensors["model.norm.weight"] = torch.ones(15)

    change(folder, cut)
    with pytest.raises(ValueError, match=r"hold model\.norm\.weight as 15, and .* says 16"):
        settled(folder)


def test_of_a_checkpoint_on_the_hub_the_headers_are_enough(checkpoint):
    folder = checkpoint("mixtral")
    headers = dict(Shards(folder).headers)
    assert settle(load_skeleton(str(folder), "auto"), OnHub(headers)) == ()
    headers["model.scales"] = headers["model.norm.weight"]
    with pytest.raises(ValueError, match=r"has no place for \(model\.scales\)"):
        settle(load_skeleton(str(folder), "auto"), OnHub(headers))


def test_the_hub_is_asked_for_headers_alone(checkpoint, monkeypatch):
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    folder, asked = checkpoint("llama"), []
    shards = Shards(folder)

    def nothing(*_, **named):
        assert named["local_files_only"]
        raise LocalEntryNotFoundError("not there")

    class Found:
        tensors = shards.headers

    def metadata(name, **_):
        asked.append(name)
        return type("Repository", (), {"files_metadata": {"model.safetensors": Found}})

    monkeypatch.setattr(huggingface_hub, "snapshot_download", nothing)
    monkeypatch.setattr(huggingface_hub, "get_safetensors_metadata", metadata)
    files = stored_files("owner/model", load_skeleton(str(folder), "auto"))
    assert (asked, files) == (["owner/model"], OnHub(dict(shards.headers)))


def test_blocks_that_are_stored_in_one_tensor_are_not_streamed(checkpoint):
    folder = checkpoint("llama")
    skeleton, _ = settled(folder)
    stored = Stored(skeleton, Shards(folder))
    check_apart("model.layers", stored)
    names = tuple(f"model.layers.{number}.mlp.up_proj.weight" for number in (1, 2))
    stored.groups[names[0]] = Group(names, ("both",), dict)
    with pytest.raises(ValueError, match=r"up_proj.weight are stored in one tensor and belong"):
        check_apart("model.layers", stored)


def corrupt(tensors, what):
    name = next(name for name in tensors if "layers.2" in name and "norm" not in name)
    if what == "bit":
        tensors[name].view(torch.int32)[..., 0] ^= 1
    elif what == "sign of zero":
        tensors[name].view(torch.int32).fill_(-(2**31))
    elif what == "dtype":
        tensors[name] = tensors[name].bfloat16()
    elif what == "missing":
        del tensors[name]
    else:
        tensors["another"] = torch.ones(2)


@pytest.mark.parametrize("what", ["bit", "sign of zero", "dtype", "missing", "additional"])
@pytest.mark.parametrize("family", ["llama", "qwen3_moe"])
def test_a_result_that_differs_from_the_model_is_refused(
    family, what, checkpoint, tmp_path, monkeypatch
):
    folder, out = checkpoint(family), tmp_path / "unfinished/whole"
    model = load_weights(str(folder), "auto", "cpu")
    store = InMemory(model, Decoder.of(model))
    if what == "sign of zero":
        for name, each in store.model.named_parameters():
            if "layers.2" in name:
                each.data.zero_()
    save = store.model.save_pretrained

    def badly(to):
        save(to)
        change(to, lambda tensors: corrupt(tensors, what))

    store.save(out, lambda _: None)
    monkeypatch.setattr(store.model, "save_pretrained", badly)
    with pytest.raises(ValueError, match=r"out: .*remove .*unfinished and run again"):
        store.save(out, lambda _: None)


def test_a_block_that_was_written_badly_is_refused(checkpoint, tmp_path, monkeypatch):
    folder, out = checkpoint("llama"), tmp_path / "whole"
    store = streamed(folder)
    masks = {
        name: torch.rand(each.shape) < 0.5
        for name, each in store.blocks[0].named_parameters()
        if each.ndim == 2
    }
    masks = {name.removesuffix(".weight"): each for name, each in masks.items()}
    for number in range(6):
        with store.loaded(number):
            store.store_block(number, out)
    with pytest.raises(
        ValueError, match=r"layers\.3\.\S+ as written differs from what was measured"
    ):
        store.save(out, lambda number: masks if number == 3 else None)
    store.save(out, lambda _: None)


def test_what_transformers_leaves_out_when_it_saves_is_not_missed(checkpoint, tmp_path):
    model = load_weights(str(checkpoint("llama")), "auto", "cpu")
    model.save_pretrained(tmp_path / "out")
    state = model.state_dict() | {"model.position_ids": torch.arange(4)}
    with pytest.raises(ValueError, match=r"model\.position_ids was measured but not written"):
        saved.compare_saved(tmp_path / "out", model, [state])
    model._keys_to_ignore_on_save = {"position_ids"}
    saved.compare_saved(tmp_path / "out", model, [state])


def test_the_version_is_one_of_those_that_are_tested():
    assert int(transformers.__version__.partition(".")[0]) == (5 if CONVERTS else 4)
