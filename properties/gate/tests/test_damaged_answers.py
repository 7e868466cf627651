"""Whatever an adapter's process sends back: a verdict or an error, never a fault of the gate."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pruneproof.properties.gate.adapter.process import Process
from pruneproof.properties.gate.adapter.worker import Worker
from pruneproof.properties.gate.command import judge_and_report
from pruneproof.properties.meta.small import RIGHT

SEEDS = [
    pytest.param(range(2), id="few"),
    pytest.param(range(2, 32), id="many", marks=pytest.mark.damage),
]
"""Of each kind."""

ODD: tuple[Any, ...] = (
    None, True, -1, 10**30, 1e308, "", "nan", "\x1b[31m", "\ud800", [], [[]], {}, {"dtype": []},
    {"packed": "float32"}, {"foreign": {}}, {"foreign": "a\x00b"}, {"a": {"b": []}},
)  # fmt: skip
"""What may stand anywhere in JSON."""


def places(value: Any) -> list[tuple[Any, Any]]:
    """Containers and the key or index of each thing in them."""
    if not isinstance(value, (dict, list)):
        return []
    keys = list(value) if isinstance(value, dict) else range(len(value))
    return [found for key in keys for found in [(value, key), *places(value[key])]]


def exchanged(reply: dict[str, Any], rng: random.Random) -> bytes:
    container, key = rng.choice(places(reply))
    container[key] = rng.choice(ODD)
    return line(reply)


def left_out(reply: dict[str, Any], rng: random.Random) -> bytes:
    container, key = rng.choice(places(reply))
    del container[key]
    return line(reply)


def added(reply: dict[str, Any], rng: random.Random) -> bytes:
    name = rng.choice(["written", "imported", "error", "unsupported", "answer", "answer 3"])
    reply[name] = rng.choice([*ODD, {"weight 1": 3}, {"answer 2": ODD[0]}, {"type": 3}])
    return line(reply)


def cut(reply: dict[str, Any], rng: random.Random) -> bytes:
    whole = line(reply)
    return whole[: rng.randrange(len(whole) - 1)] + b"\n"


def turned(reply: dict[str, Any], rng: random.Random) -> bytes:
    whole = bytearray(line(reply)[:-1])
    for _ in range(3):
        whole[rng.randrange(len(whole))] = rng.choice(b'\0\xff"{}[]0e-')
    return bytes(whole) + b"\n"


def deep(reply: dict[str, Any], rng: random.Random) -> bytes:
    depth = rng.randrange(1000, 100_000)
    return line(reply)[:-2] + b', "more": ' + b"[" * depth + b"]" * depth + b"}\n"


def garbage(reply: dict[str, Any], rng: random.Random) -> bytes:
    return rng.randbytes(rng.randrange(200)).replace(b"\n", b"") + b"\n"


KINDS = [exchanged, left_out, added, cut, turned, deep, garbage]


def line(reply: dict[str, Any]) -> bytes:
    return json.dumps(reply).encode(errors="replace") + b"\n"


class Damaging(Process):
    """A worker in this process, whose replies are damaged now and then."""

    def __init__(self, target: str, damage: Callable[..., bytes], rng: random.Random) -> None:
        super().__init__([target])
        self._worker, self._damage, self._rng = Worker(target), damage, rng
        self.damaged = 0

    @property
    def runs(self) -> bool:
        return True

    def ask(self, line: bytes, call: str, seconds: float) -> bytes:
        request = json.loads(line)
        reply = json.loads(json.dumps({"id": request["id"], **self._worker.reply(request)}))
        if self._rng.random() < 0.1:
            self.damaged += 1
            return self._damage(reply, self._rng)
        return json.dumps(reply).encode() + b"\n"


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize("damage", KINDS)
@pytest.mark.parametrize("seeds", SEEDS)
def test_damaged_answers_are_a_verdict_or_an_error(
    adapter: Callable[[str], str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    damage: Callable[..., bytes],
    seeds: range,
) -> None:
    target, codes, damaged = adapter(RIGHT), set(), 0
    for seed in seeds:
        process = Damaging(target, damage, random.Random(seed))
        report = tmp_path / f"report {seed}"
        code = judge_and_report(target, process=process, profile="quick", report=report)
        captured = capsys.readouterr()
        assert "fault of pruneproof" not in captured.err, (seed, captured.err)
        assert (report / "report.json").exists() == (code in (0, 1)), (seed, code)
        assert not [each for each in captured.out + captured.err if each in "\x1b\x00"], seed
        codes.add(code)
        damaged += process.damaged
    assert damaged
    assert codes - {0} or damage is added, "nothing was damaged enough to be noticed"
