"""Exit codes, messages and files of whole runs, on small adapters."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pruneproof.properties.gate.command import judge_and_report
from pruneproof.properties.gate.report.write import FILES
from pruneproof.properties.meta.small import LARGE, RIGHT, WRONG

Target = Callable[[str], str]
pytestmark = pytest.mark.usefixtures("catalogue")


def judged(target: str, **options: Any) -> int:
    return judge_and_report(target, profile="quick", in_process=True, **options)


def test_a_right_adapter_conforms(adapter: Target, capsys: pytest.CaptureFixture[str]) -> None:
    assert judged(adapter(RIGHT)) == 0
    output = capsys.readouterr().out
    assert "conforms: 2 of 2 MUST verdicts hold" in output
    assert "2 of 6 not judged (unsupported)" in output


def test_a_must_that_fails_is_shown(adapter: Target, capsys: pytest.CaptureFixture[str]) -> None:
    assert judged(adapter(WRONG)) == 1
    output = capsys.readouterr().out
    for text in (
        "MUST fails: score.negative:wanda",
        "No score is negative.",
        "error ÷ bound  2.5",
        "does not conform: 1 of 2 MUST verdicts fail",
    ):
        assert text in output
    assert max(map(len, output.splitlines()[:20])) <= 80
    assert "\x1b" not in output


def test_the_snippet_on_the_terminal_fails_as_the_gate_did(
    adapter: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    judged(adapter(WRONG))
    program = capsys.readouterr().out.split("without pruneproof:")[1]
    program = program[: program.index("\n", program.index("assert "))]
    with pytest.raises(AssertionError, match="a score < 0"):
        exec(program, {})


@pytest.mark.parametrize("isolate", [False, True])
def test_an_adapter_in_a_process_of_its_own_is_judged_alike(
    adapter: Target, tmp_path: Path, isolate: bool
) -> None:
    target = adapter(WRONG)
    worker = [sys.executable, "-m", "pruneproof.properties.gate.adapter.worker", target]
    how = {} if isolate else {"command": shlex.join(worker)}
    folder = tmp_path / "report"
    where = target if isolate else None
    assert judge_and_report(where, profile="quick", report=folder, **how) == 1
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    (failed,) = [each for each in report["properties"] if each["verdict"] == "failed"]
    program = [sys.executable, "-c", failed["snippet"]]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60)
    assert "AssertionError: a score < 0" in done.stderr


def test_a_should_that_fails_decides_nothing(
    adapter: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judged(adapter(LARGE)) == 0
    output = capsys.readouterr().out
    assert "SHOULD fails: score.large:magnitude" in output
    assert "also wanda" in output
    assert "2 SHOULD verdicts fail" in output


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return weight.abs().T", "must return weight's shape"),
        ("return weight.tolist()", "must return a torch.Tensor, got list"),
        ("return weight.round().int()", "must return a floating-point tensor"),
        ("return weight.abs() + self.bias", "no attribute 'bias'"),
        ("sys.exit(0)", "score raised SystemExit: 0"),
        ("raise NotImplementedError", "supports no score, mask, statistics or refinement"),
    ],
)
def test_a_broken_adapter_is_told_what_to_fix(
    adapter: Target, capsys: pytest.CaptureFixture[str], body: str, message: str
) -> None:
    assert judged(adapter(body)) == 2
    assert message in capsys.readouterr().err


def test_the_call_and_the_line_that_broke_are_named(
    adapter: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    judged(adapter("return weight.abs() + self.bias"))
    error = capsys.readouterr().err
    assert "score('magnitude', float32[3, 16], None, None)" in error
    assert "return weight.abs() + self.bias" in error
    assert "subject.py" not in error


def test_an_adapter_that_supports_what_no_property_asks_for_does_not_conform(
    adapter: Target,
    catalogue: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    del catalogue["score.large"]
    catalogue["score.negative"] = catalogue["score.negative"].__class__(
        **{**vars(catalogue["score.negative"]), "methods": ("ria",)}
    )
    assert judged(adapter(RIGHT)) == 2
    assert "does not conform" in capsys.readouterr().err


@pytest.mark.parametrize("target", ["no_such_module", "nowhere.py", "small_adapter.py:Missing"])
def test_a_target_that_is_not_there_is_a_wrong_call(
    adapter: Target, capsys: pytest.CaptureFixture[str], target: str, monkeypatch, tmp_path: Path
) -> None:
    adapter(RIGHT)
    monkeypatch.chdir(tmp_path)
    assert judged(target) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_the_report_says_everything(adapter: Target, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "report"
    assert judged(adapter(WRONG), report=folder, seed=3) == 1
    assert {each.name for each in folder.iterdir()} == set(FILES)
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert report["complete"] is True
    assert (report["name"], report["version"], report["seed"]) == ("small", "1.0", 3)
    assert report["conventions"]["measured"]
    verdicts = {(each["id"], each["method"]): each["verdict"] for each in report["properties"]}
    assert verdicts["score.negative", "magnitude"] == "passed"
    assert verdicts["score.negative", "wanda"] == "failed"
    assert verdicts["score.negative", "ria"] == "unsupported"
    (failed,) = [each for each in report["properties"] if each["verdict"] == "failed"]
    assert (failed["level"], failed["statement"]) == ("MUST", "Lemma 3.1")
    with pytest.raises(AssertionError):
        exec(failed["snippet"], {})


@pytest.mark.parametrize("body", ["raise NotImplementedError", "raise KeyboardInterrupt"])
def test_a_run_that_does_not_finish_leaves_no_report(
    adapter: Target, tmp_path: Path, body: str
) -> None:
    folder = tmp_path / "report"
    assert judged(adapter(RIGHT), report=folder) == 0
    try:
        code = judged(adapter(body), report=folder)
    except KeyboardInterrupt:
        code = 130
    assert code != 0
    assert list(folder.iterdir()) == []


def test_a_fault_of_the_gate_is_no_verdict(
    adapter: Target,
    catalogue: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    old = catalogue["score.negative"]
    catalogue["score.negative"] = old.__class__(**{**vars(old), "check": broken})
    assert judged(adapter(RIGHT), report=tmp_path / "report") == 2
    assert "while judging score.negative:magnitude" in capsys.readouterr().err
    assert list((tmp_path / "report").iterdir()) == []


def test_an_adapter_that_errs_at_random_is_reported(adapter: Target) -> None:
    body = """
        self.calls = getattr(self, "calls", 0) + 1
        return -weight.abs() if self.calls % 30 == 0 else weight.abs()
    """
    assert judge_and_report(adapter(body.strip())) == 1
