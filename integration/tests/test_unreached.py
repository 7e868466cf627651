"""Experts that no calibration token reached: an error, pruned by magnitude, or left dense."""

import json

import pytest
import torch
import transformers
from transformers import AutoModelForCausalLM
from typer.testing import CliRunner

from checkpoints import MOE, SIZES
from pruneproof import reference
from pruneproof.cli.app import app
from pruneproof.integration.checkpoint.naming import CONVERTS
from pruneproof.integration.decoder.decoder import Decoder
from pruneproof.integration.pruning import blockwise, run
from pruneproof.integration.recipe.plan import Plan
from pruneproof.integration.recipe.texts import Texts

EXPERTS, SILENT = 5, 4
TOKENS = 4 * 16
SEEN = ("expert_tokens", "left_dense", "achieved_sparsity", "pruned_perplexity")
UNREACHED = "no calibration token reached it"


def mixtral(silent_from=0):
    """A Mixtral whose routers never choose its fifth expert, from a block on."""
    torch.manual_seed(0)
    config = transformers.MixtralConfig(**SIZES, **MOE, num_local_experts=EXPERTS)
    model = transformers.MixtralForCausalLM(config).eval()
    for name, each in model.named_parameters():
        if name.endswith("gate.weight") and int(name.split(".")[2]) >= silent_from:
            # Of 2a, a, -a, -2a and 0 the two largest are the first or the second two.
            direction = torch.randn(each.shape[1])
            each.data.copy_(torch.tensor([2.0, 1, -1, -2, 0])[:, None] * direction)
    return model


@pytest.fixture
def folder(save_checkpoint):
    """One of which all blocks are so."""
    return save_checkpoint(mixtral())


@pytest.fixture
def go(folder, text, tmp_path):
    """Prunes it with Wanda."""

    def go(unreached=None, method="wanda", out="out", parameters=None, **more):
        data = Texts(text, text, samples=4, seqlen=16)
        plan = Plan(method, 0.5, parameters=parameters or {}, unreached=unreached)
        return run.run(str(folder), plan, data, out=out and tmp_path / out, **more)

    return go


def matrices_of(folder):
    """Every matrix of the blocks, by what records call it."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype="auto")
    if CONVERTS:
        model.set_experts_implementation("eager")
    decoder, found = Decoder.of(model), {}
    for number, block in enumerate(decoder.blocks(model)):
        for each in decoder.matrices[number]:
            weights = each.of(block).reshape(-1, each.out_features, each.in_features)
            for name, weight in zip(each.names, weights, strict=True):
                found[f"block {number}, {name}"] = weight
    return found


def silent(name):
    return f"experts.{SILENT}." in name


@pytest.mark.parametrize("stream", [False, True])
def test_it_is_an_error_that_says_what_would_help(stream, go, tmp_path):
    message = (
        rf"^block 0: no calibration token reached 1 of its 5 experts, \S+\.experts\.{SILENT} "
        rf"first; an expert is reached by {2 * TOKENS // EXPERTS} on average; take more or other "
        "samples, or decide with --unreached magnitude or --unreached dense$"
    )
    for unreached in (None, "error"):
        with pytest.raises(ValueError, match=message):
            go(unreached, stream=stream)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("unreached", ["magnitude", "dense"])
def test_the_record_counts_what_each_expert_saw(unreached, stream, go):
    record = go(unreached, stream=stream)
    tokens = record["expert_tokens"]
    assert len(tokens) == 6 * 3 * EXPERTS
    assert {silent(name) for name, count in tokens.items() if count == 0} == {True}
    assert sum(silent(name) for name in tokens) == 6 * 3
    for number in range(6):
        mine = {n: count for n, count in tokens.items() if n.startswith(f"block {number}, ")}
        assert sum(mine.values()) == 3 * 2 * TOKENS
    routers = {name for name, why in record["left_dense"].items() if why == "chooses experts"}
    assert len(routers) == 6
    assert all(name.endswith(".gate") for name in routers)
    left = {name for name, why in record["left_dense"].items() if why == UNREACHED}
    assert left == ({name for name in tokens if silent(name)} if unreached == "dense" else set())
    assert len(record["left_dense"]) == 6 + len(left)


def test_dense_leaves_it_as_it_was(go, folder, tmp_path):
    record = go("dense")
    before, after = matrices_of(folder), matrices_of(tmp_path / "out")
    for name, weight in after.items():
        assert weight.equal(before[name]) == silent(name)
        assert (name in record["achieved_sparsity"]["layers"]) != silent(name)
    zeros = sum(int((each == 0).sum()) for each in after.values())
    assert record["achieved_sparsity"]["zeros"] == zeros
    assert record["achieved_sparsity"]["fraction"] == 0.5
    model = record["achieved_sparsity"]["model"]
    assert model["zeros"] >= zeros
    assert model["fraction"] == model["zeros"] / model["weights"] < 0.5


def test_magnitude_is_that_and_reaches_nobody_else(go, folder, tmp_path):
    go("dense", out="dense")
    go("magnitude")
    before, dense, after = map(matrices_of, (folder, tmp_path / "dense", tmp_path / "out"))
    first = [name for name in after if name.startswith("block 0, ")]
    for name in first:
        if silent(name):
            keep = reference.keep_mask(reference.magnitude(before[name].T), 0.5).T
            assert after[name].equal(before[name] * keep)
        else:
            assert after[name].equal(dense[name])
    # Nobody is fed by it, so that it makes no difference to later blocks either.
    assert all(each.equal(dense[name]) for name, each in after.items() if not silent(name))


@pytest.mark.parametrize(
    ("unreached", "stream"),
    [
        ("magnitude", True),
        pytest.param("magnitude", False, marks=pytest.mark.long),
        ("dense", False),
        pytest.param("dense", True, marks=pytest.mark.long),
    ],
)
def test_a_run_that_is_cut_off_remembers_what_was_seen(
    unreached, stream, go, tmp_path, monkeypatch
):
    whole = go(unreached, stream=stream, out="whole")
    stored = run.Unfinished.store_masks

    def store(self, block, masks):
        if block == 4:
            raise KeyboardInterrupt
        stored(self, block, masks)

    with monkeypatch.context() as patched:
        patched.setattr(run.Unfinished, "store_masks", store)
        with pytest.raises(KeyboardInterrupt):
            go(unreached, stream=stream)
    resumed = go(unreached, stream=stream)
    assert {key: resumed[key] for key in SEEN} == {key: whole[key] for key in SEEN}
    assert json.loads((tmp_path / "out/prune.json").read_text())["expert_tokens"]


def test_another_decision_is_another_run(go, monkeypatch):
    stored = run.Unfinished.store_masks
    with monkeypatch.context() as patched:
        patched.setattr(
            run.Unfinished, "store_masks",
            lambda self, block, masks: stored(self, block, masks) if block < 2 else 1 / 0,
        )  # fmt: skip
        with pytest.raises(ZeroDivisionError):
            go("magnitude")
    with pytest.raises(FileExistsError, match="another run that was cut off, of another unreached"):
        go("dense")


@pytest.mark.parametrize("stream", [False, True])
def test_after_the_error_the_run_goes_on_with_the_decision(
    stream, save_checkpoint, text, tmp_path, monkeypatch
):
    """The masks of blocks whose experts were all reached are those of every decision."""
    folder, data = save_checkpoint(mixtral(silent_from=2)), Texts(text, text, samples=4, seqlen=16)

    def go(unreached, out):
        plan = Plan("wanda", 0.5, unreached=unreached)
        return run.run(str(folder), plan, data, out=tmp_path / out, stream=stream)

    with pytest.raises(ValueError, match=r"^block 2: no calibration token reached"):
        go(None, "out")
    looked_at, observe = [], blockwise.observe

    def watched(number, *args, **kwargs):
        looked_at.append(number)
        return observe(number, *args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(blockwise, "observe", watched)
        resumed = go("dense", "out")
    assert looked_at == [2, 3, 4, 5]
    whole = go("dense", "whole")
    assert {key: resumed[key] for key in SEEN} == {key: whole[key] for key in SEEN}
    one, other = matrices_of(tmp_path / "out"), matrices_of(tmp_path / "whole")
    assert all(each.equal(other[name]) for name, each in one.items())


@pytest.mark.parametrize(
    ("method", "parameters"), [("magnitude", {}), ("lp", {}), ("ria", {"alpha": 0.0})]
)
def test_what_needs_no_statistics_asks_for_no_tokens(method, parameters, go, tmp_path):
    record = go(method=method, parameters=parameters)
    assert record["expert_tokens"] == {}
    for weight in matrices_of(tmp_path / "out").values():
        assert ((weight == 0).sum(1) == weight.shape[1] // 2).all()


def test_streamed_and_in_memory_are_one_answer(go, tmp_path):
    whole, streamed = go("magnitude", out="whole"), go("magnitude", out="streamed", stream=True)
    assert {key: whole[key] for key in SEEN} == {key: streamed[key] for key in SEEN}
    one, other = matrices_of(tmp_path / "whole"), matrices_of(tmp_path / "streamed")
    assert all(each.equal(other[name]) for name, each in one.items())


def test_the_command_takes_the_decision(folder, text, tmp_path):
    def call(*more):
        words = ["prune", str(folder), "--method", "wanda", "--sparsity", "0.5", "--samples", "4",
                 "--calibration", text, "--evaluate", text, "--seqlen", "16"]  # fmt: skip
        return CliRunner().invoke(app, [*words, *more])

    result = call()
    assert result.exit_code == 2
    assert "decide with --unreached magnitude or --unreached dense" in " ".join(
        result.output.split()
    )
    result = call("--unreached", "dense", "--report", str(tmp_path))
    assert result.exit_code == 0, result.output
    record = json.loads((tmp_path / "prune.json").read_text())
    assert record["unreached"] == "dense"
    result = call("--unreached", "none")
    assert result.exit_code == 2
    assert "unreached must be one of error, magnitude, dense, got none" in result.output
