"""Known failures are strict: they must fail, and be in the catalogue."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pruneproof.properties.gate.command import judge_and_report
from pruneproof.properties.gate.known_failures import KnownFailuresError, read_known_failures
from pruneproof.properties.gate.property import Property
from pruneproof.properties.meta.small import LARGE, RIGHT, WRONG

Target = Callable[[str], str]


@pytest.fixture
def known(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "known.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


ENTRY = '["{key}"]\nreason = "we know"\nlink = "https://example.org/1"\n'


@pytest.mark.parametrize("key", ["score.negative:wanda", "score.negative"])
def test_a_known_failure_does_not_fail_the_gate(
    catalogue: dict[str, Property], adapter: Target, known, key: str, tmp_path: Path
) -> None:
    file = known(ENTRY.format(key=key))
    folder = tmp_path / "report"
    options = {"profile": "quick", "known_failures": file, "report": folder}
    assert judge_and_report(adapter(WRONG), in_process=True, **options) == 0
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    (found,) = [each for each in report["properties"] if each["verdict"] == "known_failure"]
    assert found["method"] == "wanda"
    assert found["reason"] == "we know (https://example.org/1)"
    assert "snippet" in found


def test_what_is_not_shown_may_be_known(
    catalogue: dict[str, Property], adapter: Target, known
) -> None:
    body = "if weight.shape != (3, 16) and len(weight) > 1: raise NotImplementedError\n        "
    target, file = adapter(body + RIGHT), known(ENTRY.format(key="score.negative"))
    assert judge_and_report(target, in_process=True, profile="quick") == 1
    assert judge_and_report(target, in_process=True, profile="quick", known_failures=file) == 0


@pytest.mark.parametrize(
    ("body", "key", "message"),
    [
        (RIGHT, "score.negative:wanda", "score.negative:wanda passes; remove the entry"),
        (RIGHT, "score.negative", "score.negative passes; remove the entry"),
        (LARGE, "score.large:ria", "score.large:ria is unsupported"),
        (WRONG, "score.large", "score.large passes"),
    ],
)
def test_an_entry_that_is_out_of_date_fails_the_gate(
    catalogue: dict[str, Property],
    adapter: Target,
    known,
    body: str,
    key: str,
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = known(ENTRY.format(key=key))
    assert (
        judge_and_report(adapter(body), in_process=True, profile="quick", known_failures=file) == 1
    )
    assert message in capsys.readouterr().out


def test_an_entry_that_others_cover_is_out_of_date(
    catalogue: dict[str, Property], adapter: Target, known, capsys: pytest.CaptureFixture[str]
) -> None:
    file = known(ENTRY.format(key="score.negative") + ENTRY.format(key="score.negative:wanda"))
    assert (
        judge_and_report(adapter(WRONG), in_process=True, profile="quick", known_failures=file) == 1
    )
    assert "covered by entries for its methods" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ENTRY.format(key="score.negatve:wanda"), 'the closest is "score.negative:wanda"'),
        (ENTRY.format(key="score.negatve"), 'the closest is "score.negative"'),
        (ENTRY.format(key="score.negative:wnda"), 'the closest is "score.negative:wanda"'),
        ('["score.negative"]\nlink = ""', "must say why it fails"),
        ('["score.negative"]\nreason = " "', "must say why it fails"),
        ('["score.negative"]\nreason = 3', "must say why it fails"),
        ('["score.negative"]\nreason = "a"\nlink = 3', "link must be a string"),
        ('["score.negative"]\nreason = "a"\nseverity = 3', "reason and link only, got severity"),
        ('[score.negative]\nreason = "a"', "an id stands in quotation marks"),
        ('"score.negative" = "because"', "must be a table"),
        ("[score", "is no TOML"),
    ],
)
def test_a_wrong_file_is_an_error(
    catalogue: dict[str, Property], known, text: str, message: str
) -> None:
    with pytest.raises(KnownFailuresError, match="known.toml") as caught:
        read_known_failures(known(text), catalogue)
    assert message in str(caught.value)


def test_a_wrong_file_ends_the_command(
    catalogue: dict[str, Property], adapter: Target, known, tmp_path: Path
) -> None:
    assert judge_and_report(adapter(RIGHT), in_process=True, known_failures=known("[")) == 2
    assert (
        judge_and_report(adapter(RIGHT), in_process=True, known_failures=tmp_path / "none.toml")
        == 2
    )
