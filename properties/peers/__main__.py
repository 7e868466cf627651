"""Judge one peer in this environment: `python -m pruneproof.properties.peers torchao`."""

from __future__ import annotations

import argparse
import ast
import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from pruneproof.properties.gate.command import TIMEOUT, judge_and_report
from pruneproof.properties.gate.report.write import LAST
from pruneproof.properties.gate.run import BROKEN
from pruneproof.properties.peers.extract import REPORTS, extract, write_extract

FOLDER = Path(__file__).parent


def peers() -> list[str]:
    """The names of all peers."""
    return sorted(path.stem.removesuffix("_peer") for path in FOLDER.glob("*_peer.py"))


def install(peer: str) -> int:
    """Install what the peer needs, as the first line of its requirements says."""
    requirements = FOLDER / f"{peer}_peer.txt"
    first = requirements.read_text(encoding="utf-8").partition("\n")[0]
    alone = ["--no-deps"] if "--no-deps" in first else []
    pip = [sys.executable, "-I", "-m", "pip", "install", *alone, "-r", str(requirements)]
    return subprocess.run(pip, check=False).returncode


def judge(peer: str, profile: str, reports: Path, folder: Path, timeout: float) -> int:
    """Run the gate, and keep the extract of its report.

    Args:
        peer: its name.
        profile: of the gate.
        reports: folder of the extracts.
        folder: of the gate's own report.
        timeout: seconds for one call.

    Returns:
        The gate's exit code.
    """
    module = f"{__package__}.{peer}_peer"
    known = FOLDER / f"{peer}_peer.toml"
    code = judge_and_report(
        f"{module}:Adapter",
        timeout=timeout,
        profile=profile,
        known_failures=known if known.exists() else None,
        report=folder,
    )
    if code != BROKEN:
        found = json.loads((folder / LAST).read_text(encoding="utf-8"))
        # Read, not imported: its code has no business in this process.
        text = (FOLDER / f"{peer}_peer.py").read_text(encoding="utf-8")
        about = (ast.get_docstring(ast.parse(text)) or "").splitlines()[0]
        write_extract(extract(found, about), reports / f"{peer}.json")
    return code


def main(arguments: list[str] | None = None) -> int:
    """Install or judge the peer that is named."""
    parser = argparse.ArgumentParser(prog="python -m pruneproof.properties.peers")
    # An environment of tox may have the name of its peer.
    parser.add_argument("peer", type=lambda name: name.removeprefix("peer-"), choices=peers())
    parser.add_argument("--install", action="store_true", help="install what it needs, no more")
    parser.add_argument("--profile", default="standard", help="of the gate")
    parser.add_argument("--reports", type=Path, default=REPORTS, help="where the extract goes")
    parser.add_argument("--report", type=Path, help="where the whole report goes, if anywhere")
    parser.add_argument("--timeout", type=float, default=TIMEOUT, help="seconds for one call")
    given = parser.parse_args(arguments)
    if given.install:
        return install(given.peer)
    with TemporaryDirectory() as temporary:
        folder = given.report or Path(temporary)
        return judge(given.peer, given.profile, given.reports, folder, given.timeout)


if __name__ == "__main__":
    sys.exit(main())
