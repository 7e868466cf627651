"""The report that programs read: `report.json`."""

from __future__ import annotations

from typing import Any

from pruneproof.properties.gate.judge import Result
from pruneproof.properties.gate.report.summary import plain
from pruneproof.properties.gate.run import Report


def record(report: Report) -> dict[str, Any]:
    """A finished run."""
    return {
        "complete": True,
        "name": report.name,
        "version": report.version,
        "target": report.target,
        "exit_code": report.exit_code,
        "profile": report.profile,
        "seed": report.seed,
        "date": report.date,
        "seconds": round(report.seconds, 3),
        "versions": report.versions,
        "conventions": {"declared": report.declared, "measured": report.measured},
        "limits": report.limits,
        "imported": list(report.imported),
        "stale_known_failures": report.stale,
        "properties": [_entry(result) for result in report.results],
    }


def _entry(result: Result) -> dict[str, Any]:
    prop = result.property
    entry: dict[str, Any] = {
        "id": prop.id,
        "method": result.method,
        "level": prop.level,
        "verdict": result.verdict,
        "sentence": prop.sentence,
        "statement": prop.source,
        "assumptions": prop.assumptions,
        "examples": result.examples,
        "asked": result.asked,
        "seconds": round(result.seconds, 3),
    }
    if result.limits:
        entry["limits"] = list(result.limits)
    if result.reason:
        entry["reason"] = result.reason
    if result.failure:
        failure = result.failure
        entry["message"] = failure["message"]
        entry["expected"], entry["got"] = plain(failure["expected"]), plain(failure["got"])
        entry["error_over_bound"] = plain(failure["ratio"])
        entry["snippet"] = failure["snippet"]
        if failure["output"]:
            entry["output"] = failure["output"]
    return entry
