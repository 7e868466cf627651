"""`pruneproof inspect` on checkpoints of which it is known how they were made.

What makes them, and what is right of each, shares no code with it: see `inspect_bench`.
"""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest
from typer.testing import CliRunner

from inspect_bench import of_files, of_masks, of_origins, of_storage
from inspect_bench.case import Case, Made, Right
from pruneproof.cli.app import app

CASES = [*of_masks.CASES, *of_storage.CASES, *of_origins.CASES, *of_files.CASES]


@pytest.fixture
def folder(tmp_path):
    """Emptied afterwards, since there are many of them."""
    yield tmp_path
    shutil.rmtree(tmp_path)


PARAMETERS = [
    pytest.param(each, id=each.name, marks=[pytest.mark.long] * each.long) for each in CASES
]


@pytest.mark.parametrize("case", PARAMETERS)
def test_each_finding_is_right(case: Case, folder):
    made = case.make(folder)
    report = folder / "report"
    arguments = ["inspect", made.checkpoint, *made.options, "--report", report]
    result = CliRunner().invoke(app, [str(each) for each in arguments])
    assert result.exit_code == made.code, result.output
    if made.code == 2:
        one_line(result.stderr, made)
        return
    found = json.loads((report / "inspect.json").read_text("utf-8"))
    assert found["complete"] is True
    tensors = {each["name"]: each for each in found["tensors"]}
    wrong = [
        f"{name}: {key} is {value}, not {expected}"
        for name, right in made.tensors.items()
        for key, expected in right.items()
        if not is_right(value := finding(tensors[name], key), expected)
    ]
    assert not wrong, wrong[:8]
    verdicts(found, made)


def one_line(text: str, made: Made) -> None:
    lines = [each for each in text.splitlines() if each.startswith("pruneproof inspect: ")]
    assert len(lines) == 1, text
    assert "Traceback" not in text
    assert made.line in lines[0]


def finding(tensor: Right, key: str) -> Any:
    """A finding by its name, those of `pattern` with that in front."""
    value: Any = tensor
    for part in key.split("."):
        value = value[part]
    return value


def is_right(value: Any, expected: Any) -> bool:
    """A set holds all values that are right, a range the numbers."""
    if isinstance(expected, set | range):
        return value in expected
    return type(value) is type(expected) and value == expected


def verdicts(found: dict[str, Any], made: Made) -> None:
    of = {(each["method"], each["group"]): each for each in found["explanations"]}
    wrong = {
        key: of[key]["verdict"]
        for key, right in made.explained.items()
        if of[key]["verdict"] not in right
    }
    assert not wrong, {key: (value, made.explained[key], of[key]) for key, value in wrong.items()}
    assert made.claims <= {each["verdict"] for each in found["claims"]}, found["claims"]


def test_no_two_cases_have_one_name_and_there_are_enough():
    names = [each.name for each in CASES]
    assert len(set(names)) == len(names) >= 60
