"""A file is written whole or not at all."""

from pathlib import Path

import pytest

from pruneproof.integration.files import write_whole


def test_new_content_replaces_the_old(tmp_path: Path) -> None:
    target = tmp_path / "file"
    write_whole(target, "old")
    write_whole(target, "β")
    assert target.read_text(encoding="utf-8") == "β"
    assert list(tmp_path.iterdir()) == [target]


def test_a_failure_leaves_the_old_content_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "file"
    write_whole(target, "old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(target, "half\ud800")
    assert target.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [target]
