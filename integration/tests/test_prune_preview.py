"""What `--dry-run` and the other options of the command say and do."""

import json

import pytest
from transformers import AutoModelForCausalLM
from typer.testing import CliRunner

from pruneproof.cli.app import app
from pruneproof.integration.checkpoint.shards import Shards
from pruneproof.integration.decoder.blocks import decoder_blocks, linears
from pruneproof.integration.decoder.decoder import Decoder
from pruneproof.integration.pruning import preview as previewing
from pruneproof.integration.pruning.blockwise import prune_blocks
from pruneproof.integration.pruning.memory import Memory
from pruneproof.integration.pruning.preview import pruned_weights
from pruneproof.integration.recipe.plan import Plan


@pytest.fixture
def command(llama, save_checkpoint, text):
    """Calls the command on a model."""
    folder = save_checkpoint(llama)

    def call(*more, model=folder):
        arguments = ["prune", str(model), "--calibration", text, "--evaluate", text]
        return CliRunner().invoke(app, [*arguments, "--samples", "2", "--seqlen", "8", *more])

    call.folder = folder
    return call


def test_a_dry_run_says_what_will_happen_without_a_weight(command, tmp_path, monkeypatch):
    monkeypatch.setattr(Shards, "read", None)
    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", None)
    out = tmp_path / "a" / "out"
    result = command(
        "--method", "lp", "--p", "2", "--n-m", "2:4", "--dry-run", "--out", str(out)
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    for expected in (
        "LlamaForCausalLM, float32, 16,368 weights, 0.07 MB",
        "6 of model.layers, with 42 matrices",
        "6,528 of the 13,056 in them",
        "lp (p=2.0), 2:4",
        "2 × 8 = 16 tokens, seed 0",
        "50 × 8 = 400 tokens",
        "with --stream",
        "0.07 MB of",
    ):
        assert expected in result.output
    assert not out.parent.exists()


@pytest.mark.parametrize(
    "plan",
    [
        Plan("magnitude", 0.3),
        Plan("magnitude", 0.3, group="layer"),
        Plan("magnitude", n_m=(1, 8)),
        Plan("magnitude", 0.0),
    ],
    ids=str,
)
def test_it_knows_how_many_weights_go(plan, llama, tokens):
    expected = pruned_weights(Decoder.of(llama), plan)
    list(prune_blocks(llama, tokens, plan))
    layers = [layer for block in decoder_blocks(llama) for _, layer in linears(block)]
    assert expected == sum(int((layer.weight == 0).sum()) for layer in layers)


@pytest.mark.parametrize(
    ("available", "gguf", "advice"),
    [
        (10**12, False, "with --stream"),
        (10**8, False, "use --stream"),
        (10, False, "not fit"),
        (10**12, True, "beside the libraries"),
        (10**8, True, "--stream needs safetensors"),
    ],
)
def test_it_advises_streaming_where_memory_is_short(command, monkeypatch, available, gguf, advice):
    monkeypatch.setattr(previewing, "is_gguf", lambda _: gguf)
    monkeypatch.setattr(
        previewing.psutil, "virtual_memory", lambda: type("M", (), {"available": available})
    )
    monkeypatch.setattr(
        previewing,
        "expected_memory",
        lambda *_, stream: Memory(0, 10**6 if stream else 10**9),
    )
    result = command("--method", "wanda", "--sparsity", "0.5", "--dry-run")
    (line,) = [line for line in result.output.splitlines() if line.startswith("memory")]
    assert line.endswith(advice)


def test_a_dry_run_refuses_what_the_run_would(command):
    result = command("--method", "wanda", "--n-m", "1:3", "--dry-run")
    assert result.exit_code == 2
    assert "must divide in_features" in result.output


def test_streaming_by_command_prints_the_same(command, tmp_path):
    call = ("--method", "ria", "--alpha", "1", "--terms", "input", "--sparsity", "0.5")
    report = ("--report", str(tmp_path))
    whole, streamed = command(*call), command(*call, "--stream", *report)
    assert whole.exit_code == streamed.exit_code == 0, streamed.output
    assert [x for x in whole.stdout.splitlines() if "perplexity" in x] == [
        x for x in streamed.stdout.splitlines() if "perplexity" in x
    ]
    record = json.loads((tmp_path / "prune.json").read_text())
    assert record["parameters"] == {"alpha": 1.0, "terms": "input"}
    assert record["stream"] is True
    assert record["peak_memory_bytes"] > 0


def test_parameters_of_a_refinement_reach_it(command, tmp_path):
    result = command(
        "--method", "stochria", "--ratio", "0.5", "--seed", "3", "--sparsity", "0.5",
        "--refine", "r2_dsnot", "--refine-p", "1", "--gamma-prune", "0.5", "--max-cycles", "3",
        "--no-relative-grow", "--form", "printed", "--report", str(tmp_path),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    record = json.loads((tmp_path / "prune.json").read_text())
    assert record["parameters"] == {"ratio": 0.5, "seed": 3}
    assert record["refine_parameters"] == {
        "p": 1.0, "max_cycles": 3, "form": "printed", "gamma_prune": 0.5, "relative_grow": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--method", "magnitude", "--alpha", "1"), "magnitude has no parameter alpha"),
        (("--method", "wanda", "--ratio", "1"), "wanda has no parameter ratio; it takes alpha"),
        (
            ("--method", "wanda", "--max-cycles", "3"),
            "max_cycles is a parameter of a refinement, but refine",
        ),
        (
            ("--method", "wanda", "--refine", "dsnot", "--gamma-grow", "1"),
            "dsnot has no parameter gamma_grow",
        ),
    ],
)
def test_a_parameter_that_the_method_lacks_is_named(command, more, message):
    result = command(*more, "--sparsity", "0.5")
    assert result.exit_code == 2
    assert message in result.output
