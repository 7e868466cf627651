"""A verdict as a badge: JSON that shields.io's endpoint draws."""

from __future__ import annotations

from typing import Any


def endpoint(message: str, color: str) -> dict[str, Any]:
    """The content of `badge.json`."""
    return {"schemaVersion": 1, "label": "pruneproof", "message": message, "color": color}
