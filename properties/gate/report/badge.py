"""The verdict as a badge: JSON that shields.io's endpoint draws."""

from __future__ import annotations

from typing import Any

from pruneproof.properties.gate.run import CONFORMS, Report
from pruneproof.reporting.badge import endpoint


def badge(report: Report) -> dict[str, Any]:
    """See https://shields.io/badges/endpoint-badge."""
    passed, failed = len(report.having("passed", "MUST")), len(report.having("failed", "MUST"))
    known = len(report.having("known_failure"))
    if report.exit_code == CONFORMS:
        message = f"conforms, {known} known to fail" if known else f"conforms ({passed} MUST)"
        color = "green" if known else "brightgreen"
    else:
        hidden = len(report.having("not_shown", "MUST"))
        message = f"{failed} MUST fail" if failed else "known failures out of date"
        if hidden and not failed:
            message = f"{hidden} MUST not shown"
        color = "red" if failed or hidden else "orange"
    return endpoint(message, color)
