"""`pytest --pyargs pruneproof.properties --implementation TARGET`, from a folder of one's own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pruneproof.properties.meta.small import WRONG

Target = Callable[[str], str]


@pytest.fixture
def door(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run pytest as a maintainer would, on few verdicts."""

    def run(target: str, *options: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-rsxf"]
        command += ["--pyargs", "pruneproof.properties", "--gate-profile", "quick"]
        command += ["--implementation", target, *options]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)

    return run


def test_a_must_that_fails_shows_its_snippet_and_no_traceback(door, adapter: Target) -> None:
    done = door(adapter(WRONG), "-k", "score.value and (magnitude or wanda or ria)")
    assert done.returncode == 1
    assert "r1 = adapter.score('wanda'" in done.stdout
    assert "Traceback" not in done.stdout
    assert "def test_property_holds" not in done.stdout
    assert "unsupported: no score for ria" in done.stdout
    assert "1 failed, 1 passed" in done.stdout


def test_known_failures_are_expected(door, adapter: Target, tmp_path: Path) -> None:
    known = tmp_path / "known.toml"
    known.write_text(
        '["score.value:wanda"]\nreason = "we know"\n'
        '["score.value:magnitude"]\nreason = "no longer so"\n',
        encoding="utf-8",
    )
    options = ("--gate-known-failures", str(known))
    done = door(adapter(WRONG), *options, "-k", "score.value and (magnitude or wanda)")
    assert "known failure: we know" in done.stdout
    assert "score.value:magnitude passed; remove the entry" in done.stdout


@pytest.mark.long
def test_nothing_else_of_the_package_is_collected(door, adapter: Target) -> None:
    done = door(adapter(WRONG), "--collect-only")
    names = {line.split("::")[0] for line in done.stdout.splitlines() if "::" in line}
    assert {Path(name).name for name in names} == {"test_every_property.py"}


def test_an_adapter_that_cannot_be_judged_ends_the_run(door) -> None:
    done = door("nowhere.py")
    assert done.returncode == 2
    assert "there is no file nowhere.py" in done.stdout + done.stderr


@pytest.mark.long
def test_control_characters_are_shown_escaped(door, adapter: Target) -> None:
    raises = "raise ValueError('\\x1b[2J') if method == 'wanda' else 0\n        return weight.abs()"
    done = door(adapter(raises.replace("raise", "raise", 1)), "-k", "score.value and wanda")
    assert "\x1b" not in done.stdout + done.stderr
