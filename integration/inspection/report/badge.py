"""The answer as a badge: JSON that shields.io's endpoint draws."""

from __future__ import annotations

from typing import Any

from pruneproof.integration.inspection.report.summary import Record, percent
from pruneproof.reporting.badge import endpoint


def badge(record: Record) -> dict[str, Any]:
    """See https://shields.io/badges/endpoint-badge."""
    model, verdicts = record["model"], [each["verdict"] for each in record["claims"]]
    what = model["n_m"] or (percent(model["pruned_sparsity"]) + " sparse")
    if not model["pruned"]:
        what = "not decided" if model["not_decided"] else "not pruned"
    if "contradicted" in verdicts:
        message, color = "not what is claimed", "red"
    elif "not_decided" in verdicts:
        message, color = f"{what}, not all decided", "yellow"
    else:
        message, color = what, "brightgreen" if verdicts else "blue"
    return endpoint(message, color)
