"""The cache builds once, whole or not at all."""

import threading
import time
from pathlib import Path

import pytest

from pruneproof.integration.cache import build_once, cache_root


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PRUNEPROOF_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_root_is_the_first_that_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PRUNEPROOF_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_root() == tmp_path / ".cache" / "pruneproof"
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_root() == Path("/xdg/pruneproof")
    monkeypatch.setenv("PRUNEPROOF_CACHE", "/mine")
    assert cache_root() == Path("/mine")


def test_builds_the_first_time_only(root: Path) -> None:
    calls: list[Path] = []

    def build(folder: Path) -> None:
        calls.append(folder)
        (folder / "content").write_text("whole")

    assert build_once("thing", build) == build_once("thing", build) == root / "thing"
    assert (root / "thing" / "content").read_text() == "whole"
    assert len(calls) == 1


def test_a_failed_build_leaves_nothing_behind(root: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise OSError("no network")

    with pytest.raises(OSError, match="no network"):
        build_once("thing", fail)
    assert [path.name for path in root.iterdir() if path.suffix != ".lock"] == []
    # The next try is free to succeed.
    assert build_once("thing", lambda folder: None) == root / "thing"


def test_of_two_at_once_one_builds(root: Path) -> None:
    calls: list[Path] = []

    def build(folder: Path) -> None:
        calls.append(folder)
        time.sleep(0.2)

    threads = [threading.Thread(target=build_once, args=("thing", build)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
