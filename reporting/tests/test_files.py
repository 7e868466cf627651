"""A file is written whole or not at all, and the last of a report's files only after all others."""

import json
from pathlib import Path

import pytest

from pruneproof.reporting.files import json_text, prepare, write_report, write_whole


def test_new_content_replaces_the_old(tmp_path: Path) -> None:
    target = tmp_path / "file"
    write_whole(target, "old")
    write_whole(target, "β")
    assert target.read_bytes() == "β".encode()
    assert list(tmp_path.iterdir()) == [target]


def test_a_failure_leaves_the_old_content_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "file"
    write_whole(target, "old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(target, "half\ud800")
    assert target.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_what_a_kill_left_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / ".file.draft").write_text("half of what was to be")
    write_whole(tmp_path / "file", "new")
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_an_error_names_the_file_and_not_its_draft(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        write_whole(tmp_path / "no" / "file", "text")
    assert caught.value.filename == str(tmp_path / "no" / "file")


def test_what_utf_8_cannot_hold_may_be_escaped(tmp_path: Path) -> None:
    write_whole(tmp_path / "a.json", json_text({"β": "\udc80"}), errors="backslashreplace")
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"β": "\udc80"}


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_json_has_finite_numbers_only(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text([value])


def test_a_report_that_is_cut_off_lacks_its_last_file(tmp_path: Path) -> None:
    def cut_off(_: object) -> str:
        raise KeyboardInterrupt

    folder = prepare(tmp_path / "new" / "report", [])
    write_report("found", folder, {"page": str, "last": str})
    assert prepare(folder, ["page", "last"]) == folder
    with pytest.raises(KeyboardInterrupt):
        write_report("again", folder, {"page": str, "last": cut_off})
    assert {each.name: each.read_text() for each in folder.iterdir()} == {"page": "again"}


def test_only_what_belongs_to_the_report_is_removed(tmp_path: Path) -> None:
    for name in ("mine", "page"):
        (tmp_path / name).touch()
    prepare(tmp_path, ["page"])
    assert [each.name for each in tmp_path.iterdir()] == ["mine"]
