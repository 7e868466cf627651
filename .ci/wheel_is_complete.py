"""Build the wheel and compare it with the tracked files of the rooms, their tests left out."""

import subprocess
import sys
import tomllib
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

ROOT = Path(__file__).resolve().parent.parent


def expected_files() -> set[str]:
    """Every tracked file of a room, under the name that it has in a wheel."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    rooms = set(project["tool"]["setuptools"]["package-dir"].values())
    tracked = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True).split("\0")
    parts = [PurePosixPath(name).parts for name in tracked if name]
    return {"/".join(("pruneproof", *p)) for p in parts if p[0] in rooms and "tests" not in p}


def wheel_files(folder: Path) -> set[str]:
    """Every file of a wheel built by way of an sdist (no stale build/), without its metadata."""
    build = [sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
    (wheel,) = folder.glob("*.whl")
    with ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def main() -> int:
    """Name the files that are missing or too many; 0 when there are none."""
    expected, found = expected_files(), wheel_files(Path(sys.argv[1]))
    for name in sorted(expected - found):
        print(f"missing from the wheel: {name} (is its package listed in pyproject.toml?)")
    for name in sorted(found - expected):
        print(f"in the wheel, but not tracked or a test: {name}")
    print(f"{len(found)} files in the wheel, {len(expected)} expected")
    return int(expected != found)


if __name__ == "__main__":
    sys.exit(main())
