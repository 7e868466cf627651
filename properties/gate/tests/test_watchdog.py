"""A call that hangs ends the process with a message."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from pruneproof.properties.gate.adapter.watchdog import watched

HANGS = "time.sleep(60)"


def test_a_call_that_hangs_ends_the_gate(adapter: Callable[[str], str], tmp_path: Path) -> None:
    folder = tmp_path / "report"
    program = "import sys; from pruneproof.cli.app import app; app()"
    command = [sys.executable, "-c", program, "gate", adapter(HANGS), "--in-process"]
    done = subprocess.run(
        [*command, "--timeout", "0.3", "--report", str(folder)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2
    assert "no answer within 0.3 s" in done.stderr
    assert "score('magnitude', float32[3, 16], None, None)" in done.stderr
    assert "out\n--in-process" in done.stderr
    assert list(folder.iterdir()) == []


def test_calls_in_time_are_left_alone() -> None:
    for _ in range(3):
        with watched("score", (torch.ones(1),), {}, 0.2):
            time.sleep(0.1)
    time.sleep(0.3)
