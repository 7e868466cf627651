"""Names in files and paths reach a terminal escaped."""

from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console
from typer.testing import CliRunner

from pruneproof.cli.app import app
from pruneproof.cli.prune import _say
from pruneproof.integration.doctor.finding import Finding, Verdict
from pruneproof.integration.doctor.terminal import show
from pruneproof.integration.progress import warn

CLEARS = "layers.\x1b[2J\x07\u202e0"
SHOWN = r"layers.\x1b[2J\x07\u202e0"


def test_the_doctors_findings_are_shown_escaped() -> None:
    finding = Finding("weights", Verdict.OFF, CLEARS, CLEARS, CLEARS, CLEARS, CLEARS)
    found = SimpleNamespace(
        findings=[finding], model=None, verdict=Verdict.OFF, windows=1, seqlen=2, fingerprint="f"
    )
    screen = Console(file=StringIO(), width=300)
    show(found, screen)  # type: ignore[arg-type]
    text = screen.file.getvalue()  # type: ignore[attr-defined]
    assert text.count(SHOWN) == 5
    assert "\x1b" not in text


def test_what_prune_says_is_shown_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    _say("not taken", CLEARS)
    warn(CLEARS)
    captured = capsys.readouterr()
    assert captured.out == f"not taken          {SHOWN}\n"
    assert captured.err == f"warning: {SHOWN}\n"


def test_an_error_is_shown_escaped(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("a")
    given = ["--method", "wanda", "--sparsity", "0.5", "--calibration", str(text)]
    done = CliRunner().invoke(
        app, ["prune", str(tmp_path / CLEARS), *given, "--evaluate", str(text)]
    )
    assert done.exit_code == 2
    assert SHOWN in done.output
    assert "\x1b" not in done.output
