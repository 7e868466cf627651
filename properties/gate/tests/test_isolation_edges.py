"""What libraries do to their process and mean no ill, and how the gate's own process may end."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from pruneproof.properties.gate.adapter.process import CrashError, HangError
from pruneproof.properties.gate.adapter.transport import by_command, isolated
from pruneproof.properties.meta.small import HEAD, RIGHT, has_ended

Target = Callable[[str], str]
GATE = [sys.executable, "-c", "from pruneproof.cli.app import app; app()", "gate"]
W = torch.tensor([[1.0, -2.0, 3.0], [0.5, 0.25, -4.0]])


ANSWERS = [
    # Negated when it is read, not before.
    ("return torch._neg_view(-weight.abs())", True),
    ("return torch._neg_view(weight.abs())", False),
    ("return torch.complex(0 * weight, -weight.abs()).conj().imag", True),
    ("return torch.nn.Parameter(weight.abs())", True),
    ("return weight.abs().T.contiguous().T", True),
    ("with torch.inference_mode(): return weight.abs()", True),
    ("torch.set_default_dtype(torch.float64); return weight.abs()", True),
    ("torch.set_default_device('meta'); return weight.abs()", True),
    ("sys.stdout.detach(); return weight.abs()", True),
    ("sys.stdout = open(os.devnull); sys.stdout.close(); return weight.abs()", True),
    ("sys.stdout = sys.stderr = None; return weight.abs()", True),
    ("os.close(0), os.close(1), os.close(2); return weight.abs()", True),
]
"""What an adapter does, and whether it is right; each in the process that the others have left."""


def test_an_answer_is_what_it_is_there(tmp_path: Path) -> None:
    lines = ["import os, sys, torch", "class Adapter:", "    def score(self, method, weight):"]
    for number, (body, _) in enumerate(ANSWERS):
        lines += [f"        if method == '{number}':", f"            {body}"]
    program = tmp_path / "answers.py"
    program.write_text("\n".join(lines), encoding="utf-8")
    with isolated(str(program), timeout=60.0) as remote:
        for number, (body, right) in enumerate(ANSWERS):
            assert torch.equal(remote.score(str(number), W), W.abs()) == right, body


def test_a_tensor_that_is_sent_again_is_the_same_object_until_it_changes(adapter: Target) -> None:
    body = "same = weight is getattr(self, 'last', None); self.last = weight; return weight * same"
    weight = W.clone()
    with isolated(adapter(body), timeout=60.0) as remote:
        assert not remote.score("magnitude", weight).any()
        assert torch.equal(remote.score("magnitude", weight), W)
        assert not remote.score("magnitude", weight.clone()).any()
        remote.score("magnitude", weight)
        weight[0, 0] = 7
        assert not remote.score("magnitude", weight).any()
        assert torch.equal(remote.score("magnitude", weight), weight)


def test_programs_that_it_starts_have_the_environment_of_the_gate(
    adapter: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    body = "return weight.abs() * ('PYTHONPATH' in os.environ)"
    with isolated(adapter(body), timeout=60.0) as remote:
        assert not remote.score("magnitude", W).any()


def test_what_it_made_for_the_time_being_is_gone_with_it(tmp_path: Path) -> None:
    lines = f"import tempfile\nheld = tempfile.TemporaryDirectory(dir={str(tmp_path)!r})\n"
    program = tmp_path / "holding.py"
    program.write_text(f"{lines}{HEAD}        {RIGHT}\n", encoding="utf-8")
    with isolated(str(program), timeout=60.0):
        assert len(list(tmp_path.glob("tmp*"))) == 1
    assert not list(tmp_path.glob("tmp*"))


@pytest.mark.parametrize(
    ("then", "error"), [("sys.exit(3)", CrashError), ("time.sleep(600)", HangError)]
)
def test_a_process_that_holds_its_pipes_open_keeps_nobody_waiting(
    tmp_path: Path, then: str, error: type[Exception]
) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import subprocess, sys, time\n"
        'print(\'{"id": 1, "answer": {}}\', flush=True)\n'
        "for _ in range(2): sys.stdin.readline()\n"
        "away = subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(away.pid))\n"
        f"{then}\n",
        encoding="utf-8",
    )
    with (
        by_command(shlex.join([sys.executable, str(program)]), timeout=5.0) as remote,
        pytest.raises(error),
    ):
        remote.score("magnitude", W)
    assert has_ended(int((tmp_path / "pid").read_text()))


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_gate_that_is_ended_takes_a_call_that_hangs_along(
    adapter: Target, tmp_path: Path, number: signal.Signals
) -> None:
    pid = tmp_path / "pid"
    writes = f"open({str(pid)!r}, 'w').write(str(os.getpid()) + '.')"
    target = adapter(f"{writes}; time.sleep(600)")
    # An interrupt that is ignored, as for what runs in the background, stays so in a child.
    gate = subprocess.Popen(
        [*GATE, target],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    while not (pid.exists() and pid.read_text().endswith(".")):
        assert gate.poll() is None
        time.sleep(0.1)
    gate.send_signal(number)
    _, said = gate.communicate()
    if number != signal.SIGKILL:
        assert gate.returncode == 130
        assert "error: interrupted; nothing was decided" in said
    assert has_ended(int(pid.read_text()[:-1]))


@pytest.mark.long
def test_a_reader_who_goes_away_early_changes_no_verdict(adapter: Target, tmp_path: Path) -> None:
    folder = tmp_path / "report"
    command = [*GATE, adapter(RIGHT), "--profile", "quick", "--report", str(folder)]
    line = f"set -o pipefail; {shlex.join(command)} | head -c 1"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True)
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert "Traceback" not in done.stderr
    assert done.returncode == report["exit_code"]
