"""The command line itself: its version, its help and what it does not import."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from typer.testing import CliRunner

from pruneproof.cli.app import app


def test_version_is_that_of_the_distribution() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.output) == (0, f"pruneproof {version('pruneproof')}\n")


def test_no_command_shows_the_help_and_is_wrong_usage() -> None:
    result = CliRunner().invoke(app, [])
    assert result.exit_code == 2
    assert "theory" in result.output


def test_an_unknown_command_is_wrong_usage() -> None:
    assert CliRunner().invoke(app, ["no-such-command"]).exit_code == 2


def test_the_command_line_loads_nothing_heavy() -> None:
    """`pruneproof --help` must not wait for torch, and `theory` runs where there is no torch."""
    script = (
        "import sys, pruneproof.cli.app;"
        "print([name for name in ('torch', 'sympy', 'z3', 'transformers') if name in sys.modules])"
    )
    loaded = subprocess.check_output([sys.executable, "-c", script], text=True)
    assert loaded == "[]\n"


def test_a_report_folder_that_is_a_file_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = CliRunner().invoke(app, ["theory", "--report", str(tmp_path / "file")])
    assert result.exit_code == 2
    assert "--report" in result.output
