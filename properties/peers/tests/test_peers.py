"""The peers: their files, and those that torch brings along, judged."""

from __future__ import annotations

import re
from importlib.metadata import version

import pytest

from pruneproof.properties.gate.catalogue import CATALOGUE
from pruneproof.properties.gate.known_failures import read_known_failures
from pruneproof.properties.peers.__main__ import FOLDER, main, peers
from pruneproof.properties.peers.extract import REPORTS, read_extracts

PINNED = re.compile(r"[A-Za-z0-9_.-]+==[A-Za-z0-9_.+]+|git\+https://\S+@[0-9a-f]{40}")


@pytest.mark.parametrize("peer", peers())
def test_a_peer_says_how_it_is_installed_and_pins_every_version(peer: str) -> None:
    first, *lines = (FOLDER / f"{peer}_peer.txt").read_text(encoding="utf-8").splitlines()
    assert first.startswith("#")
    named = [line for line in lines if line and not line.startswith("#")]
    assert [line for line in named if not PINNED.fullmatch(line)] == []


@pytest.mark.parametrize("peer", peers())
def test_a_peer_has_an_environment_and_readable_known_failures(
    peer: str, pytestconfig: pytest.Config
) -> None:
    tox = (pytestconfig.rootpath / "tox.ini").read_text(encoding="utf-8")
    assert re.search(rf"[{{,]{peer}[}},]", tox), f"add {peer} to tox.ini"
    path = FOLDER / f"{peer}_peer.toml"
    if path.exists():
        read_known_failures(path, CATALOGUE)


def test_every_report_is_of_a_peer() -> None:
    assert set(read_extracts()) <= set(peers())


@pytest.mark.parametrize("peer", ["torch_prune", "torch_ao_pruning"])
def test_what_torch_brings_along_is_judged_as_the_matrix_says(peer: str, tmp_path) -> None:
    assert main([peer, "--reports", str(tmp_path)]) == 0
    found, said = read_extracts(tmp_path)[peer], read_extracts(REPORTS)[peer]
    if said["version"] == version("torch").partition("+")[0]:
        judged = {key: found["verdicts"].get(key) for key in said["verdicts"]}
        assert judged == said["verdicts"]
        assert found["conventions"] == said["conventions"]
