"""The matrix: current, complete, fair to every verdict, and hostile to nothing that is said."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pruneproof.properties.gate.catalogue import CATALOGUE
from pruneproof.properties.peers.conformance import Peer, kind_of, peers, verdict_text
from pruneproof.properties.peers.extract import KINDS, extract, read_extracts, write_extract
from pruneproof.properties.peers.matrix import html, page

HOSTILE = '<script>alert("1")</script> | `x` ]] ```'


def peer(verdict: str = "passed", reason: str = "", **verdicts: str) -> Peer:
    """One implementation, with a verdict on score.value:wanda and others by a property's name."""
    found = {"score.value:wanda": verdict}
    found |= {f"mask.{name}:wanda": each for name, each in verdicts.items()}
    failure = {
        "reason": reason,
        "message": HOSTILE,
        "expected": None,
        "got": None,
        "snippet": f"assert False, {HOSTILE!r}\n",
    }
    failing = [key for key, each in found.items() if each in ("failed", "known_failure")]
    content: dict[str, Any] = {
        "name": HOSTILE,
        "version": "1.0",
        "about": HOSTILE,
        "profile": "quick",
        "exit_code": 0,
        "versions": {"torch": "2.13.0"},
        "conventions": {"declared": {"count": "floor"}, "measured": {"group": "layer"}},
        "verdicts": found,
        "failures": dict.fromkeys(failing, failure),
    }
    return Peer("small", content)


@pytest.mark.parametrize(
    ("name", "written"), [("conformance.md", page), ("conformance.html", html)]
)
def test_the_pages_are_current(name: str, written: Any, pytestconfig: pytest.Config) -> None:
    assert (pytestconfig.rootpath / "docs" / name).read_text(encoding="utf-8") == written(), (
        "run python -m pruneproof.properties.peers.matrix"
    )


def test_every_link_within_a_page_leads_somewhere() -> None:
    for text, to in ((page(), r"\]\(#([^)]+)\)"), (html(), r'href="#([^"]+)"')):
        assert set(re.findall(to, text)) <= set(re.findall(r'id="([^"]+)"', text))


@pytest.mark.parametrize(
    ("found", "state", "text"),
    [
        (peer(), "holds", "conforms: all 1 hold"),
        (peer("failed"), "defect", "0 of 1 hold; 1 unexplained failure"),
        (peer("known_failure", "Defect: squares"), "defect", "0 of 1 hold; 1 defect"),
        (
            peer("known_failure", "Documented deviation: squares", count="passed"),
            "deviation",
            "1 of 2 hold; 1 documented deviation",
        ),
        (peer(sparsity_range="failed"), "holds", "conforms: all 1 hold"),
        (peer("unsupported"), "new", "conforms: all 0 hold"),
    ],
)
def test_an_implementation_is_as_good_as_its_verdicts(found: Peer, state: str, text: str) -> None:
    assert (found.overall().state, verdict_text(found)) == (state, text)


def test_what_is_only_recommended_is_shown_and_decides_nothing() -> None:
    found = peer(sparsity_range="failed")
    prop = CATALOGUE["mask.sparsity_range"]
    cell = found.cell([(prop, "wanda")])
    assert (cell.state, cell.anchor) == ("should", "small-mask.sparsity_range")
    assert [each.state for each in found.findings()] == ["should"]


def test_a_property_that_is_newer_than_the_report_is_not_said_to_hold() -> None:
    assert peer().state(CATALOGUE["mask.count"], "wanda") == "new"


def test_one_reason_is_one_finding() -> None:
    found = peer("known_failure", "Defect: squares", count="known_failure", ties="known_failure")
    (finding,) = found.findings()
    assert list(finding.failures) == ["score.value", "mask.count", "mask.ties"]


def test_the_pages_obey_nothing_that_an_adapter_says() -> None:
    found = [peer("known_failure", f"Defect: {HOSTILE}")]
    assert "<script>alert" not in html(found)
    outside_of_code = re.sub(r"(?s)^````python$.*?^````$", "", page(found), flags=re.M)
    assert "<script" not in outside_of_code


def test_an_extract_holds_neither_dates_nor_times(tmp_path) -> None:
    entry = {
        "id": "score.value",
        "method": "wanda",
        "verdict": "failed",
        "message": "wrong",
        "expected": [1.0],
        "got": None,
        "snippet": "assert False\n",
        "seconds": 1.25,
    }
    report = {
        "name": "small",
        "version": "1.0",
        "profile": "quick",
        "exit_code": 1,
        "date": "2026-01-01",
        "seconds": 1.5,
        "versions": {"pruneproof": "0.1", "torch": "2.13.0+cpu", "platform": "Linux"},
        "conventions": {"declared": {}, "measured": {}},
        "properties": [entry],
    }
    write_extract(extract(report, "about"), tmp_path / "small.json")
    text = (tmp_path / "small.json").read_text(encoding="utf-8")
    assert not any(word in text for word in ("2026", "seconds", "1.5", "1.25", "Linux", "+cpu"))
    assert read_extracts(tmp_path)["small"]["verdicts"] == {"score.value:wanda": "failed"}


def test_every_failure_on_a_must_has_a_reason_of_a_kind() -> None:
    for each in peers():
        assert each.content["exit_code"] == 0, each.slug
        for key, failure in each.content["failures"].items():
            if failure["reason"]:
                assert kind_of(failure["reason"])[0] in KINDS, f"{each.slug}: {key}"
