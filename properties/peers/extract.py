"""What is kept of a run: the verdicts and the failures, without dates, times and machines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pruneproof.properties.gate.report.summary import shortened
from pruneproof.reporting.files import json_text, write_whole

REPORTS = Path(__file__).with_name("reports")

KINDS = {
    "Defect": "it does otherwise than it says or than its users can expect",
    "Documented deviation": "its authors chose and documented it",
    "Convention": "as good a choice as any, which the gate has no name for",
}
"""What a reason begins with, up to a colon, and what that means."""


def extract(report: dict[str, Any], about: str) -> dict[str, Any]:
    """What does not change when the same versions are judged again.

    Args:
        report: the content of `report.json`.
        about: what the implementation computes, in one line.
    """
    versions = report["versions"]
    # In an order of their own, whatever that of the catalogue is.
    entries = sorted(report["properties"], key=_key)
    return {
        "name": report["name"],
        "version": report["version"],
        "about": about,
        "profile": report["profile"],
        "exit_code": report["exit_code"],
        "versions": {
            "pruneproof": versions["pruneproof"],
            "torch": versions["torch"].partition("+")[0],
        },
        "conventions": report["conventions"],
        "verdicts": {_key(entry): entry["verdict"] for entry in entries},
        "failures": {_key(entry): _failure(entry) for entry in entries if "snippet" in entry},
    }


def write_extract(content: dict[str, Any], path: Path) -> None:
    """As JSON, a line for each verdict."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json_text(content, indent=1))


def read_extracts(folder: Path = REPORTS) -> dict[str, dict[str, Any]]:
    """All that a folder holds, by peer, in the order of the implementations' names."""
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in _files(folder)}
    return dict(sorted(found.items(), key=lambda each: each[1]["name"].lower()))


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.json"))


def _key(entry: dict[str, Any]) -> str:
    return f"{entry['id']}:{entry['method']}"


def _failure(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "reason": entry.get("reason", ""),
        "message": entry["message"],
        "expected": None if entry["expected"] is None else shortened(entry["expected"]),
        "got": None if entry["got"] is None else shortened(entry["got"]),
        "snippet": entry["snippet"],
    }
