"""`pruneproof audit` from the command line."""

import json
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from pruneproof.cli.app import app


def test_it_prints_the_ledger_and_writes_the_report(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["audit", "--report", str(tmp_path)])
    assert result.exit_code == 0
    assert "Section 4.3 and Table 5" in result.output
    assert json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))["complete"] is True


def test_a_report_folder_that_is_a_file_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = CliRunner().invoke(app, ["audit", "--report", str(tmp_path / "file")])
    assert result.exit_code == 2
    assert "--report" in result.output


def test_it_needs_neither_torch_nor_sympy() -> None:
    script = (
        "import sys; from pruneproof.integration.audit.run import run; code = run();"
        "heavy = {'torch', 'sympy', 'numpy', 'transformers'} & sys.modules.keys();"
        "sys.exit(code or bool(heavy))"
    )
    subprocess.run([sys.executable, "-c", script], check=True, stdout=subprocess.DEVNULL)
