"""The same adapter, the same report: in another folder, under another hash seed, by either way."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pruneproof.properties.gate.catalogue import CATALOGUE
from pruneproof.properties.gate.judge import _run

ADAPTER = """
import random
import torch

class Adapter:
    name = "the same"

    def score(self, method, weight, inputs=None, **parameters):
        if method not in ("magnitude", "wanda", "ri") or parameters:
            raise NotImplementedError
        if method == "ri":
            # Wrong, now and then: at which example is for its own random numbers to say.
            return weight.abs() * (1.0 if random.random() < 0.9 else float(torch.rand(())))
        return weight.abs() if inputs is None else weight.abs() * inputs.norm(dim=0).square()
"""
LEFT_OUT = ("date", "seconds", "target", "imported")


def judged(folder: Path, text: str, hash_seed: str, *options: str) -> dict[str, Any]:
    folder.mkdir()
    (folder / "adapter.py").write_text(text, encoding="utf-8")
    program = [sys.executable, "-c", "from pruneproof.cli.app import app; app()"]
    given = ["gate", "adapter.py", "--profile", "quick", "--report", "report", *options]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        [*program, *given], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 1, done.stderr
    assert {each.name for each in folder.iterdir()} <= {"adapter.py", "report", "__pycache__"}
    report = json.loads((folder / "report" / "report.json").read_text(encoding="utf-8"))
    for each in report["properties"]:
        del each["seconds"]
    return {key: value for key, value in report.items() if key not in LEFT_OUT}


def test_the_report_is_the_same(tmp_path: Path) -> None:
    first = judged(tmp_path / "first", ADAPTER, "1")
    second = judged(tmp_path / "second", ADAPTER, "2", "--in-process")
    assert first == second
    failed = {each["method"] for each in first["properties"] if each["verdict"] == "failed"}
    assert failed == {"wanda", "ri"}


def test_numbers_of_other_modules_change_no_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def examples() -> list[str]:
        seen: list[str] = []
        for prop in [*CATALOGUE.values()][::4]:
            _run(prop, prop.methods[0], lambda each: seen.append(repr(each)), "quick", None, False)
        return seen

    before = examples()
    module = tmp_path / "numbers_of_mine.py"
    module.write_text("NUMBERS = [97.25, 3.0625, 12345, -7, 6, 5, 11, 13, 17.5]\n")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("numbers_of_mine")
    assert examples() == before
