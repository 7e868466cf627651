"""The GitHub Action: what its shell steps do, with a stand-in for `pruneproof`."""

import os
import re
import subprocess
import textwrap
from pathlib import Path

import pytest

ACTION = (Path(__file__).resolve().parents[2] / "action.yml").read_text(encoding="utf-8")
SCRIPT = textwrap.dedent(ACTION.split("      run: |\n")[1])
STAND_IN = """#!/bin/sh
printf '%s\\n' "$@" > "$ARGUMENTS"
[ -z "$SAYS" ] || { echo summary > "$REPORT/summary.md"; echo "$SAYS" > "$REPORT/report.json"; }
exit "$ENDS"
"""
OLD = '{"exit_code": 0}'
"""What a report of an earlier run says."""


def test_no_input_is_pasted_into_a_command() -> None:
    for line in ACTION.splitlines():
        if "${{" in line:
            assert re.match(r"\s+(if|value|python-version|[A-Z_]+): \$\{\{", line), line
    assert "${{" not in SCRIPT


@pytest.mark.parametrize(
    ("ends", "says", "fails", "summary"),
    [
        (0, '{"exit_code": 0}', 0, "summary"),
        (1, '{"exit_code": 1}', 1, "summary"),
        (2, "", 2, "could not"),
        # The adapter has ended the process in its own way, before the report or after it.
        (0, "", 2, "could not"),
        (0, '{"exit_code": 1}', 1, "summary"),
        (1, '{"exit_code": 0}', 0, "summary"),
        (0, "{", 2, "summary"),
        (0, "{}", 2, "summary"),
    ],
)
def test_it_judges_summarises_and_fails_as_the_report_says(
    tmp_path: Path, ends: int, says: str, fails: int, summary: str
) -> None:
    program = tmp_path / "bin" / "pruneproof"
    program.parent.mkdir()
    program.write_text(STAND_IN, encoding="utf-8")
    program.chmod(0o755)
    report, target = tmp_path / "a report", "$(touch pwned); a b.py:Adapter"
    report.mkdir()
    (report / "report.json").write_text(OLD, encoding="utf-8")
    environment = {
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        "TARGET": target,
        "KNOWN_FAILURES": "known failures.toml",
        "PROFILE": "quick",
        "REPORT": str(report),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "ARGUMENTS": str(tmp_path / "arguments"),
        "ENDS": str(ends),
        "SAYS": says,
        "SEED": "7",
        "TIMEOUT": "30",
        "ISOLATE": "false",
    }
    shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", SCRIPT]
    done = subprocess.run(shell, env=environment, cwd=tmp_path)
    assert done.returncode == fails
    assert summary in (tmp_path / "summary").read_text(encoding="utf-8")
    arguments = (tmp_path / "arguments").read_text(encoding="utf-8").splitlines()
    expected = ["gate", "--profile", "quick", "--report", str(report), "--timeout", "30"]
    expected += ["--seed", "7", "--in-process"]
    assert arguments == [*expected, "--known-failures", "known failures.toml", "--", target]
    assert not (tmp_path / "pwned").exists()
