"""What an adapter does not do at all is told from what it refuses where it would be wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from pruneproof.properties.gate.adapter.subject import Subject
from pruneproof.properties.gate.catalogue import CATALOGUE
from pruneproof.properties.gate.command import judge_and_report
from pruneproof.properties.gate.conventions.smoke import look_at
from pruneproof.properties.gate.judge import Result, judge
from pruneproof.properties.gate.report.summary import headline
from pruneproof.properties.gate.run import run
from pruneproof.properties.meta.everything import FAULTS
from pruneproof.properties.meta.faults.statistics import Statistics
from pruneproof.properties.meta.plain_scores import Plain
from pruneproof.properties.meta.small import RIGHT

Target = Callable[[str], str]


class Tiles(Plain):
    """Right for widths that 8 divides."""

    methods = ("magnitude", "wanda")

    def widened(self, tensor: Tensor) -> Tensor:
        if tensor.shape[-1] % 8:
            raise NotImplementedError("whole tiles only")
        return super().widened(tensor)


class WrongTiles(Tiles):
    """The same, and wrong in all of them but those of the first look."""

    def magnitude(self, W: Tensor) -> Tensor:
        return W.abs() if W.shape == (3, 16) else W.abs() + 1


class Single(Plain):
    """Right in float32 and half precision."""

    methods = ("magnitude", "wanda")

    def widened(self, tensor: Tensor) -> Tensor:
        if tensor.dtype == torch.float64:
            raise NotImplementedError("no float64")
        return super().widened(tensor)


class OnePower(Plain):
    """Right with the one power of the paper's Eq. (2)."""

    methods = ("ria",)

    def ria(self, W: Tensor, X: Tensor, alpha: float = 0.5, terms: str = "both") -> Tensor:
        if alpha != 0.5:
            raise NotImplementedError("alpha is 0.5")
        return super().ria(W, X, alpha, terms)


class SquareTiles(Plain):
    """StochRIA, right for widths that 8 divides; a property asks for square layers."""

    methods = ("stochria", "ri")

    def widened(self, tensor: Tensor) -> Tensor:
        if tensor.shape[-1] % 8:
            raise NotImplementedError("whole tiles only")
        return super().widened(tensor)


class TiledStatistics(Statistics):
    """Right for widths that 8 divides."""

    def flat(self, batch: Tensor) -> Tensor:
        if batch.shape[-1] % 8:
            raise NotImplementedError("whole tiles only")
        return super().flat(batch)


class SeveralTokens(Statistics):
    """Right for two tokens and more."""

    def of(self, batches: list[Tensor]) -> dict[str, Any]:
        if sum(map(len, batches)) < 2:
            raise NotImplementedError("a variance needs two")
        return super().of(batches)


class NoSilentFeature(Plain):
    """Right where no feature is 0 in all tokens."""

    methods = ("wanda", "ria")

    def tokens(self, inputs: Tensor) -> Tensor:
        if bool((inputs == 0).flatten(0, -2).all(0).any()):
            raise NotImplementedError("a dead feature")
        return super().tokens(inputs)


def value(adapter: Any, method: str) -> Result:
    subject = Subject(adapter)
    look_at(subject)
    return judge(CATALOGUE["score.value"], method, subject, "")


def test_sizes_that_an_adapter_takes_are_drawn() -> None:
    found = value(Tiles(), "wanda")
    assert found.verdict == "passed"
    assert found.limits == ("in_features that 8 does not divide",)
    assert found.examples == found.asked >= 25
    assert value(WrongTiles(), "magnitude").verdict == "failed"


def test_a_dtype_is_a_limit_and_half_of_the_examples_are_judged() -> None:
    found = value(Single(), "wanda")
    assert (found.verdict, found.limits) == ("passed", ("float64",))
    assert 0 < found.examples < found.asked


def test_values_of_a_parameter_are_limits() -> None:
    found = value(OnePower(), "ria")
    assert found.verdict == "passed"
    assert set(found.limits) <= {f"alpha = {each}" for each in ("0", "1", "2", "0.3", "1.7")}
    assert found.limits


@pytest.mark.parametrize(
    "adapter",
    [Tiles, Single, OnePower, SquareTiles, TiledStatistics, SeveralTokens, NoSilentFeature],
)
def test_an_adapter_with_limits_conforms_and_says_for_what(adapter: type) -> None:
    report = run(Subject(adapter()), "", "quick")
    assert report.exit_code == 0, [each.key for each in report.having("not_shown")]
    assert f"; not for {', '.join(report.limits)}" in headline(report)
    assert report.limits


# Each a whole run; that the property which is about it does not pass is asked in every run.
@pytest.mark.long
@pytest.mark.parametrize(
    "name", [name for name, each in FAULTS.items() if each.verdict == "not_shown"]
)
def test_what_is_refused_for_being_wrong_does_not_conform(name: str) -> None:
    report = run(Subject(FAULTS[name].adapter()), "", "quick")
    assert report.exit_code == 1
    assert report.having("not_shown", "MUST")
    assert "not shown" in headline(report)


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize("isolate", [False, True])
def test_refusals_by_size_are_not_shown_in_both_processes(
    adapter: Target, tmp_path: Path, isolate: bool
) -> None:
    body = "if weight.shape != (3, 16) and len(weight) > 1: raise NotImplementedError\n        "
    target = adapter(body + RIGHT)
    options: dict[str, Any] = {"in_process": not isolate, "report": tmp_path / "r"}
    assert judge_and_report(target, profile="quick", **options) == 1
    report = json.loads((tmp_path / "r/report.json").read_text(encoding="utf-8"))
    (found,) = [
        each for each in report["properties"]
        if (each["id"], each["method"]) == ("score.negative", "wanda")
    ]  # fmt: skip
    assert found["verdict"] == "not_shown"
    assert found["examples"] < found["asked"]
    assert found["reason"].startswith(f"judged on {found['examples']} of {found['asked']} examples")
    assert report["limits"] == []


BREAKS = {
    "raise RuntimeError('broken')": "raised RuntimeError: broken",
    "import asyncio; raise asyncio.CancelledError('left')": "raised CancelledError: left",
    "return [1]": "must return a torch.Tensor, got list",
}
ENDS = {
    "import os; os.abort()": "ended the process by SIGABRT",
    "time.sleep(60)": "no answer within 2 s",
}
"""What cannot be tried in this process."""


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize(
    ("breaks", "isolate"),
    [(each, False) for each in BREAKS] + [(each, True) for each in (*BREAKS, *ENDS)],
)
def test_a_method_that_breaks_fails_and_the_others_are_judged(
    adapter: Target, tmp_path: Path, breaks: str, isolate: bool
) -> None:
    message = (BREAKS | ENDS)[breaks]
    target = adapter(f"if method == 'wanda':\n            {breaks}\n        {RIGHT}")
    options: dict[str, Any] = {"in_process": not isolate, "timeout": 2.0, "report": tmp_path / "r"}
    assert judge_and_report(target, profile="quick", **options) == 1
    report = json.loads((tmp_path / "r/report.json").read_text(encoding="utf-8"))
    found = {(each["id"], each["method"]): each for each in report["properties"]}
    assert found["score.negative", "magnitude"]["verdict"] == "passed"
    assert found["score.negative", "wanda"]["verdict"] == "failed"
    assert message in found["score.negative", "wanda"]["message"]
    assert "adapter.score('wanda'" in found["score.negative", "wanda"]["snippet"]
