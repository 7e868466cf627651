"""Answers that were computed elsewhere: right ones pass, wrong ones do not."""

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from typer.testing import CliRunner

from pruneproof.cli.app import app
from pruneproof.properties.gate.adapter.wire import decoded_tensor, encoded
from pruneproof.properties.gate.reference_adapter import Adapter
from pruneproof.properties.vectors.check import Outcome, check, judged

Files = dict[str, dict[str, Any]]
Replies = Callable[..., list[dict[str, Any]]]
Outcomes = Callable[..., Iterator[Outcome]]


class Plain:
    """Right: float32 throughout, and nothing is looked at twice."""

    power = 1.0

    def score(
        self, method: str, weight: Tensor, inputs: Any = None, outputs: Any = None, **named: Any
    ):
        for tensor in (weight, inputs, outputs):
            if tensor is not None and not tensor.isfinite().all():
                raise ValueError("not finite")
        if inputs is not None and inputs.shape[1] != weight.shape[1]:
            raise ValueError("another number of features")
        magnitude = weight.float().abs()
        if method == "magnitude":
            return magnitude
        if method == "wanda":
            return magnitude * self.norm(inputs) ** named.get("alpha", 1.0)
        if method == "ri":
            terms = magnitude / magnitude.sum(0), magnitude / magnitude.sum(1, keepdim=True)
            return {"both": terms[0] + terms[1], "input": terms[0], "output": terms[1]}[
                named.get("terms", "both")
            ]
        raise NotImplementedError(method)

    def norm(self, inputs: Tensor) -> Tensor:
        return inputs.float().square().sum(0).sqrt() ** self.power

    def keep_mask(
        self,
        method: str,
        weight: Tensor,
        *layer: Any,
        sparsity: float,
        group: str = "output",
        **named: Any,
    ):
        if not 0 <= sparsity < 1:
            raise ValueError(sparsity)
        scores = self.score(method, weight, *layer, **named)
        grouped = scores if group == "output" else scores.reshape(1, -1)
        order = grouped.argsort(dim=1, stable=True)
        keep = torch.ones_like(grouped, dtype=torch.bool)
        keep.scatter_(1, order[:, : self.count(grouped.shape[1], sparsity)], False)
        return keep.reshape(weight.shape)

    def count(self, n: int, sparsity: float) -> int:
        return int(n * sparsity)


class SquaredNorm(Plain):
    power = 2.0


class OneTooMany(Plain):
    def count(self, n: int, sparsity: float) -> int:
        return int(n * sparsity) + 1


class PrunesTheHighest(Adapter):
    def score(self, *arguments: Any, **named: Any) -> Tensor:
        return -super().score(*arguments, **named)


class CheckedByNobody(Plain):
    def score(
        self, method: str, weight: Tensor, inputs: Any = None, outputs: Any = None, **named: Any
    ):
        inputs = None if inputs is None else inputs.nan_to_num()
        return super().score(method, weight.nan_to_num(), inputs, outputs, **named)


class SampleVariance(Adapter):
    def activation_statistics(self, batches: list[Tensor]) -> dict[str, Any]:
        found = super().activation_statistics(batches)
        return found | {"var": found["var"] * found["tokens"] / max(1, found["tokens"] - 1)}


class CountsBatches(Adapter):
    def activation_statistics(self, batches: list[Tensor]) -> dict[str, Any]:
        return super().activation_statistics(batches) | {"tokens": len(batches)}


class NeverSwaps(Adapter):
    def refine(self, method: str, weight: Tensor, keep: Tensor, *rest: Any, **named: Any) -> Tensor:
        return keep


@pytest.mark.parametrize("name", ["magnitude", "wanda", "ri", "keep_mask"])
def test_another_right_implementation_passes(outcomes: Outcomes, name: str) -> None:
    for outcome in outcomes(name, Plain()):
        assert outcome.verdict in ("passed", "unsupported"), outcome


@pytest.mark.parametrize(
    ("name", "wrong", "reason"),
    [
        ("wanda", SquaredNorm, "error ÷ bound"),
        ("wanda", CheckedByNobody, "finite, though"),
        ("keep_mask", OneTooMany, "of weights"),
        ("keep_mask", PrunesTheHighest, "must keep"),
        ("keep_n_of_m", PrunesTheHighest, "must keep"),
        ("activation_statistics", SampleVariance, "var"),
        ("activation_statistics", CountsBatches, "tokens is"),
        ("dsnot", NeverSwaps, "it must"),
        ("r2_dsnot", NeverSwaps, "it must"),
    ],
)
def test_a_wrong_implementation_fails(
    outcomes: Outcomes, name: str, wrong: type, reason: str
) -> None:
    failed = [outcome for outcome in outcomes(name, wrong()) if outcome.verdict == "failed"]
    assert any(reason in outcome.reason for outcome in failed)


@pytest.mark.parametrize(
    ("id", "answer", "reason"),
    [
        ("wanda/one-by-one", {"dtype": "float32", "shape": [1], "values": ["0x1p+0"]}, "shape"),
        (
            "wanda/one-by-one",
            {"dtype": "float16", "shape": [1, 1], "values": ["0x1p+0"]},
            "float32 or",
        ),
        ("wanda/one-by-one", {"dtype": "float32", "shape": [1, 1], "values": ["nan"]}, "= inf"),
        ("wanda/one-by-one", {"dtype": "float32", "shape": [1, 1], "values": [1.5]}, "hexadecimal"),
        ("wanda/one-by-one", 3, "must be an object"),
    ],
)
def test_an_answer_of_another_form_is_wrong(
    files: Files, id: str, answer: Any, reason: str
) -> None:
    (test,) = (each for each in files["wanda"]["tests"] if each["id"] == id)
    outcome = judged("score", test, {"id": id, "answer": answer})
    assert outcome.verdict == "failed"
    assert reason in outcome.reason


def test_an_error_is_no_answer_to_a_valid_vector(files: Files) -> None:
    test = files["wanda"]["tests"][0]
    assert judged("score", test, {"error": "no"}).reason == "refused: 'no'"


def test_a_double_must_be_as_exact_as_one(files: Files) -> None:
    (test,) = (each for each in files["wanda"]["tests"] if each["id"] == "wanda/double")
    rounded = Plain().score(
        "wanda", *(decoded_tensor(test[key]).float() for key in ("weight", "inputs"))
    )
    assert judged("score", test, {"answer": encoded(rounded)}).verdict == "passed"
    assert judged("score", test, {"answer": encoded(rounded.double())}).verdict == "failed"


def test_the_command_tells_right_from_wrong(replies: Replies, tmp_path: Path) -> None:
    write(tmp_path / "wanda.jsonl", replies("wanda", Plain()))
    result = run(tmp_path)
    assert result.exit_code == 0, result.output
    assert "30 passed" in result.output
    assert "keep_mask                not answered" in result.output
    write(tmp_path / "wanda.jsonl", replies("wanda", SquaredNorm()))
    result = run(tmp_path)
    assert result.exit_code == 1
    assert "wanda/one-by-one\n  score [0, 0] is" in result.output


def test_a_missing_answer_is_reported(replies: Replies, tmp_path: Path) -> None:
    write(tmp_path / "ri.jsonl", replies("ri", Plain())[1:])
    result = run(tmp_path)
    assert result.exit_code == 1
    assert "19 passed, 1 missing" in result.output
    assert "no answer to ri/whole-numbers" in result.output


def test_unsupported_does_not_count_as_passed(files: Files, tmp_path: Path) -> None:
    write(
        tmp_path / "ria.jsonl", [{"id": t["id"], "unsupported": ""} for t in files["ria"]["tests"]]
    )
    result = run(tmp_path)
    assert result.exit_code == 2
    assert "nothing is supported" in result.output


@pytest.mark.parametrize(
    ("file", "lines", "message"),
    [
        ("other.jsonl", [], "there are vectors of"),
        ("ri.jsonl", ["hello"], "line 1: a line must be one JSON object"),
        ("ri.jsonl", ['{"id": "ri/none", "error": ""}'], "no vector has the id 'ri/none'"),
        ("ri.jsonl", ['{"id": "ri/double", "error": ""}'] * 2, "line 2: ri/double has been"),
        ("ri.jsonl", ['{"id": "ri/double"}'], "give one of answer, error and unsupported"),
    ],
)
def test_what_is_no_answer_is_wrong_usage(
    tmp_path: Path, file: str, lines: list[str], message: str
) -> None:
    (tmp_path / file).write_text("\n".join(lines))
    result = run(tmp_path)
    assert result.exit_code == 2
    assert message in result.output


def test_a_folder_without_answers_is_wrong_usage(tmp_path: Path) -> None:
    assert run(tmp_path).exit_code == 2
    assert run(tmp_path / "none").exit_code == 2


def test_the_command_writes_the_files(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["vectors", "make", str(tmp_path / "new")])
    assert result.exit_code == 0
    assert (tmp_path / "new/schema.json").exists()
    assert json.loads((tmp_path / "new/lp.json").read_text())["method"] == "lp"


def test_the_excuses_of_acceptable_vectors(files: Files) -> None:
    (test,) = (each for each in files["ri"]["tests"] if each["id"] == "ri/dead-input")
    exact = decoded_tensor(test["expected"])
    dead = decoded_tensor(test["weight"]) == 0
    for answer, verdict in (
        (exact, "passed"),
        (exact.masked_fill(dead, math.nan), "passed"),
        (exact.masked_fill(~dead, math.nan), "failed"),
        (exact.masked_fill(dead, 1.0), "failed"),
    ):
        assert judged("score", test, {"answer": encoded(answer)}).verdict == verdict
    assert judged("score", test, {"error": "a dead input"}).verdict == "passed"


def write(path: Path, lines: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert check(path.parent)


def run(folder: Path) -> Any:
    return CliRunner().invoke(app, ["vectors", "check", str(folder)])
