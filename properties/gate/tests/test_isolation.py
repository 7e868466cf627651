"""An adapter has a process of its own: nothing it does there reaches the judge, and all is seen."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from pruneproof.properties.gate import command
from pruneproof.properties.gate.adapter import transport
from pruneproof.properties.gate.adapter.subject import AdapterError, Subject
from pruneproof.properties.gate.adapter.target import TargetError
from pruneproof.properties.gate.adapter.transport import isolated
from pruneproof.properties.gate.command import judge_and_report
from pruneproof.properties.gate.run import Report
from pruneproof.properties.meta.small import HEAD, RIGHT, WRONG, has_ended

Target = Callable[[str], str]
BOTH = pytest.mark.parametrize("in_process", [False, True])
W = torch.tensor([[1.0, -2.0, 3.0], [0.5, 0.25, -4.0]])


@pytest.fixture
def module(tmp_path: Path) -> Target:
    """The target of an adapter that is right, with these lines before it."""

    def write(lines: str) -> str:
        path = tmp_path / "other_adapter.py"
        text = f"{textwrap.dedent(lines)}\n{HEAD}        {RIGHT}\n"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def report_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


def test_an_adapter_that_ends_its_process_with_0_fails(adapter: Target, tmp_path: Path) -> None:
    leaves = f"import atexit; atexit.register(os._exit, 0)\n        {WRONG}"
    program = [sys.executable, "-c", "from pruneproof.cli.app import app; app()"]
    options = ["--profile", "quick", "--report", "report"]
    done = subprocess.run(
        [*program, "gate", adapter(leaves), *options], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert report_of(tmp_path / "report")["exit_code"] == 1


@pytest.mark.usefixtures("catalogue")
def test_an_adapter_that_changes_the_judge_changes_its_own_process(
    adapter: Target, tmp_path: Path
) -> None:
    patches = (
        "from pruneproof.properties.gate import run; run.CATALOGUE.clear(); "
        "run.Report.exit_code = 0; run.judge = run.verdict = None\n        "
    )
    assert judge_and_report(adapter(patches + WRONG), profile="quick", report=tmp_path / "r") == 1
    found = report_of(tmp_path / "r")
    assert found["exit_code"] == 1
    assert "pruneproof.properties.gate.comparing.expected" in found["imported"]
    assert isinstance(Report.exit_code, property)


@BOTH
@pytest.mark.usefixtures("catalogue")
def test_the_report_lies_where_the_gate_was_started(
    adapter: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_process: bool
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    target = adapter(f"os.chdir({str(elsewhere)!r})\n        {RIGHT}")
    monkeypatch.chdir(tmp_path)
    options: dict[str, Any] = {"profile": "quick", "in_process": in_process}
    assert judge_and_report(target, report=Path("report"), **options) == 0
    assert report_of(tmp_path / "report")["complete"]
    assert list(elsewhere.iterdir()) == []


def test_what_it_starts_in_sessions_of_their_own_ends_with_it(module: Target) -> None:
    # A server as a library starts it, and one whose parent is gone.
    target = module(
        """
        import subprocess
        away = dict(start_new_session=True, stdout=subprocess.PIPE)
        sleeps = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
        twice = (
            "import subprocess, sys; "
            f"subprocess.Popen([sys.executable, '-c', {sleeps!r}], start_new_session=True)"
        )
        import sys
        started = [subprocess.Popen([sys.executable, "-c", each], **away) for each in
                   (sleeps, twice)]
        import torch
        class Adapter:
            version = " ".join(each.stdout.readline().decode().strip() for each in started)
            def score(self, method, weight):
                return weight.abs()
        Other = Adapter
        """
    )
    with isolated(f"{target}:Other", timeout=60.0) as adapter:
        pids = [int(each) for each in adapter.version.split()]
        assert len(pids) == 2
        assert all(psutil.pid_exists(pid) for pid in pids)
    assert all(has_ended(pid) for pid in pids)


def test_it_is_looked_for_as_this_process_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "only_here_adapter.py").write_text(f"{HEAD}        {RIGHT}\n")
    monkeypatch.syspath_prepend(tmp_path)
    with isolated("only_here_adapter", timeout=60.0) as adapter:
        assert adapter.name == "small"


def test_what_it_writes_into_its_arguments_and_answers_is_seen(adapter: Target) -> None:
    target = adapter(
        "self.held = weight.mul_(2) if inputs is None else self.held.zero_(); return self.held"
    )
    with isolated(target, timeout=60.0) as remote:
        weight = W.clone()
        first = remote.score("magnitude", weight)
        assert torch.equal(weight, 2 * W)
        assert torch.equal(first, 2 * W)
        second = remote.score("wanda", W.clone(), W)
        assert not second.any()
        # Their memory was the same there.
        assert not first.any()
        assert not weight.any()


def test_views_arrive_as_they_lie(adapter: Target) -> None:
    target = adapter(
        "return torch.tensor([[*map(float, weight.stride()), weight.storage_offset()]])"
    )
    views = [W, W.T, W[1:, 1:], W[:, ::2], W[:1].expand(3, 3), W[:0]]
    with isolated(target, timeout=60.0) as remote:
        for view in views:
            expected = [[*map(float, view.stride()), float(view.storage_offset())]]
            assert remote.score("magnitude", view).tolist() == expected


def test_it_draws_the_same_random_numbers_in_each_example(module: Target) -> None:
    draws = module(
        """
        import random, numpy, torch
        class Drawing:
            def score(self, method, weight):
                return torch.rand(2, 3) + random.random() + float(numpy.random.rand())
        """
    )
    with isolated(f"{draws}:Drawing", timeout=60.0) as remote:
        subject = Subject(remote)
        subject.begin()
        first, second = (subject.score("magnitude", W) for _ in range(2))
        subject.begin()
        again = subject.score("magnitude", W)
    assert torch.equal(first, again)
    assert not torch.equal(first, second)


@pytest.mark.usefixtures("catalogue")
def test_what_it_prints_stands_with_the_failure(
    adapter: Target, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    says = "print('seen', method); os.write(2, b'as C prints\\n')\n        "
    assert judge_and_report(adapter(says + WRONG), profile="quick", report=tmp_path / "r") == 1
    output, error = capfd.readouterr()
    assert re.search(r"What the adapter printed:\s+\| seen wanda\s+\| as C prints", output)
    assert "seen magnitude" not in output + error
    assert error == ""
    failed = [each for each in report_of(tmp_path / "r")["properties"] if "output" in each]
    assert [each["method"] for each in failed] == ["wanda"]


@pytest.mark.parametrize("place", ["module", "__init__", "name"])
@BOTH
def test_leaving_before_it_is_asked_is_a_wrong_target(
    module: Target, capsys: pytest.CaptureFixture[str], in_process: bool, place: str
) -> None:
    lines = {
        "module": "raise GeneratorExit('left')",
        "__init__": "class Leaving:\n    def __init__(self): raise GeneratorExit('left')",
        "name": (
            "class Leaving:\n    def score(self): pass\n    @property\n"
            "    def name(self): raise GeneratorExit('left')"
        ),
    }
    target = f"{module(lines[place])}:Leaving"
    assert judge_and_report(target, in_process=in_process) == 2
    assert "GeneratorExit: left" in capsys.readouterr().err


@pytest.mark.long
def test_a_hang_before_it_is_asked_is_a_wrong_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Enough for three of Python that import torch, on a busy machine too.
    monkeypatch.setattr(transport, "START_SECONDS", 30.0)
    hangs = "import time; print('waiting', flush=True); time.sleep(600)"
    places = {
        "module": hangs,
        "init": f"class Adapter:\n    def __init__(self): {hangs}",
        "name": (
            f"class Adapter:\n    def score(self): pass\n    @property\n    def name(self): {hangs}"
        ),
    }
    for name, text in places.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")

    def message(name: str) -> str:
        with pytest.raises(TargetError) as caught:
            isolated(str(tmp_path / f"{name}.py"), timeout=1.0)
        return str(caught.value)

    with ThreadPoolExecutor() as pool:
        for text in pool.map(message, places):
            assert "no answer within 30 s to describe" in text
            assert text.endswith("| waiting")


def test_a_hang_at_the_import_ends_the_gates_own_process(module: Target) -> None:
    program = (
        "from pruneproof.properties.gate import command; command.START_SECONDS = 0.2;"
        "from pruneproof.cli.app import app; app()"
    )
    given = ["gate", module("import time; time.sleep(60)"), "--in-process", "--timeout", "0.2"]
    done = subprocess.run([sys.executable, "-c", program, *given], capture_output=True, text=True)
    assert command.START_SECONDS > 0.2
    assert done.returncode == 2
    assert "no answer within 0.2 s to\n  load_adapter(" in done.stderr


def test_an_exception_names_its_line(adapter: Target) -> None:
    with isolated(adapter("return weight.abs() + self.bias"), timeout=60.0) as remote:
        with pytest.raises(AttributeError) as caught:
            remote.score("magnitude", W)
        (notes,) = caught.value.__notes__
        assert "return weight.abs() + self.bias" in notes
        assert os.path.join("gate", "worker.py") not in notes
        with pytest.raises(AdapterError, match="no attribute 'bias'"):
            Subject(remote).score("magnitude", W)
