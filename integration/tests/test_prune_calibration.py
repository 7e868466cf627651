"""What a run says of the documents that it is calibrated with."""

import json
from dataclasses import replace

import pytest
from transformers import AutoTokenizer
from typer.testing import CliRunner

from pruneproof.cli.app import app
from pruneproof.integration.bands.against_paper import _calibrated_otherwise
from pruneproof.integration.bands.settings import PAPER
from pruneproof.integration.experiments import Experiment

LONG, SHORT = "".join(chr(40 + i % 50) for i in range(60)), "ABCDE"


@pytest.fixture
def command(llama, save_checkpoint, text, tmp_path):
    """Calls the command on a model, with calibration documents of these texts."""
    folder = save_checkpoint(llama)
    path = tmp_path / "rows.jsonl"

    def call(rows, *more):
        path.write_text("".join(json.dumps({"text": each}) + "\n" for each in rows))
        arguments = ["prune", str(folder), "--calibration", str(path), "--evaluate", text]
        arguments += ["--method", "wanda", "--sparsity", "0.5", "--samples", "3", "--seqlen", "8"]
        return CliRunner().invoke(app, [*arguments, "--report", str(tmp_path), *more])

    call.folder, call.source = folder, str(path)
    call.record = lambda: json.loads((tmp_path / "prune.json").read_text())
    return call


def with_an_end(folder):
    AutoTokenizer.from_pretrained(folder, eos_token="</s>").save_pretrained(folder)


@pytest.mark.parametrize("dry", [True, False])
def test_one_document_for_all_sequences_is_warned_of(command, dry):
    result = command([SHORT] * 20 + [LONG], *(["--dry-run"] if dry else []))
    assert result.exit_code == 0, result.output
    warning = (
        f"{command.source}: the 3 calibration sequences come from 1 distinct document; take more "
        "long documents, a smaller seqlen, or --pack to join short ones"
    )
    assert result.stderr.splitlines().count(f"warning: {warning}") == 1
    if dry:
        assert "3 × 8 = 24 tokens, seed 0, from 1 distinct document\n" in result.stdout
        return
    assert "calibration        3 sequences of 1 distinct document\n" in result.stdout
    assert result.stderr.index("warning: ") < result.stderr.index("dense perplexity")
    record = command.record()
    assert record["warnings"] == [warning]
    assert (record["calibration_documents"], record["pack"]) == (1, False)


def test_a_document_each_is_not_warned_of(command):
    result = command([LONG[i:] for i in range(40)])
    assert "calibration        3 sequences of 3 distinct documents\n" in result.stdout
    assert "warning" not in result.stderr
    assert (command.record()["calibration_documents"], command.record()["warnings"]) == (3, [])


def test_running_text_has_no_documents(command, text):
    result = command([], "--calibration", text)
    assert "calibration        3 sequences of running text\n" in result.stdout
    record = command.record()
    assert (record["calibration_documents"], record["calibration_separator"]) == (None, None)
    assert record["warnings"] == []


def test_short_documents_are_packed_where_that_is_asked_for(command):
    rows = [SHORT[:3] + chr(60 + i) for i in range(20)]
    result = command(rows)
    assert result.exit_code == 2
    assert "none of its 20 documents is longer than 8 tokens" in result.stderr
    assert "or --pack to join short documents" in result.stderr

    with_an_end(command.folder)
    result = command(rows, "--pack", "--dry-run")
    expected = "5 distinct documents, packed with </s> between"
    assert f"3 × 8 = 24 tokens, seed 0, from {expected}\n" in result.stdout
    result = command(rows, "--pack")
    assert result.exit_code == 0, result.output
    assert f"calibration        3 sequences of {expected}\n" in result.stdout
    record = command.record()
    assert (record["pack"], record["calibration_documents"]) == (True, 5)
    assert record["calibration_separator"] == "</s>"


@pytest.mark.parametrize("dry", [True, False])
def test_packing_that_cannot_be_is_refused(command, text, dry):
    more = ["--pack", *(["--dry-run"] if dry else [])]
    result = command([SHORT] * 9, *more)
    assert (result.exit_code, "neither an eos nor a bos token" in result.stderr) == (2, True)
    result = command([], "--calibration", text, *more)
    assert (result.exit_code, "is running text" in result.stderr) == (2, True)
    with_an_end(command.folder)
    result = command([SHORT], *more)
    assert (result.exit_code, "samples · seqlen are 24; take" in result.stderr) == (2, True)


def test_a_text_that_is_too_short_is_not_tokenised(command, tmp_path):
    short = tmp_path / "short.txt"
    short.write_text("A" * 8)
    result = command([], "--calibration", str(short))
    assert result.exit_code == 2
    assert "short.txt: has at most 8 tokens, needs at least 9" in " ".join(result.stderr.split())
    assert "tokenising" not in result.stderr


def test_packed_data_are_another_experiment_and_others_keep_their_names():
    experiment = Experiment("model", None, PAPER)
    assert experiment.digest == "b35b88c8f7cacaab"
    assert Experiment("model", None, replace(PAPER, pack=True)).record()["data"]["pack"] is True


def test_the_paper_does_not_pack():
    assert list(_calibrated_otherwise(PAPER)) == []
    assert list(_calibrated_otherwise(replace(PAPER, pack=True))) == ["documents are packed"]
