"""`pruneproof gate` from the command line."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pruneproof.cli.app import app

OWN = "pruneproof.properties.gate.reference_adapter"


def test_the_help_teaches() -> None:
    output = CliRunner().invoke(app, ["gate", "--help"]).output
    for text in ("class Adapter:", "pruneproof gate my_adapter.py", "Exits with 0"):
        assert text in output


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        [OWN, "--command", "cat"],
        [OWN, "--profile", "slow"],
        [OWN, "--timeout", "0"],
        [OWN, "--known-failures", "nowhere.toml"],
    ],
)
def test_a_wrong_call_is_wrong_usage(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, ["gate", *arguments]).exit_code == 2


def test_the_command_reads_its_arguments(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from pruneproof.properties.gate import command

    seen: dict[str, object] = {}

    def judge_and_report(target: str, **options: object) -> int:
        seen.update(options, target=target)
        return 1

    monkeypatch.setattr(command, "judge_and_report", judge_and_report)
    (tmp_path / "known.toml").touch()
    options = ["--seed", "3", "--report", str(tmp_path / "r"), "--in-process", "--timeout", "2"]
    options += ["--known-failures", str(tmp_path / "known.toml"), "--profile", "quick"]
    assert CliRunner().invoke(app, ["gate", "a.py:B", *options]).exit_code == 1
    assert seen == {
        "target": "a.py:B",
        "command": None,
        "in_process": True,
        "process": None,
        "timeout": 2.0,
        "profile": "quick",
        "seed": 3,
        "known_failures": tmp_path / "known.toml",
        "report": tmp_path / "r",
    }


def test_without_hypothesis_it_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['hypothesis'] = None;"
        f"from pruneproof.cli.app import app; app(['gate', '{OWN}'])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 2
    assert "pruneproof[gate]" in done.stderr
